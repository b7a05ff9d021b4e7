"""The jobs of a PostgreSQL archive, in its own database and commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from ...domain.conversation import ConversationKey
from ...domain.identifiers import is_conversation_id
from ...domain.projection import Backlog, DeadLetter, JobKind, OutboxJob, Projection
from ...ports.outbox import Outbox
from . import outbox_statements as sql
from .database import PostgresDatabase
from .session import Connection


class PostgresOutbox(Outbox):
    """Jobs beside the archive's rows; leases run by the server's clock, and no worker waits for another.

    Args:
        database: that of the archive.
    """

    def __init__(self, *, database: PostgresDatabase) -> None:
        self._database = database

    async def claim(self, *, projection: Projection, limit: int, lease_s: float, worker_id: str) -> list[OutboxJob]:
        rows = await self._database.fetch(
            sql.CLAIM, projection.value, limit, dt.timedelta(seconds=lease_s), worker_id, operation="claim"
        )
        return sorted(map(_job_of, rows), key=lambda job: job.job_id)

    async def complete(self, *, jobs: Sequence[OutboxJob]) -> None:
        await self._settle(sql.COMPLETE, jobs, operation="complete")

    async def retry(self, *, jobs: Sequence[OutboxJob], delay_s: float) -> None:
        await self._settle(sql.RETRY, jobs, dt.timedelta(seconds=delay_s), operation="retry")

    async def bury(self, *, jobs: Sequence[OutboxJob], error: str) -> None:
        await self._settle(sql.BURY, jobs, error, operation="bury")

    async def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        rows = await self._database.fetch(sql.DEAD_LETTERS, limit, operation="dead_letters")
        return [DeadLetter(job=_job_of(job), error=error, buried_at=buried_at) for error, buried_at, *job in rows]

    async def revive(self, *, projection: Projection | None = None) -> int:
        which = None if projection is None else projection.value
        return int(await self._database.fetchval(sql.REVIVE, which, operation="revive"))

    async def enqueue(self, *, projection: Projection, keys: Sequence[ConversationKey]) -> None:
        wanted = [key for key in keys if is_conversation_id(key.conversation_id)]
        tenants, users = [key.tenant_id for key in wanted], [key.user_id for key in wanted]
        ids = [key.conversation_id for key in wanted]

        async def enqueue(connection: Connection) -> None:
            await connection.execute(sql.LOCK_USERS, tenants, users)
            await connection.execute(sql.ENQUEUE, tenants, users, ids, projection.value)

        await self._database.run_transaction(enqueue, operation="enqueue")

    async def pending(
        self, *, tenant_id: str, user_id: str, projections: Sequence[Projection], limit: int
    ) -> dict[str, frozenset[Projection]]:
        names = [projection.value for projection in projections]
        rows = await self._database.fetch(sql.PENDING, tenant_id, user_id, names, limit, operation="pending")
        return {str(conversation_id): frozenset(map(Projection, lacking)) for conversation_id, lacking in rows}

    async def backlog(self) -> list[Backlog]:
        rows = await self._database.fetch(sql.BACKLOG, operation="backlog")
        figures = {name: (waiting, age_s, dead) for name, waiting, age_s, dead in rows}
        return [
            Backlog(projection=projection, waiting=waiting, oldest_age_s=max(0.0, age_s), dead_letters=dead)
            for projection in Projection
            for waiting, age_s, dead in [figures.get(projection.value, (0, 0.0, 0))]
        ]

    async def _settle(self, statement: str, jobs: Sequence[OutboxJob], *arguments: object, operation: str) -> None:
        if jobs:
            await self._database.fetch(
                statement,
                [job.tenant_id for job in jobs],
                [job.user_id for job in jobs],
                [job.job_id for job in jobs],
                *arguments,
                operation=operation,
            )


def _job_of(row: Iterable[Any]) -> OutboxJob:
    """A job from its columns, in the order of the statements."""
    job_id, kind, projection, conversation_id, epoch, attempts, tenant_id, user_id = row
    return OutboxJob(
        job_id=job_id,
        kind=JobKind(kind),
        projection=Projection(projection),
        tenant_id=tenant_id,
        user_id=user_id,
        conversation_id=None if conversation_id is None else str(conversation_id),
        epoch=epoch,
        attempts=attempts,
    )
