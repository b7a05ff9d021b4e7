"""The jobs of an SQLite archive, in its own file and commits."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from ...domain.conversation import ConversationKey
from ...domain.projection import Backlog, DeadLetter, OutboxJob, Projection
from ...ports.outbox import Outbox
from .conversation_rows import id_bytes, id_text
from .database import Database
from .job_rows import JOB_COLUMNS, job_of
from .time_expressions import NOW_US, from_us

_CLAIM = f"""
UPDATE outbox SET attempts = attempts + 1, due_at_us = {NOW_US} + :lease_us, worker_id = :worker_id
WHERE job_id IN (
    SELECT job_id FROM outbox WHERE projection = :projection AND due_at_us <= {NOW_US}
    ORDER BY due_at_us, job_id LIMIT :limit
)
RETURNING {JOB_COLUMNS}
"""
_DUE = f"SELECT 1 FROM outbox WHERE projection = ? AND due_at_us <= {NOW_US} LIMIT 1"
# ?1: an array of ids.
_COMPLETE = "DELETE FROM outbox WHERE job_id IN (SELECT value FROM json_each(?1))"
_RETRY = f"""
UPDATE outbox SET due_at_us = {NOW_US} + ?2, worker_id = NULL WHERE job_id IN (SELECT value FROM json_each(?1))
"""

_BURY = f"""
INSERT INTO dead_letters
    (job_id, kind, projection, user_no, conversation_id, sequence, epoch, attempts, error, buried_at_us)
SELECT job_id, kind, projection, user_no, conversation_id, sequence, epoch, attempts, ?, {NOW_US}
FROM outbox WHERE job_id = ?
"""
_DEAD_LETTERS = f"""
SELECT error, buried_at_us, {JOB_COLUMNS} FROM dead_letters AS outbox ORDER BY buried_at_us, job_id LIMIT ?
"""
_REVIVE = f"""
INSERT INTO outbox
    (job_id, kind, projection, user_no, conversation_id, sequence, epoch, created_at_us, due_at_us)
SELECT job_id, kind, projection, user_no, conversation_id, sequence, epoch, {NOW_US}, {NOW_US}
FROM dead_letters WHERE ?1 IS NULL OR projection = ?1
"""
_REVIVED = "DELETE FROM dead_letters WHERE ?1 IS NULL OR projection = ?1"

_STORED = """
SELECT user_no, sequence FROM conversations JOIN users USING (user_no)
WHERE conversation_id = ? AND tenant_id = ? AND user_id = ?
"""
_ENQUEUE = f"""
INSERT INTO outbox (kind, projection, user_no, conversation_id, sequence, epoch, created_at_us, due_at_us)
SELECT 'project', :projection, user_no, :conversation_id, :sequence, epoch, {NOW_US}, {NOW_US}
FROM users WHERE user_no = :user_no AND NOT EXISTS (
    SELECT 1 FROM outbox
    WHERE user_no = :user_no AND sequence = :sequence AND projection = :projection AND attempts = 0
)
"""
# The new job takes the place of one that was given up.
_SUPERSEDE = """
DELETE FROM dead_letters WHERE user_no = :user_no AND sequence = :sequence AND projection = :projection
"""

# Both parts come by index in descending order, so that reading on stops at the limit.
_PENDING = """
SELECT sequence, conversation_id, projection FROM outbox
WHERE user_no = (SELECT user_no FROM users WHERE tenant_id = :tenant_id AND user_id = :user_id)
AND sequence > 0 AND projection IN (SELECT value FROM json_each(:projections))
UNION ALL
SELECT sequence, conversation_id, projection FROM dead_letters
WHERE user_no = (SELECT user_no FROM users WHERE tenant_id = :tenant_id AND user_id = :user_id)
AND sequence > 0 AND projection IN (SELECT value FROM json_each(:projections))
ORDER BY sequence DESC
"""

_WAITING = f"""
SELECT waiting.projection, waiting.jobs, {NOW_US} - outbox.created_at_us
FROM (SELECT projection, COUNT(*) AS jobs, MIN(job_id) AS oldest FROM outbox GROUP BY projection) AS waiting
JOIN outbox ON outbox.job_id = waiting.oldest
"""
_BURIED = "SELECT projection, COUNT(*) FROM dead_letters GROUP BY projection"

_SECOND_US = 1_000_000


class SqliteOutbox(Outbox):
    """Jobs in the archive's file; leases run by the database's own time.

    Args:
        database: open; that of the archive.
    """

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def claim(self, *, projection: Projection, limit: int, lease_s: float, worker_id: str) -> list[OutboxJob]:
        parameters = {
            "projection": projection.value,
            "limit": limit,
            "lease_us": _us(lease_s),
            "worker_id": worker_id,
        }
        # Looking costs no lock: most of the time nothing is due.
        due = await self._database.read(
            "claim", lambda connection: connection.execute(_DUE, (projection.value,)).fetchone()
        )
        if due is None:
            return []
        rows = await self._database.write(
            "claim", lambda connection: connection.execute(_CLAIM, parameters).fetchall(), durable=False
        )
        return sorted(map(job_of, rows), key=lambda job: job.job_id)

    async def complete(self, *, jobs: Sequence[OutboxJob]) -> None:
        await self._change("complete", _COMPLETE, (_ids(jobs),))

    async def retry(self, *, jobs: Sequence[OutboxJob], delay_s: float) -> None:
        await self._change("retry", _RETRY, (_ids(jobs), _us(delay_s)))

    async def bury(self, *, jobs: Sequence[OutboxJob], error: str) -> None:
        def bury(connection: sqlite3.Connection) -> None:
            connection.executemany(_BURY, [(error, job.job_id) for job in jobs])
            connection.execute(_COMPLETE, (_ids(jobs),))

        await self._database.write("bury", bury)

    async def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        rows = await self._database.read(
            "dead_letters", lambda connection: connection.execute(_DEAD_LETTERS, (limit,)).fetchall()
        )
        return [
            DeadLetter(job=job_of(tuple(job)), error=error, buried_at=from_us(buried_at_us))
            for error, buried_at_us, *job in rows
        ]

    async def revive(self, *, projection: Projection | None = None) -> int:
        which = (None if projection is None else projection.value,)

        def revive(connection: sqlite3.Connection) -> int:
            connection.execute(_REVIVE, which)
            return connection.execute(_REVIVED, which).rowcount

        return await self._database.write("revive", revive)

    async def enqueue(self, *, projection: Projection, keys: Sequence[ConversationKey]) -> None:
        wanted = [(id_bytes(key.conversation_id), key.tenant_id, key.user_id) for key in keys]

        def enqueue(connection: sqlite3.Connection) -> None:
            for key in wanted:
                stored = connection.execute(_STORED, key).fetchone()
                if stored is not None:
                    user_no, sequence = stored
                    job = {
                        "projection": projection.value,
                        "user_no": user_no,
                        "conversation_id": key[0],
                        "sequence": sequence,
                    }
                    connection.execute(_ENQUEUE, job)
                    connection.execute(_SUPERSEDE, job)

        await self._database.write("enqueue", enqueue)

    async def pending(
        self, *, tenant_id: str, user_id: str, projections: Sequence[Projection], limit: int
    ) -> dict[str, frozenset[Projection]]:
        parameters = {
            "tenant_id": tenant_id,
            "user_id": user_id,
            "projections": json.dumps([projection.value for projection in projections]),
        }

        def pending(connection: sqlite3.Connection) -> dict[bytes, set[str]]:
            lacking: dict[bytes, set[str]] = {}
            for _, conversation_id, projection in connection.execute(_PENDING, parameters):
                if conversation_id not in lacking and len(lacking) >= limit:
                    break
                lacking.setdefault(conversation_id, set()).add(projection)
            return lacking

        lacking = await self._database.read("pending", pending)
        return {id_text(packed): frozenset(map(Projection, names)) for packed, names in lacking.items()}

    async def backlog(self) -> list[Backlog]:
        def backlog(connection: sqlite3.Connection) -> tuple[dict[str, tuple[int, int]], dict[str, int]]:
            waiting = {name: (jobs, age_us) for name, jobs, age_us in connection.execute(_WAITING)}
            return waiting, dict(connection.execute(_BURIED).fetchall())

        waiting, buried = await self._database.read("backlog", backlog)
        return [
            Backlog(
                projection=projection,
                waiting=waiting.get(projection.value, (0, 0))[0],
                oldest_age_s=max(0, waiting.get(projection.value, (0, 0))[1]) / _SECOND_US,
                dead_letters=buried.get(projection.value, 0),
            )
            for projection in Projection
        ]

    async def _change(self, operation: str, statement: str, parameters: tuple[str | int, ...]) -> None:
        def change(connection: sqlite3.Connection) -> None:
            connection.execute(statement, parameters)

        await self._database.write(operation, change, durable=False)


def _ids(jobs: Sequence[OutboxJob]) -> str:
    return json.dumps([job.job_id for job in jobs])


def _us(seconds: float) -> int:
    return round(seconds * _SECOND_US)
