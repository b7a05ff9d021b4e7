"""Running the command line as a user does: a new process, typed arguments, what comes back."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

TIMEOUT_S = 60
COMMAND = (sys.executable, "-m", "talktiers")


class Typed(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which has to be one JSON document."""
        return json.loads(self.out)


def environment(**variables: str) -> dict[str, str]:
    """The process's own, without settings of this project."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TALKTIERS_")}
    return {**kept, "PYTHONUTF8": "1", "PYTHONHASHSEED": "random", **variables}


def type_in(folder: Path, *arguments: str, answer: str = "", variables: Mapping[str, str] | None = None) -> Typed:
    """Types ``talktiers …`` in a folder.

    Args:
        answer: what is typed, or piped, into it.
    """
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        input=answer.encode(),
        capture_output=True,
        timeout=TIMEOUT_S,
        env=environment(**(variables or {})),
        check=False,
    )
    return Typed(done.returncode, done.stdout.decode(), done.stderr.decode())


def line(user_message: str, bot_response: str = "I see.", *, user_id: str = "ada", **further: Any) -> str:
    """One line of JSON Lines."""
    return json.dumps({"user_id": user_id, "user_message": user_message, "bot_response": bot_response, **further})


def write_lines(path: Path, *lines: str) -> Path:
    """A file of lines."""
    path.write_text("".join(f"{item}\n" for item in lines), encoding="utf-8")
    return path
