"""Erasing in the archive, inside one transaction: rows, jobs, dead letters, records; tombstones and new jobs."""

from __future__ import annotations

from collections.abc import Sequence

from ...domain.projection import JobKind, Projection
from ...ports.conversation_archive import ArchiveErasure
from .fencing import check_fence
from .purging import note_erasure
from .session import Connection

# Locks the user's row: appends of that user that are under way end first, later ones see the new epoch.
_RAISE_EPOCH = """
INSERT INTO users (tenant_id, user_id, epoch) VALUES ($1, $2, 1)
ON CONFLICT (tenant_id, user_id) DO UPDATE SET epoch = users.epoch + 1
RETURNING user_no, epoch
"""

# $2: conversation ids; NULL: all of the user's.
_ERASE = """
WITH gone AS (
    DELETE FROM conversations WHERE user_no = $1 AND ($2::uuid[] IS NULL OR conversation_id = ANY($2))
    RETURNING conversation_id, sequence
), tombstones AS (
    UPDATE conversation_ids SET erased = true FROM gone WHERE conversation_ids.conversation_id = gone.conversation_id
)
SELECT conversation_id, sequence FROM gone ORDER BY sequence
"""

# A job may become a dead letter, and a dead letter a job, at the same moment. So the jobs are locked first: then what
# becomes of them is seen below. In the order in which workers lock them too, so that nobody waits for another in a ring.
# $2 here and below: sequences; NULL: all of the user's. Jobs of other kinds have none, and stay.
_LOCK_JOBS = """
SELECT FROM outbox WHERE user_no = $1 AND sequence IS NOT NULL AND ($2::bigint[] IS NULL OR sequence = ANY($2))
ORDER BY job_id FOR UPDATE
"""
_DROP_DEAD_LETTERS = """
DELETE FROM dead_letters WHERE user_no = $1 AND sequence IS NOT NULL AND ($2::bigint[] IS NULL OR sequence = ANY($2))
"""
_DROP_JOBS = """
DELETE FROM outbox
WHERE user_no = $1 AND sequence IS NOT NULL AND ($2::bigint[] IS NULL OR sequence = ANY($2)) AND attempts = 0
"""
_TURN_JOBS = """
UPDATE outbox SET kind = 'forget_conversation', sequence = NULL
WHERE user_no = $1 AND sequence IS NOT NULL AND ($2::bigint[] IS NULL OR sequence = ANY($2))
"""
_WITHDRAW = """
WITH released AS (DELETE FROM conversation_ids WHERE conversation_id = ANY($1::uuid[]) RETURNING conversation_id)
INSERT INTO withdrawn SELECT conversation_id FROM released ON CONFLICT DO NOTHING
"""
_DROP_RETRIEVALS = "DELETE FROM retrievals WHERE user_no = $1"

# One a conversation and projection, due at once; NULL instead of a conversation: the user as a whole.
_INSERT_JOBS = """
INSERT INTO outbox (kind, projection, user_no, conversation_id, epoch)
SELECT $3, projection, $1, conversation_id, $2
FROM unnest($4::uuid[]) AS conversation_id CROSS JOIN unnest($5::text[]) AS projection
"""


async def erase_user(
    connection: Connection, *, user: tuple[str, str], projections: Sequence[Projection]
) -> ArchiveErasure:
    """Everything of a user (tenant and user id).

    Raises:
        Moved: there is a fence.
    """
    await check_fence(connection)
    user_no, epoch = await connection.fetchrow(_RAISE_EPOCH, *user)
    erased = await connection.fetch(_ERASE, user_no, None)
    for statement in (_LOCK_JOBS, _DROP_DEAD_LETTERS, _DROP_JOBS, _TURN_JOBS):
        await connection.execute(statement, user_no, None)
    await connection.execute(_DROP_RETRIEVALS, user_no)
    jobs = (user_no, epoch, JobKind.FORGET_USER.value, [None], _names(projections))
    await connection.execute(_INSERT_JOBS, *jobs)
    if erased:
        await note_erasure(connection)
    return ArchiveErasure(conversation_ids=tuple(str(item) for item, _ in erased), epoch=epoch)


async def erase_conversations(
    connection: Connection,
    *,
    user: tuple[str, str],
    conversation_ids: Sequence[str],
    projections: Sequence[Projection],
    final: bool,
) -> ArchiveErasure:
    """These conversations of a user (tenant and user id); those of others are left alone.

    Raises:
        Moved: there is a fence.
    """
    await check_fence(connection)
    user_no, epoch = await connection.fetchrow(_RAISE_EPOCH, *user)
    erased = await connection.fetch(_ERASE, user_no, conversation_ids)
    ids = [str(item) for item, _ in erased]
    if erased:
        if not final:
            await connection.execute(_WITHDRAW, ids)
        sequences = [sequence for _, sequence in erased]
        for statement in (_LOCK_JOBS, _DROP_DEAD_LETTERS, _DROP_JOBS, _TURN_JOBS):
            await connection.execute(statement, user_no, sequences)
        jobs = (user_no, epoch, JobKind.FORGET_CONVERSATION.value, ids, _names(projections))
        await connection.execute(_INSERT_JOBS, *jobs)
        await note_erasure(connection)
    return ArchiveErasure(conversation_ids=tuple(ids), epoch=epoch)


def _names(projections: Sequence[Projection]) -> list[str]:
    return [projection.value for projection in projections]
