"""What is written of the summaries: rows, the places that they name, and taking both out again."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np

from ...domain.place import Place
from ...ports.summary_index import SummaryRecord
from .conversation_rows import id_bytes
from .many_rows import insert_rows, select_by_ids
from .time_expressions import offset_s, to_us

_ENSURE_USER = "INSERT INTO summary_users (tenant_id, user_id) VALUES (?, ?) ON CONFLICT DO NOTHING"
_USER = "SELECT user_no, next_number FROM summary_users WHERE tenant_id = ? AND user_id = ?"
_CHANGED = "UPDATE summary_users SET generation = generation + ?, next_number = ? WHERE user_no = ?"
_REMOVED = "UPDATE summary_users SET generation = generation + 1 WHERE user_no = ?"
_FORGET_UNUSED = (
    """
    DELETE FROM summary_places WHERE user_no = ?
    AND NOT EXISTS (SELECT 1 FROM summaries WHERE summaries.place_no = summary_places.place_no)
    """,
    "DELETE FROM summary_users WHERE user_no = ?1 AND NOT EXISTS (SELECT 1 FROM summaries WHERE user_no = ?1)",
)
_FORGET_ALL = "DELETE FROM summaries WHERE user_no = ?"

_ENSURE_PLACE = """
INSERT INTO summary_places (user_no, bot_id, audience, channel_id, server_id, compartment) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
_PLACE = """
SELECT place_no FROM summary_places
WHERE user_no = ? AND bot_id = ? AND audience = ? AND channel_id = ? AND server_id = ?
"""
_COLUMNS = "place_no, occurred_at_us, utc_offset_s, intent, text, fingerprint, vector"
_SUMMARIES = f"""
SELECT conversation_id, {_COLUMNS} FROM summaries INDEXED BY summaries_by_conversation
WHERE user_no = ? AND conversation_id IN
"""
_ADD = f"INSERT INTO summaries (user_no, number, conversation_id, {_COLUMNS})"
_REMOVE = "DELETE FROM summaries WHERE user_no = ? AND conversation_id = ?"

VECTOR = np.dtype("<f2")
"""Half precision on disk costs nothing in recall and halves the file."""

_PlaceKey: TypeAlias = tuple[str, Place]


def add_summaries(
    connection: sqlite3.Connection,
    *,
    tenant_id: str,
    user_id: str,
    records: Iterable[tuple[SummaryRecord, bytes | None]],
    fingerprint: str | None,
) -> None:
    """Upserts summaries of one user with their packed vectors. One that is there with the same content stays."""
    user = (tenant_id, user_id)
    connection.execute(_ENSURE_USER, user)
    user_no, number = connection.execute(_USER, user).fetchone()
    keyed = [(uuid.UUID(record.summary.conversation_id).bytes, record.summary, vector) for record, vector in records]
    ids = [key for key, _, _ in keyed]
    held = {key: values for key, *values in select_by_ids(connection, _SUMMARIES, user_no, ids)}
    places: dict[_PlaceKey, int] = {}
    changed = 0
    rows = []
    for key, summary, vector in keyed:
        place = (summary.bot_id, summary.place)
        if place not in places:
            places[place] = _place_no(connection, user_no, *place)
        values = [
            places[place],
            to_us(summary.occurred_at),
            offset_s(summary.occurred_at),
            summary.intent.value,
            summary.text,
            None if vector is None else fingerprint,
            vector,
        ]
        if key in held:
            if held[key] == values:
                continue
            connection.execute(_REMOVE, (user_no, key))
            changed = 1
        rows.append((user_no, number, key, *values))
        number += 1
    insert_rows(connection, _ADD, rows)
    connection.execute(_CHANGED, (changed, number, user_no))
    if changed:
        _forget_unused(connection, user_no)


def remove_summaries(
    connection: sqlite3.Connection, *, tenant_id: str, user_id: str, conversation_ids: Sequence[str] | None
) -> int:
    """Removes these summaries of a user, or with ``None`` all; how many went."""
    user = connection.execute(_USER, (tenant_id, user_id)).fetchone()
    if user is None:
        return 0
    user_no, _ = user
    if conversation_ids is None:
        removed = connection.execute(_FORGET_ALL, (user_no,)).rowcount
    else:
        removed = sum(
            connection.execute(_REMOVE, (user_no, id_bytes(conversation_id))).rowcount
            for conversation_id in conversation_ids
        )
    if removed:
        connection.execute(_REMOVED, (user_no,))
    _forget_unused(connection, user_no)
    return removed


def _forget_unused(connection: sqlite3.Connection, user_no: int) -> None:
    for statement in _FORGET_UNUSED:
        connection.execute(statement, (user_no,))


def _place_no(connection: sqlite3.Connection, user_no: int, bot_id: str, place: Place) -> int:
    key = (user_no, bot_id, place.audience.value, place.channel_id or "", place.server_id or "")
    connection.execute(_ENSURE_PLACE, (*key, place.compartment))
    (place_no,) = connection.execute(_PLACE, key).fetchone()
    return int(place_no)
