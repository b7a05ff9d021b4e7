"""What the benchmarks work on: files in one temporary folder, the large one filled once for all of them."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import attrs

from talktiers import Settings, open_memory
from talktiers.adapters.sources.jsonl import JsonLines
from talktiers.application.import_conversations import ImportReport
from talktiers.benchmarks.conversations import Exchange, Talk, write_lines
from talktiers.domain.projection import Backlog
from talktiers.entrypoints.manager import HierarchicalMemoryManager
from talktiers.entrypoints.settings import ProjectorSettings, SqliteSettings

USERS = 100
_SAMPLE_S = 1.0


@attrs.frozen(kw_only=True)
class Filled:
    """A memory that an import has filled.

    Attributes:
        samples: (seconds since the begin, conversations stored, conversations in every tier), rising.
        asked_about: some of its exchanges, to ask about.
    """

    path: Path
    conversations: int
    duration_s: float
    stored_s: float
    samples: Sequence[tuple[float, int, int]]
    asked_about: Sequence[Exchange]


class Workspace:
    """A temporary folder and what has been made in it.

    Args:
        conversations: size of the large memory.
    """

    def __init__(self, folder: Path, *, conversations: int) -> None:
        self.folder = folder
        self.conversations = conversations
        self._filled: Filled | None = None

    async def filled(self) -> Filled:
        """The large memory: that many conversations of a hundred users. Not to be written to: see `copied`."""
        if self._filled is None:
            self._filled = await self.fill("large", Talk(users=USERS), self.conversations)
        return self._filled

    async def copied(self, name: str) -> Path:
        """A copy of the large memory, to be changed at will."""
        filled = await self.filled()
        path = self.folder / f"{name}.db"
        await asyncio.to_thread(shutil.copyfile, filled.path, path)
        return path

    async def fill(self, name: str, talk: Talk, conversations: int) -> Filled:
        """A new memory, filled through the public import until everything is in every tier."""
        lines, path = self.folder / f"{name}.jsonl", self.folder / f"{name}.db"
        say(f"making up {conversations:,} conversations")
        asked_about = await asyncio.to_thread(write_lines, lines, talk, conversations)
        stored, projected = 0, 0
        samples: list[tuple[float, int, int]] = [(0.0, 0, 0)]
        began = time.perf_counter()

        def note(backlog: Sequence[Backlog]) -> None:
            nonlocal projected
            projected = max(projected, stored - max(item.waiting for item in backlog))
            samples.append((time.perf_counter() - began, stored, projected))
            say(f"{name}: {stored:,} stored, {projected:,} in every tier", passing=True)

        async with open_memory(settings_for(path)) as memory:
            sampling = asyncio.create_task(_sample(memory, note))

            def count(report: ImportReport) -> None:
                nonlocal stored
                stored = report.stored

            await memory.import_conversations(JsonLines(path=str(lines)), on_progress=count)
            stored_s = time.perf_counter() - began
            await memory.settle()
            duration_s = time.perf_counter() - began
            sampling.cancel()
            await asyncio.wait([sampling])
        samples.append((duration_s, conversations, conversations))
        lines.unlink()
        say(f"{name}: {conversations:,} in every tier after {duration_s:.0f} s")
        return Filled(
            path=path,
            conversations=conversations,
            duration_s=duration_s,
            stored_s=stored_s,
            samples=samples,
            asked_about=asked_about,
        )


async def _sample(memory: HierarchicalMemoryManager, note: Callable[[Sequence[Backlog]], None]) -> None:
    while True:
        await asyncio.sleep(_SAMPLE_S)
        note((await memory.health()).backlog)


def settings_for(path: Path, *, synchronous: Literal["FULL", "NORMAL"] = "FULL", projecting: bool = True) -> Settings:
    """The default settings with another file."""
    return Settings(
        sqlite=SqliteSettings(path=str(path), synchronous=synchronous),
        projector=ProjectorSettings(in_process=projecting),
    )


def say(text: str, *, passing: bool = False) -> None:
    """Tells people how far it is, on standard error; a passing line only where somebody sits in front of it."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}" if passing else f"\r\033[K{text}\n")
        sys.stderr.flush()
    elif not passing:
        sys.stderr.write(f"{text}\n")
