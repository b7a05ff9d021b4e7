"""What was imported: kept where the conversations are, so that it is as durable as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..domain.conversation import ConversationKey
from ..domain.import_runs import ImportRun


class ImportRuns(Protocol):
    """Runs, and which conversations each of them brought. It holds ids and counts, and no text of a user."""

    async def save(self, *, run: ImportRun) -> None:
        """Stores a run, or what became of it, durably."""
        ...

    async def get(self, *, run_id: str) -> ImportRun | None:
        """The run of that id."""
        ...

    async def latest(self, *, limit: int) -> list[ImportRun]:
        """The runs that were started last, newest first."""
        ...

    async def claim(self, *, run_id: str, keys: Sequence[ConversationKey]) -> None:
        """Notes durably that a saved run is about to store these, before it does; none of them is stored yet.

        Another run's note of the same id goes: it did not store that one.
        """
        ...

    async def claimed(self, *, run_id: str, keys: Sequence[ConversationKey]) -> frozenset[str]:
        """The ids of those conversations that this run has noted."""
        ...

    async def brought(self, *, run_id: str, after: str | None = None, limit: int) -> list[ConversationKey]:
        """Conversations that the run noted and that are stored now, by rising id, one page after the id ``after``."""
        ...

    async def release(self, *, run_id: str) -> None:
        """Removes the notes of a run, which is kept itself."""
        ...
