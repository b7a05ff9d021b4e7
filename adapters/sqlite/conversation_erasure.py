"""Erasing in the archive, inside one transaction: rows, jobs, dead letters, records; tombstones and new jobs."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ...domain.projection import JobKind, Projection
from ...ports.conversation_archive import ArchiveErasure
from .archive_statements import RAISE_EPOCH
from .conversation_rows import id_text
from .fencing import check_fence
from .job_rows import insert_jobs
from .purging import note_erasure

_IDS_OF_USER = "SELECT conversation_id FROM conversations WHERE user_no = ? ORDER BY sequence"
_BURY_USER = "INSERT OR IGNORE INTO tombstones SELECT conversation_id FROM conversations WHERE user_no = ?"
_DELETE_USER = (
    "DELETE FROM conversations WHERE user_no = ?",
    "DELETE FROM outbox WHERE user_no = ? AND kind = 'project' AND attempts = 0",
    "UPDATE outbox SET kind = 'forget_conversation', sequence = NULL WHERE user_no = ? AND kind = 'project'",
    "DELETE FROM dead_letters WHERE user_no = ? AND kind = 'project'",
    "DELETE FROM retrievals WHERE user_no = ?",
)

_SEQUENCE = "SELECT sequence FROM conversations WHERE conversation_id = ? AND user_no = ?"
_BURY = "INSERT OR IGNORE INTO tombstones VALUES (?)"
_WITHDRAW = "INSERT OR IGNORE INTO withdrawn VALUES (?)"
_DELETE = (
    "DELETE FROM conversations WHERE user_no = ? AND sequence = ?",
    "DELETE FROM outbox WHERE user_no = ? AND sequence = ? AND attempts = 0",
    "UPDATE outbox SET kind = 'forget_conversation', sequence = NULL WHERE user_no = ? AND sequence = ?",
    "DELETE FROM dead_letters WHERE user_no = ? AND sequence = ?",
)
"""Of jobs those that ask for the conversation: others have no sequence."""


def erase_user(
    connection: sqlite3.Connection, *, user: tuple[str, str], projections: Sequence[Projection]
) -> ArchiveErasure:
    """Everything of a user (tenant and user id).

    Raises:
        Moved: there is a fence.
    """
    check_fence(connection)
    user_no, epoch, now_us = connection.execute(RAISE_EPOCH, user).fetchone()
    erased = connection.execute(_IDS_OF_USER, (user_no,)).fetchall()
    connection.execute(_BURY_USER, (user_no,))
    for statement in _DELETE_USER:
        connection.execute(statement, (user_no,))
    insert_jobs(
        connection,
        kind=JobKind.FORGET_USER,
        projections=projections,
        user_no=user_no,
        conversations=((None, None),),
        epoch=epoch,
        now_us=now_us,
    )
    if erased:
        note_erasure(connection)
    return ArchiveErasure(conversation_ids=tuple(id_text(packed) for (packed,) in erased), epoch=epoch)


def erase_conversations(
    connection: sqlite3.Connection,
    *,
    user: tuple[str, str],
    conversation_ids: Sequence[bytes],
    projections: Sequence[Projection],
    final: bool,
) -> ArchiveErasure:
    """These conversations of a user (tenant and user id), each given once; those of others are left alone.

    Raises:
        Moved: there is a fence.
    """
    check_fence(connection)
    user_no, epoch, now_us = connection.execute(RAISE_EPOCH, user).fetchone()
    erased: list[bytes] = []
    for packed in conversation_ids:
        found = connection.execute(_SEQUENCE, (packed, user_no)).fetchone()
        if found is not None:
            erased.append(packed)
            connection.execute(_BURY if final else _WITHDRAW, (packed,))
            for statement in _DELETE:
                connection.execute(statement, (user_no, *found))
    insert_jobs(
        connection,
        kind=JobKind.FORGET_CONVERSATION,
        projections=projections,
        user_no=user_no,
        conversations=[(packed, None) for packed in erased],
        epoch=epoch,
        now_us=now_us,
    )
    if erased:
        note_erasure(connection)
    return ArchiveErasure(conversation_ids=tuple(id_text(packed) for packed in erased), epoch=epoch)
