"""The jobs of an in-memory archive."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ...domain.conversation import ConversationKey
from ...domain.projection import Backlog, DeadLetter, JobKind, OutboxJob, Projection
from ...ports.conversation_archive import User
from ...ports.outbox import Outbox
from .store import InMemoryStore, QueuedJob


class InMemoryOutbox(Outbox):
    """Jobs under a lease, in the store that the archive writes.

    Args:
        store: shared with the archive.
    """

    def __init__(self, *, store: InMemoryStore) -> None:
        self._store = store

    async def claim(
        self,
        *,
        projection: Projection,
        limit: int,
        lease_s: float,
        worker_id: str,  # noqa: ARG002  nobody looks into the leases of one process
    ) -> list[OutboxJob]:
        """Takes up to ``limit`` jobs that are due, oldest first, and leases them."""
        now = self._store.monotonic()
        due = [
            queued
            for queued in self._store.jobs.values()
            if queued.job.projection is projection and queued.due_at <= now
        ][:limit]
        for queued in due:
            queued.job = attrs.evolve(queued.job, attempts=queued.job.attempts + 1)
            queued.due_at = now + lease_s
        return [queued.job for queued in due]

    async def complete(self, *, jobs: Sequence[OutboxJob]) -> None:
        """Removes done jobs; those that are gone already are passed over."""
        for job in jobs:
            self._store.jobs.pop(job.job_id, None)

    async def retry(self, *, jobs: Sequence[OutboxJob], delay_s: float) -> None:
        """Gives jobs back, due after a delay; those that are gone already are passed over."""
        due_at = self._store.monotonic() + delay_s
        for job in jobs:
            if (queued := self._store.jobs.get(job.job_id)) is not None:
                queued.due_at = due_at

    async def bury(self, *, jobs: Sequence[OutboxJob], error: str) -> None:
        """Moves jobs to the dead letters; those that are gone already stay gone."""
        for job in jobs:
            if (queued := self._store.jobs.pop(job.job_id, None)) is not None:
                self._store.dead_letters[job.job_id] = DeadLetter(
                    job=queued.job, error=error, buried_at=self._store.now()
                )

    async def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """The dead letters, oldest first."""
        return list(self._store.dead_letters.values())[:limit]

    async def revive(self, *, projection: Projection | None = None) -> int:
        """Makes dead letters due again, with no attempts counted; how many."""
        revived = [dead.job for dead in self._store.dead_letters.values() if projection in (None, dead.job.projection)]
        now = self._store.monotonic()
        for job in revived:
            del self._store.dead_letters[job.job_id]
            self._store.jobs[job.job_id] = QueuedJob(job=attrs.evolve(job, attempts=0), queued_at=now, due_at=now)
        return len(revived)

    async def enqueue(self, *, projection: Projection, keys: Sequence[ConversationKey]) -> None:
        """Writes jobs for stored conversations where none waits unclaimed, in the place of dead letters."""
        waiting = {
            queued.job.conversation_id
            for queued in self._store.jobs.values()
            if queued.job.projection is projection and queued.job.kind is JobKind.PROJECT and queued.job.attempts == 0
        }
        for key in dict.fromkeys(keys):
            stored = self._store.conversations.get(key.conversation_id)
            if stored is None or stored.key != key:
                continue
            self._store.drop_dead_letter(projection=projection, conversation_id=key.conversation_id)
            if key.conversation_id in waiting:
                continue
            self._store.queue(
                kind=JobKind.PROJECT,
                user=User(tenant_id=key.tenant_id, user_id=key.user_id),
                conversation_id=key.conversation_id,
                projections=[projection],
            )

    async def pending(
        self, *, tenant_id: str, user_id: str, projections: Sequence[Projection], limit: int
    ) -> dict[str, frozenset[Projection]]:
        """The user's conversations, latest stored first, that have not reached all of these projections."""
        undone = [queued.job for queued in self._store.jobs.values()]
        undone += [dead.job for dead in self._store.dead_letters.values()]
        lacking: dict[str, frozenset[Projection]] = {}
        for job in undone:
            if job.kind is JobKind.PROJECT and job.conversation_id is not None and job.projection in projections:
                lacking[job.conversation_id] = lacking.get(job.conversation_id, frozenset()) | {job.projection}
        stored = list(self._store.of_user(User(tenant_id=tenant_id, user_id=user_id)))
        latest = [item.conversation_id for item in reversed(stored) if item.conversation_id in lacking]
        return {conversation_id: lacking[conversation_id] for conversation_id in latest[:limit]}

    async def backlog(self) -> list[Backlog]:
        """How far each projection is behind, in the order of `Projection`."""
        now = self._store.monotonic()
        figures: list[Backlog] = []
        for projection in Projection:
            queued_at = [
                queued.queued_at for queued in self._store.jobs.values() if queued.job.projection is projection
            ]
            figures.append(
                Backlog(
                    projection=projection,
                    waiting=len(queued_at),
                    oldest_age_s=now - min(queued_at) if queued_at else 0.0,
                    dead_letters=sum(dead.job.projection is projection for dead in self._store.dead_letters.values()),
                )
            )
        return figures
