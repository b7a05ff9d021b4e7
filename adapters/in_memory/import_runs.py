"""Import runs over plain dictionaries."""

from __future__ import annotations

from collections.abc import Sequence

from ...domain.conversation import ConversationKey
from ...domain.import_runs import ImportRun
from ...ports.import_runs import ImportRuns
from .store import InMemoryStore


class InMemoryImportRuns(ImportRuns):
    """The runs of this process.

    Args:
        store: shared with the archive.
    """

    def __init__(self, *, store: InMemoryStore) -> None:
        self._store = store
        self._runs: dict[str, ImportRun] = {}
        self._run_of: dict[str, str] = {}

    async def save(self, *, run: ImportRun) -> None:
        """Stores a run, or what became of it."""
        self._runs[run.run_id] = run

    async def get(self, *, run_id: str) -> ImportRun | None:
        """The run of that id."""
        return self._runs.get(run_id)

    async def latest(self, *, limit: int) -> list[ImportRun]:
        """The runs that were started last, newest first."""
        return sorted(self._runs.values(), key=lambda run: (run.started_at, run.run_id), reverse=True)[:limit]

    async def claim(self, *, run_id: str, keys: Sequence[ConversationKey]) -> None:
        """Notes that a run is about to store these."""
        self._run_of.update({key.conversation_id: run_id for key in keys})

    async def claimed(self, *, run_id: str, keys: Sequence[ConversationKey]) -> frozenset[str]:
        """The ids of those conversations that this run has noted."""
        return frozenset(key.conversation_id for key in keys if self._run_of.get(key.conversation_id) == run_id)

    async def brought(self, *, run_id: str, after: str | None = None, limit: int) -> list[ConversationKey]:
        """Conversations that the run noted and that are stored now, by rising id."""
        noted = sorted(item for item, owner in self._run_of.items() if owner == run_id and item > (after or ""))
        stored = self._store.conversations
        return [stored[item].key for item in noted if item in stored][:limit]

    async def release(self, *, run_id: str) -> None:
        """Removes the notes of a run."""
        self._run_of = {item: owner for item, owner in self._run_of.items() if owner != run_id}
