"""The jobs that carry stored conversations into the tiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..domain.conversation import ConversationKey
from ..domain.projection import Backlog, DeadLetter, OutboxJob, Projection


class Outbox(Protocol):
    """Jobs written in the archive's own commits, claimed by workers under a lease.

    A job is handed to one worker at a time; one whose lease ran out is handed out again. Jobs are delivered at least
    once and in no promised order, the oldest first as a rule.
    """

    async def claim(self, *, projection: Projection, limit: int, lease_s: float, worker_id: str) -> list[OutboxJob]:
        """Takes up to ``limit`` jobs that are due and not leased, and leases them. Time is the store's own."""
        ...

    async def complete(self, *, jobs: Sequence[OutboxJob]) -> None:
        """Removes done jobs. Idempotent."""
        ...

    async def retry(self, *, jobs: Sequence[OutboxJob], delay_s: float) -> None:
        """Gives jobs back, due after a delay."""
        ...

    async def bury(self, *, jobs: Sequence[OutboxJob], error: str) -> None:
        """Moves jobs to the dead letters with the kind of error that ended them, never a user's text."""
        ...

    async def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """The dead letters, oldest first."""
        ...

    async def revive(self, *, projection: Projection | None = None) -> int:
        """Makes dead letters due again, with no attempts counted; how many."""
        ...

    async def enqueue(self, *, projection: Projection, keys: Sequence[ConversationKey]) -> None:
        """Writes `PROJECT` jobs for stored conversations: for a rebuild. Erased ones are skipped.

        One that waits and was never claimed makes another needless; a claimed one does not, for its worker may have
        written already what the rebuild has removed since. A dead letter of the same conversation and projection goes:
        the job that waits stands for it.
        """
        ...

    async def pending(
        self, *, tenant_id: str, user_id: str, projections: Sequence[Projection], limit: int
    ) -> dict[str, frozenset[Projection]]:
        """The user's conversations, latest stored first, that have not reached all of these projections, dead letters
        included: conversation id to the projections that lack it."""
        ...

    async def backlog(self) -> list[Backlog]:
        """How far each projection is behind, in the order of `Projection`."""
        ...
