"""Jobs of the outbox as rows, written in the archive's own commits."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from ...domain.projection import JobKind, OutboxJob, Projection
from .conversation_rows import id_text

# All projections in one statement: each statement of a store costs the interpreter's lock anew.
_INSERT = """
INSERT INTO outbox (kind, projection, user_no, conversation_id, sequence, epoch, created_at_us, due_at_us)
SELECT ?1, value, ?3, ?4, ?5, ?6, ?7, ?7 FROM json_each(?2)
"""

JOB_COLUMNS = """job_id, kind, projection, conversation_id, epoch, attempts,
(SELECT tenant_id FROM users WHERE users.user_no = outbox.user_no),
(SELECT user_id FROM users WHERE users.user_no = outbox.user_no)"""
"""What `job_of` takes, in this order, of the table ``outbox`` or another under that name."""


def insert_jobs(
    connection: sqlite3.Connection,
    *,
    kind: JobKind,
    projections: Iterable[Projection],
    user_no: int,
    conversations: Iterable[tuple[bytes | None, int | None]],
    epoch: int,
    now_us: int,
) -> None:
    """Writes one job a conversation and projection, due at once.

    Args:
        conversations: id and, for `PROJECT` jobs, sequence of each; one (None, None) for the user as a whole.
    """
    names = json.dumps([projection.value for projection in projections])
    for conversation_id, sequence in conversations:
        connection.execute(_INSERT, (kind.value, names, user_no, conversation_id, sequence, epoch, now_us))


def job_of(row: tuple[Any, ...]) -> OutboxJob:
    """The job whose `JOB_COLUMNS` these are."""
    job_id, kind, projection, conversation_id, epoch, attempts, tenant_id, user_id = row
    return OutboxJob(
        job_id=job_id,
        kind=JobKind(kind),
        projection=Projection(projection),
        tenant_id=tenant_id,
        user_id=user_id,
        conversation_id=None if conversation_id is None else id_text(conversation_id),
        epoch=epoch,
        attempts=attempts,
    )
