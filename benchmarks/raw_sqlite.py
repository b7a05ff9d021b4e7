"""The calls of SQLite that the memory cannot do without, made directly on the main thread: what it is compared with."""

from __future__ import annotations

import datetime as dt
import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from talktiers import Projection, open_memory
from talktiers.adapters.sqlite.conversation_rows import CONTENT_COLUMNS, content_of, id_bytes
from talktiers.benchmarks.conversations import Exchange
from talktiers.benchmarks.workspace import settings_for
from talktiers.domain.conversation import Conversation
from talktiers.domain.intake import Intake

_COLUMNS = f"user_no, conversation_id, text_chars, compartment, {CONTENT_COLUMNS}"
_INSERT = f"INSERT INTO conversations ({_COLUMNS}) VALUES ({', '.join('?' * (_COLUMNS.count(',') + 1))})"
_JOB = """
INSERT INTO outbox (kind, projection, user_no, conversation_id, sequence, epoch, created_at_us, due_at_us)
VALUES ('project', ?, ?, ?, ?, 0, ?, ?)
"""
_USER = "INSERT INTO users (tenant_id, user_id) VALUES ('default', ?) ON CONFLICT DO NOTHING"
_USER_NO = "SELECT user_no FROM users WHERE tenant_id = 'default' AND user_id = ?"
_RECENT = "SELECT * FROM conversations WHERE user_no = ? ORDER BY occurred_at_us DESC, sequence DESC LIMIT 20"
_POSTINGS = "SELECT block, data FROM lexical_postings WHERE user_no = ? AND term = ?"
_BY_ID = "SELECT * FROM conversations WHERE conversation_id = ?"
_PROJECTIONS = tuple(projection.value for projection in Projection)

Row = tuple[Any, ...]


class RawFile:
    """A file of the memory's schema under a plain connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    async def new(cls, path: Path, *, synchronous: Literal["FULL", "NORMAL"]) -> RawFile:
        """A new file with the tables and indexes that the memory makes."""
        async with open_memory(settings_for(path, projecting=False)):
            pass
        return cls.of(path, synchronous=synchronous)

    @classmethod
    def of(cls, path: Path, *, synchronous: Literal["FULL", "NORMAL"]) -> RawFile:
        """A file that is there."""
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        return cls(connection)

    def close(self) -> None:
        self._connection.close()

    def rows(self, exchanges: Iterable[Exchange]) -> list[Row]:
        """What is to be inserted for these exchanges, made ready beforehand."""
        return [self._row(exchange) for exchange in exchanges]

    def _row(self, exchange: Exchange) -> Row:
        conversation = conversation_of(exchange)
        return (
            self.user_no(exchange.user_id),
            id_bytes(conversation.conversation_id),
            conversation.text_chars,
            conversation.place.compartment,
            *content_of(conversation),
        )

    def user_no(self, user_id: str) -> int:
        """The number of a user, who is added if need be."""
        self._connection.execute(_USER, (user_id,))
        (number,) = self._connection.execute(_USER_NO, (user_id,)).fetchone()
        return int(number)

    def insert(self, rows: Sequence[Row]) -> None:
        """One transaction: the conversations and an outbox row each for every projection."""
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        for row in rows:
            sequence = execute(_INSERT, row).lastrowid
            now_us = time.time_ns() // 1000
            self._connection.executemany(
                _JOB, [(projection, row[0], row[1], sequence, now_us, now_us) for projection in _PROJECTIONS]
            )
        execute("COMMIT")

    def read(self, *, user_no: int, terms: Sequence[str], conversation_ids: Sequence[str]) -> int:
        """What a context needs of the file at least; how many rows that was.

        The recent ones, the postings of the question's terms, the best conversations by their ids. The vectors are
        in memory after the first question.
        """
        execute = self._connection.execute
        rows = len(execute(_RECENT, (user_no,)).fetchall())
        rows += sum(len(execute(_POSTINGS, (user_no, term)).fetchall()) for term in terms)
        return rows + sum(len(execute(_BY_ID, (id_bytes(item),)).fetchall()) for item in conversation_ids)


def conversation_of(exchange: Exchange) -> Conversation:
    """As it is stored, but for its sequence."""
    return intake(exchange).conversation(now=dt.datetime.now(dt.UTC), new_id="")


def intake(exchange: Exchange) -> Intake:
    """What the memory is handed to store an exchange."""
    return Intake(
        user_id=exchange.user_id,
        user_message=exchange.user_message,
        bot_response=exchange.bot_response,
        metadata=None,
        occurred_at=exchange.occurred_at,
        idempotency_key=exchange.key,
        user_name=exchange.user_name,
        bot_name="Robin",
    )
