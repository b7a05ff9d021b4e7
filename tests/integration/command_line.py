"""Running the command line as a user does: typed arguments, a process of its own, what comes back.

Most tests need not pay for the start of an interpreter: for them a process that has imported the command line forks
for each command. Run as a script this module is that process.
"""

import atexit
import contextlib
import functools
import json
import os
import pty
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

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


def type_in(folder: Path, *arguments: str, answer: str = "", new: bool = False) -> Typed:
    """Types ``talktiers …`` in a folder.

    Args:
        answer: what is typed, or piped, into it.
        new: in a new interpreter instead of a forked one.
    """
    if new:
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=folder,
            input=answer.encode(),
            capture_output=True,
            timeout=TIMEOUT_S,
            env=environment(),
            check=False,
        )
        return Typed(done.returncode, done.stdout.decode(), done.stderr.decode())
    with tempfile.TemporaryDirectory() as streams:
        files = [Path(streams, name) for name in ("in", "out", "err")]
        files[0].write_text(answer, encoding="utf-8")
        request = {"folder": str(folder), "arguments": arguments, "files": [str(file) for file in files]}
        server = _server()
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        return Typed(code, *(file.read_bytes().decode() for file in files[1:]))


def on_terminal(folder: Path, *arguments: str, columns: int = 80) -> str:
    """What ``talktiers …`` writes to a terminal of that width, both streams in one, without styles."""
    terminal, end = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=end,
        stderr=end,
        env=environment(COLUMNS=str(columns), TERM="xterm"),
    ) as running:
        os.close(end)
        written = bytearray()
        with contextlib.suppress(OSError):  # EIO: nobody has the other end open any more
            while chunk := os.read(terminal, 65536):
                written += chunk
        os.close(terminal)
        running.wait(timeout=TIMEOUT_S)
    return re.sub("\x1b\\[[0-9;]*m", "", written.decode()).replace("\r\n", "\n")


def line(user_message: str, bot_response: str = "I see.", *, user_id: str = "ada", **further: Any) -> str:
    """One line of JSON Lines."""
    return json.dumps({"user_id": user_id, "user_message": user_message, "bot_response": bot_response, **further})


def write_lines(path: Path, *lines: str) -> Path:
    """A file of lines."""
    path.write_text("".join(f"{item}\n" for item in lines), encoding="utf-8")
    return path


@functools.cache
def _server() -> "subprocess.Popen[str]":
    # One thread: nothing else may run in a process that forks.
    server = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tempfile.gettempdir(),
        env=environment(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1"),
    )
    atexit.register(server.communicate)
    return server


def _serve() -> None:
    """Answers each request, one line of JSON, with an exit code; ends with its input."""
    import talktiers.entrypoints.cli
    import talktiers.entrypoints.wiring.opening  # what every command opens

    while request := sys.stdin.readline():
        child = os.fork()
        if child == 0:
            _run(json.loads(request), talktiers.entrypoints.cli.main)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _run(request: Mapping[str, Any], main: Any) -> NoReturn:
    """Becomes the command."""
    import signal
    import traceback

    signal.alarm(TIMEOUT_S)
    os.chdir(request["folder"])
    modes = (os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT)
    for number, (file, mode) in enumerate(zip(request["files"], modes, strict=True)):
        os.dup2(os.open(file, mode, 0o600), number)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode) for number, mode in enumerate("rww"))
    sys.argv = [str(Path(sys.executable).with_name("__main__.py"))]
    code = 1
    try:
        code = main(request["arguments"])
    except BaseException:  # noqa: BLE001  # a forked process must not return into the server
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
