"""What the archive and the outbox share, so that one call writes both."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator

import attrs

from ...domain.conversation import Conversation
from ...domain.projection import DeadLetter, JobKind, OutboxJob, Projection
from ...domain.retrieval_metrics import RetrievalRecord
from ...ports.clock import Clock
from ...ports.conversation_archive import Fence, User


@attrs.define(kw_only=True)
class QueuedJob:
    """A job that is not done yet.

    Attributes:
        queued_at, due_at: seconds on the clock's steady scale; a lease makes a job due when it runs out.
    """

    job: OutboxJob
    queued_at: float
    due_at: float


class InMemoryStore:
    """Conversations, jobs, tombstones, epochs and measurements of one memory.

    Attributes:
        conversations: by conversation id.
        epochs: how often each user was forgotten, wholly or in part.
        tombstones: conversation ids of what was erased for good.
        withdrawn: those of what was erased and may come again.
        jobs: by job id, oldest first.
        dead_letters: by job id, in the order of burying.
        fence: around a memory that has moved.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self.conversations: dict[str, Conversation] = {}
        self.epochs: Counter[User] = Counter()
        self.tombstones: set[str] = set()
        self.withdrawn: set[str] = set()
        self.jobs: dict[int, QueuedJob] = {}
        self.dead_letters: dict[int, DeadLetter] = {}
        self.retrievals: list[RetrievalRecord] = []
        self.fence: Fence | None = None
        self._last_sequence = 0
        self._last_job_id = 0

    def now(self) -> dt.datetime:
        """The store's time of day."""
        return self._clock.now()

    def monotonic(self) -> float:
        """The store's steady time in seconds: leases, delays and ages are measured by it."""
        return self._clock.monotonic()

    def next_sequence(self) -> int:
        """The number of the next conversation; never given twice, whatever was erased."""
        self._last_sequence += 1
        return self._last_sequence

    def check_fence(self) -> None:
        """Refuses to store and to forget while there is a fence.

        Raises:
            Moved: there is one.
        """
        if self.fence is not None:
            raise self.fence.refusal

    def of_user(self, user: User) -> Iterator[Conversation]:
        """The user's conversations in the order of storing."""
        for conversation in self.conversations.values():
            if (conversation.tenant_id, conversation.user_id) == (user.tenant_id, user.user_id):
                yield conversation

    def queue(
        self, *, kind: JobKind, user: User, conversation_id: str | None, projections: Iterable[Projection]
    ) -> None:
        """Writes one job a projection, due at once."""
        now = self.monotonic()
        for projection in projections:
            self._last_job_id += 1
            job = OutboxJob(
                job_id=self._last_job_id,
                kind=kind,
                projection=projection,
                tenant_id=user.tenant_id,
                user_id=user.user_id,
                conversation_id=conversation_id,
                epoch=self.epochs[user],
                attempts=0,
            )
            self.jobs[job.job_id] = QueuedJob(job=job, queued_at=now, due_at=now)

    def drop_jobs(self, *, user: User, conversation_ids: frozenset[str] | None) -> None:
        """Removes waiting and buried jobs of these conversations; ``None``: all that ask for a conversation.

        Claimed ones stay, to forget what their worker may still write.
        """

        def concerned(job: OutboxJob) -> bool:
            return (
                job.kind is JobKind.PROJECT
                and (job.tenant_id, job.user_id) == (user.tenant_id, user.user_id)
                and (conversation_ids is None or job.conversation_id in conversation_ids)
            )

        claimed = [queued for queued in self.jobs.values() if concerned(queued.job) and queued.job.attempts]
        for queued in claimed:
            queued.job = attrs.evolve(queued.job, kind=JobKind.FORGET_CONVERSATION)
        self.jobs = {number: queued for number, queued in self.jobs.items() if not concerned(queued.job)}
        self.dead_letters = {number: dead for number, dead in self.dead_letters.items() if not concerned(dead.job)}

    def drop_dead_letter(self, *, projection: Projection, conversation_id: str) -> None:
        """Removes the dead letter of a conversation that is to be projected anew."""
        self.dead_letters = {
            number: dead
            for number, dead in self.dead_letters.items()
            if (dead.job.kind, dead.job.projection, dead.job.conversation_id)
            != (JobKind.PROJECT, projection, conversation_id)
        }
