"""Memory that a process takes which has given contexts to every user of the large memory."""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
from pathlib import Path

from talktiers import open_memory
from talktiers.benchmarks.report import Figure, Report, Table, number
from talktiers.benchmarks.workspace import USERS, Workspace, say, settings_for

_A_USER = 3
_QUESTIONS = ("what did I say about the garden?", "when was the rehearsal with my sister?", "which train did we take?")


async def measure(workspace: Workspace) -> Report:
    """In a process of its own."""
    path = await workspace.copied("resident")
    say("resident: asking for every user")
    command = [sys.executable, "-P", "-m", "talktiers.benchmarks.resident", str(path)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return Report(
        tables=[
            Table(
                title=f"memory of a process after {_A_USER * USERS} contexts over {USERS} users",
                header=("", "MB"),
                rows=[[name, number(megabytes)] for name, megabytes in figures.items()],
            )
        ],
        figures=[
            Figure(name="resident now", value=figures["now"], unit="MB", bar="<= 400"),
            Figure(name="resident at most", value=figures["at most"], unit="MB", bar="<= 400"),
        ],
    )


async def _child(path: Path) -> dict[str, float]:
    figures = {"imported": _resident_mb()}
    async with open_memory(settings_for(path)) as memory:
        figures["opened"] = _resident_mb()
        for question in _QUESTIONS[:_A_USER]:
            for user in range(USERS):
                await memory.get_conversation_context(f"user-{user:03d}", question)
        figures["now"] = _resident_mb()
    figures["at most"] = _peak_mb()
    return figures


def _resident_mb() -> float:
    return _status("VmRSS") or _peak_mb()


def _peak_mb() -> float:
    # What getrusage tells of a process that was just started includes its parent, where both stand side by side.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return _status("VmHWM") or peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _status(name: str) -> float | None:
    """A figure of Linux about this process, in MB; ``None`` elsewhere."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    lines = (line.split() for line in status.read_text(encoding="ascii").splitlines())
    return next((int(line[1]) / 1024 for line in lines if line[0] == f"{name}:"), None)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_child(Path(sys.argv[1])))))
