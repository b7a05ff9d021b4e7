"""An acknowledged conversation is on the disk: the system's own calls are counted."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from traced_process import CALLERS, EACH, MARK, SEQUENTIAL

CALL = re.compile(r"^(?P<thread>\d+) +(?:(?P<begun>\w+)\(|<\.\.\. (?P<resumed>\w+) resumed>)")
MARKED = re.compile(rf'"{MARK}([^.]+)\."')
SYNCED = re.compile(r"\) += 0$")


def traced(path: Path, *, synchronous: str) -> list[str]:
    """What happened, in order: marks, and ``sync`` for each sync of a file of the database that is done."""
    if shutil.which("strace") is None:
        without_strace("strace is not installed (apt-get install strace)")
    trace = path.with_name("trace")
    script = Path(__file__).with_name("traced_process.py")
    command = ["strace", "-f", "-y", "-e", "trace=fsync,fdatasync,write", "-o", str(trace)]
    done = subprocess.run(
        [*command, sys.executable, str(script), str(path), synchronous],
        cwd=path.parent, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if "Operation not permitted" in done.stderr and "ptrace" in done.stderr:
        without_strace("processes cannot be traced here")
    assert done.returncode == 0, done.stderr
    return events(trace.read_text(errors="replace").splitlines(), name=path.name)


def without_strace(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}: in CI the syncs are counted")
    pytest.skip(reason)


def events(lines: Sequence[str], *, name: str) -> list[str]:
    """Lines of the trace as marks and syncs; a sync counts where it ends."""
    found: list[str] = []
    syncing: set[str] = set()
    for line in lines:
        call = CALL.match(line)
        if call is None:
            continue
        if call["begun"] == "write" and (marked := MARKED.search(line)):
            found.append(marked[1])
        elif call["begun"] in ("fsync", "fdatasync") and f"/{name}" in line:
            if SYNCED.search(line):
                found.append("sync")
            elif "<unfinished" in line:
                syncing.add(call["thread"])
        elif call["resumed"] in ("fsync", "fdatasync") and call["thread"] in syncing and SYNCED.search(line):
            syncing.discard(call["thread"])
            found.append("sync")
    return found


def between(happened: Sequence[str], begin: str, end: str) -> list[str]:
    return list(happened[happened.index(begin) + 1 : happened.index(end)])


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return traced(tmp_path_factory.mktemp("full") / "memory.db", synchronous="FULL")


@pytest.fixture(scope="module")
def normal(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return traced(tmp_path_factory.mktemp("normal") / "memory.db", synchronous="NORMAL")


def test_each_store_is_synced_before_it_is_acknowledged(full: list[str]) -> None:
    for number in range(SEQUENTIAL):
        assert "sync" in between(full, f"store {number}", f"acknowledged {number}")


def test_callers_at_the_same_time_share_a_sync(full: list[str]) -> None:
    syncs = between(full, "together", "all acknowledged")
    assert EACH <= len(syncs) <= CALLERS * EACH / 2


def test_normal_promises_to_survive_a_crash_of_the_process_only_and_waits_for_no_sync(normal: list[str]) -> None:
    stores = [between(normal, f"store {number}", f"acknowledged {number}") for number in range(SEQUENTIAL)]
    assert sum(bool(syncs) for syncs in stores) <= 1  # a checkpoint of the log may fall into one of them
