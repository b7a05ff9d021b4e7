"""Starts and stops the servers that the tests run on: `python tests/servers/run.py --help`."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # where the package `servers` is found

from servers.command_line import main  # noqa: E402

sys.exit(main())
