"""Processes that outlive the script that started them, and are known again by the next one."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

LOG_TAIL_LINES = 15
POLL_S = 0.05
_HAS_PROC = Path("/proc/self/stat").exists()

# Started by an interpreter that ends at once: the server is nobody's child, so nobody has to wait for it.
_DETACH = """
import subprocess, sys
with open(sys.argv[1], "ab") as log:
    print(subprocess.Popen(
        sys.argv[2:], cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
    ).pid)
"""


class ServerFailed(Exception):
    """A server could not be started or stopped; the message says which and shows the end of its log."""


class Unavailable(Exception):
    """This machine lacks what a server needs; the message says what, and what brings it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Process:
    """One process, for good: the start time tells it from a later one with the same number."""

    pid: int
    started: str

    def alive(self) -> bool:
        return _start_time(self.pid) == self.started

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, to this process only: one that has ended is left alone, whoever has its number now."""
        if self.alive():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def ended_within(self, seconds: float) -> bool:
        return wait_until(lambda: not self.alive(), seconds)

    def children(self) -> list[Process]:
        """The processes that it has started itself and that are still there."""
        return [child for pid, parent in _parents() if parent == self.pid and (child := known(pid))]


def known(pid: int) -> Process | None:
    """The process that has this number now."""
    started = _start_time(pid)
    return Process(pid=pid, started=started) if started else None


def detach(command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None) -> Process:
    """Start a command that lives on when this script and its terminal have ended.

    Args:
        command: The program and its arguments; no secret belongs here, every user of the machine sees them.
        log: Where its output is appended.
        environment: Variables to set besides those of this process.

    Raises:
        ServerFailed: It could not be started, or ended at once.
    """
    log.touch(mode=0o600)
    launched = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _DETACH, str(log), *command],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if launched.returncode:
        raise ServerFailed(f"{command[0]} cannot be run: {launched.stderr.strip().splitlines()[-1]}")
    process = known(int(launched.stdout))
    if process is None:
        raise ServerFailed(f"{command[0]} ended at once{log_tail(log)}")
    return process


def wait_until(true: Callable[[], bool], seconds: float) -> bool:
    """Ask again and again; False when it has not become true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def exchange(port: int, request: bytes, *, answer_bytes: int = 256) -> bytes:
    """What a server on the loopback answers to a request; nothing where nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(request)
            return connection.recv(answer_bytes)
    except OSError:
        return b""


def log_tail(log: Path) -> str:
    """The last lines of a log, to be added to a message."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    shown = [f"  | {line}" for line in lines[-LOG_TAIL_LINES:]] or ["  | (empty)"]
    return "\n".join([f"; the end of {log}:", *shown])


def _start_time(pid: int) -> str:
    """When a process was started, in whatever unit; empty when there is none, or only its remains."""
    if _HAS_PROC:
        fields = _stat(pid)
        return fields[19] if fields and fields[0] not in {"Z", "X"} else ""
    state, _, started = _ps("-o", "stat=,lstart=", "-p", str(pid)).strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()


def _parents() -> Iterator[tuple[int, int]]:
    """Every process and its parent."""
    if _HAS_PROC:
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        yield from ((pid, int(fields[1])) for pid in pids if (fields := _stat(pid)))
    else:
        for line in _ps("-A", "-o", "pid=,ppid=").splitlines():
            pid, parent = line.split()
            yield int(pid), int(parent)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on: the state, the parent and, as the twentieth of these, the start."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _ps(*arguments: str) -> str:
    """For macOS and the BSDs."""
    return subprocess.run(["ps", *arguments], capture_output=True, text=True, check=False).stdout
