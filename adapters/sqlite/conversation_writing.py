"""Storing in the archive, inside one transaction: the row and its jobs, or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from ...domain.projection import JobKind, Projection
from . import archive_statements as sql
from .fencing import check_fence
from .job_rows import insert_jobs


def insert_conversation(
    connection: sqlite3.Connection, *, user: tuple[str, str], row: Sequence[Any], projections: Sequence[Projection]
) -> tuple[int | None, int]:
    """The sequence that a conversation got and its user's epoch; no sequence: it is stored, or was erased, already.

    Args:
        user: tenant and user id.
        row: packed id, characters of text, compartment and content.

    Raises:
        Moved: there is a fence.
    """
    known = connection.execute(sql.USER, user).fetchone()
    user_no, epoch, now_us = known or connection.execute(sql.INSERT_USER, user).fetchone()
    inserted = connection.execute(sql.INSERT_CONVERSATION, (user_no, *row))
    if not inserted.rowcount:
        check_fence(connection)
        if known is None:  # refused: nothing is left behind
            connection.execute(sql.REMOVE_USER, (user_no,))
        return None, epoch
    sequence = inserted.lastrowid
    insert_jobs(
        connection,
        kind=JobKind.PROJECT,
        projections=projections,
        user_no=user_no,
        conversations=((row[0], sequence),),
        epoch=epoch,
        now_us=now_us,
    )
    return sequence, epoch
