"""Measures what the memory promises about speed and size, in one run beside the raw calls of SQLite.

``python benchmarks/run.py [--only store,context] [--conversations 100000] [--json FILE]``. Tables go to standard
output, progress to standard error; everything is done in a temporary folder. The figures are of this machine at this
moment: the ratios are what counts.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import sys
import tempfile
import time
from pathlib import Path

from talktiers.benchmarks.report import Report, machine
from talktiers.benchmarks.workspace import Workspace, say

SUBJECTS = ("start", "store", "bulk", "migration", "context", "one_user", "concurrency", "resident", "storage")
"""Each is a module here with a function ``measure``; in the order in which they run."""


def main() -> int:
    arguments = _arguments()
    description = machine()
    print("  ".join(f"{name} {value}" for name, value in description.items()))
    began = time.perf_counter()
    reports: dict[str, Report] = {}
    with tempfile.TemporaryDirectory(prefix="talktiers-bench-", dir=arguments.folder) as folder:
        workspace = Workspace(Path(folder), conversations=arguments.conversations)
        for subject in arguments.only:
            say(f"{subject} …")
            module = importlib.import_module(f"talktiers.benchmarks.{subject}")
            reports[subject] = asyncio.run(module.measure(workspace))
            print(f"\n=== {subject} ===\n\n{reports[subject].text()}", flush=True)
    print(f"\n{time.perf_counter() - began:.0f} s in all")
    if arguments.json is not None:
        figures = {subject: report.to_json() for subject, report in reports.items()}
        value = {"machine": description, "conversations": arguments.conversations, "figures": figures}
        arguments.json.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--only", type=_subjects, default=SUBJECTS, metavar="A,B", help=f"some of {', '.join(SUBJECTS)}"
    )
    parser.add_argument(
        "--conversations", type=int, default=100_000, metavar="N", help="size of the large memory (100000)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where the temporary folder is made")
    return parser.parse_args()


def _subjects(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := sorted(set(names) - set(SUBJECTS)):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; there are {', '.join(SUBJECTS)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
