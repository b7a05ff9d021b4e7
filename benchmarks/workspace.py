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
from talktiers.entrypoints.manager import HierarchicalMemoryManager, SettingsSource
from talktiers.entrypoints.settings import ProjectorSettings, SqliteSettings

USERS = 100
_SAMPLE_S = 1.0
_TELL_S = 30.0
"""So often the progress is told even where nobody sits in front of it."""


@attrs.frozen(kw_only=True)
class Filling:
    """What an import brought into a memory.

    Attributes:
        samples: (seconds since the begin, conversations stored, conversations in every tier), rising.
        asked_about: some of its exchanges, to ask about.
    """

    conversations: int
    duration_s: float
    stored_s: float
    samples: Sequence[tuple[float, int, int]]
    asked_about: Sequence[Exchange]


@attrs.frozen(kw_only=True)
class Filled(Filling):
    """A file that an import has filled."""

    path: Path


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
        """A memory, filled through the public import until everything is in every tier; a new one, or one of that name."""
        path = self.folder / f"{name}.db"
        filling = await fill(settings_for(path), talk, conversations, name=name, folder=self.folder)
        return Filled(path=path, **attrs.asdict(filling, recurse=False))


async def fill(settings: SettingsSource, talk: Talk, conversations: int, *, name: str, folder: Path) -> Filling:
    """Imports so many made-up conversations and waits until they are in every tier.

    Args:
        name: of the memory, for what is told meanwhile.
        folder: for the file that is imported.
    """
    lines = folder / f"{name}.jsonl"
    say(f"making up {conversations:,} conversations")
    asked_about = await asyncio.to_thread(write_lines, lines, talk, conversations)
    stored, projected = 0, 0
    samples: list[tuple[float, int, int]] = [(0.0, 0, 0)]
    began = time.perf_counter()
    told = began

    def note(backlog: Sequence[Backlog]) -> None:
        nonlocal projected, told
        projected = max(projected, stored - max(item.waiting for item in backlog))
        now = time.perf_counter()
        samples.append((now - began, stored, projected))
        lacking = ", ".join(f"{item.waiting:,} not in {item.projection.value}" for item in backlog if item.waiting)
        passing = now - told < _TELL_S
        say(f"{name}: {stored:,} stored; {lacking or 'all of them in every tier'}", passing=passing)
        if not passing:
            told = now

    async with open_memory(settings) as memory:
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
    return Filling(
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
