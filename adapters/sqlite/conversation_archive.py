"""Tier 2 in an SQLite file."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import attrs

from ...domain.conversation import Conversation, ConversationKey, Session
from ...domain.errors import Forgotten, IdempotencyConflict, InvalidConversation, UnknownConversation
from ...domain.place import Scope
from ...domain.projection import Projection
from ...domain.retrieval_metrics import RetrievalMetrics, RetrievalRecord
from ...domain.sessions import SESSION_GAP
from ...ports.conversation_archive import Appended, ArchiveErasure, ConversationArchive, User
from . import archive_statements as sql
from .archive_moving import SqliteArchiveMoving
from .conversation_erasure import erase_conversations, erase_user
from .conversation_rows import content_of, conversation_of, id_bytes, id_text
from .conversation_writing import insert_conversation
from .database import Database
from .retrieval_records import insert_records, metrics
from .session_rows import latest_sessions
from .time_expressions import to_us

_TABLES = ("conversations", "users", "tombstones")
_EVER_US = 2**63 - 1
_MICROSECOND = dt.timedelta(microseconds=1)


class SqliteConversationArchive(SqliteArchiveMoving, ConversationArchive):
    """Conversations as rows, filtered by scope in SQL before any limit.

    Args:
        database: open; shared with the other tiers of the same file.
        session_gap: a longer pause ends a session that the caller did not name.
    """

    def __init__(self, *, database: Database, session_gap: dt.timedelta = SESSION_GAP) -> None:
        self._database = database
        self._session_gap = session_gap

    async def append(
        self, *, conversation: Conversation, projections: Sequence[Projection], time_given: bool
    ) -> Appended:
        packed = id_bytes(conversation.conversation_id)
        if packed is None:
            raise InvalidConversation("conversation_id must be a lower-case UUID")
        user = (conversation.tenant_id, conversation.user_id)
        row = (packed, conversation.text_chars, conversation.place.compartment, *content_of(conversation))

        sequence, epoch = await self._database.write(
            "append", lambda connection: insert_conversation(connection, user=user, row=row, projections=projections)
        )
        if sequence is None:
            stored = await self._stored_before(conversation, packed, time_given=time_given)
            return Appended(conversation=stored, created=False, epoch=epoch)
        return Appended(conversation=attrs.evolve(conversation, sequence=sequence), created=True, epoch=epoch)

    async def _stored_before(self, conversation: Conversation, packed: bytes, *, time_given: bool) -> Conversation:
        """What is stored under the id of a conversation that was refused, if it is the same."""
        stored = await self._database.read("append", lambda connection: _by_ids(connection, [packed]))
        if not stored:
            raise Forgotten(f"conversation {conversation.conversation_id} was erased; it cannot be stored again")
        if stored[0].content_hash(with_time=time_given) != conversation.content_hash(with_time=time_given):
            raise IdempotencyConflict(
                f"conversation {conversation.conversation_id} is stored already with other content, which stands;"
                " if this is another exchange give it an idempotency key of its own"
            )
        return stored[0]

    async def epoch(self, *, tenant_id: str, user_id: str) -> int:
        def epoch(connection: sqlite3.Connection) -> int:
            known = connection.execute(sql.USER, (tenant_id, user_id)).fetchone()
            return 0 if known is None else int(known[1])

        return await self._database.read("epoch", epoch)

    async def recent(self, *, scope: Scope, limit: int, compartment: str | None = None) -> list[Conversation]:
        parameters = {**_history_parameters(scope, limit), "compartment": compartment}
        newest_first = await self._database.read(
            "recent", lambda connection: _decoded(connection.execute(sql.HISTORY, parameters))
        )
        return newest_first[::-1]

    async def history(
        self, *, scope: Scope, limit: int, since: dt.datetime | None = None, before: str | None = None
    ) -> list[Conversation]:
        parameters = _history_parameters(scope, limit)
        if since is not None:
            parameters["since_us"] = to_us(since)
        packed = None if before is None else id_bytes(before)

        def history(connection: sqlite3.Connection) -> list[Conversation]:
            if before is not None:
                found = connection.execute(sql.POSITION, {**parameters, "conversation_id": packed}).fetchone()
                if found is None:
                    raise UnknownConversation("`before` is not a conversation that is visible here")
                parameters["before_us"], parameters["before_sequence"] = found
            return _decoded(connection.execute(sql.HISTORY, parameters))

        return await self._database.read("history", history)

    async def fetch(self, *, scope: Scope, conversation_ids: Sequence[str]) -> list[Conversation]:
        packed = _packed_ids(conversation_ids)
        found = await self._database.read("fetch", lambda connection: _by_ids(connection, packed, scope=scope))
        return sorted(found, key=lambda conversation: conversation.order, reverse=True)

    async def visible(self, *, scope: Scope, conversation_ids: Sequence[str]) -> frozenset[str]:
        packed = _packed_ids(conversation_ids)
        parameters = _scope_parameters(scope)

        def visible(connection: sqlite3.Connection) -> frozenset[str]:
            return frozenset(
                id_text(conversation_id)
                for ids in _chunks(packed)
                for (conversation_id,) in connection.execute(sql.VISIBLE_IDS, {**parameters, **ids})
            )

        return await self._database.read("visible", visible) if packed else frozenset()

    async def load(self, *, keys: Sequence[ConversationKey]) -> list[Conversation]:
        wanted = set(keys)
        packed = _packed_ids(key.conversation_id for key in keys)
        found = await self._database.read("load", lambda connection: _by_ids(connection, packed))
        return [conversation for conversation in found if conversation.key in wanted]

    async def existing(self, *, keys: Sequence[ConversationKey]) -> frozenset[str]:
        wanted = set(keys)
        packed = _packed_ids(key.conversation_id for key in keys)

        def existing(connection: sqlite3.Connection) -> list[ConversationKey]:
            return [
                ConversationKey(tenant_id=tenant_id, user_id=user_id, conversation_id=id_text(conversation_id))
                for ids in _chunks(packed)
                for conversation_id, tenant_id, user_id in connection.execute(sql.KEYS_BY_IDS, ids)
            ]

        found = await self._database.read("existing", existing)
        return frozenset(key.conversation_id for key in found if key in wanted)

    async def sessions(self, *, scope: Scope, limit: int) -> list[Session]:
        visible = _scope_parameters(scope)
        gap_us = self._session_gap // _MICROSECOND
        return await self._database.read(
            "sessions", lambda connection: latest_sessions(connection, visible, limit=limit, gap_us=gap_us)
        )

    async def users(self, *, after: User | None = None, limit: int = 1000) -> list[User]:
        start = ("", "") if after is None else (after.tenant_id, after.user_id)
        rows = await self._database.read(
            "users", lambda connection: connection.execute(sql.USERS, (*start, limit)).fetchall()
        )
        return [User(tenant_id=tenant_id, user_id=user_id) for tenant_id, user_id in rows]

    async def page(
        self, *, tenant_id: str, user_id: str, after_sequence: int = 0, limit: int = 1000
    ) -> list[Conversation]:
        parameters = (tenant_id, user_id, after_sequence, limit)
        return await self._database.read("page", lambda connection: _decoded(connection.execute(sql.PAGE, parameters)))

    async def total_conversations(self, *, tenant_id: str | None = None, user_id: str | None = None) -> int:
        if tenant_id is None:
            return await self._one_number("total_conversations", sql.TOTAL, ())
        if user_id is None:
            return await self._one_number("total_conversations", sql.TOTAL_OF_TENANT, (tenant_id,))
        return await self._one_number("total_conversations", sql.TOTAL_OF_USER, (tenant_id, user_id))

    async def text_chars(self) -> int:
        return await self._one_number("text_chars", sql.TEXT_CHARS, ())

    async def forget_user(self, *, tenant_id: str, user_id: str, projections: Sequence[Projection]) -> ArchiveErasure:
        user = (tenant_id, user_id)
        return await self._database.write(
            "forget_user", lambda connection: erase_user(connection, user=user, projections=projections)
        )

    async def forget_conversations(
        self,
        *,
        tenant_id: str,
        user_id: str,
        conversation_ids: Sequence[str],
        projections: Sequence[Projection],
        final: bool = True,
    ) -> ArchiveErasure:
        user = (tenant_id, user_id)
        packed = _packed_ids(conversation_ids)
        return await self._database.write(
            "forget_conversations",
            lambda connection: erase_conversations(
                connection, user=user, conversation_ids=packed, projections=projections, final=final
            ),
        )

    async def purge(self) -> bool:
        return await self._database.purge()

    async def record_retrievals(self, *, records: Sequence[RetrievalRecord]) -> None:
        await self._database.write(
            "record_retrievals", lambda connection: insert_records(connection, records), durable=False
        )

    async def retrieval_metrics(
        self, *, tenant_id: str | None = None, user_id: str | None = None, since: dt.datetime | None = None
    ) -> RetrievalMetrics:
        return await self._database.read(
            "retrieval_metrics",
            lambda connection: metrics(connection, tenant_id=tenant_id, user_id=user_id, since=since),
        )

    async def size_bytes(self) -> int:
        return await self._database.size_of_tables("size_bytes", _TABLES)

    async def _one_number(self, operation: str, statement: str, parameters: tuple[str, ...]) -> int:
        def number(connection: sqlite3.Connection) -> int:
            (value,) = connection.execute(statement, parameters).fetchone()
            return int(value)

        return await self._database.read(operation, number)


def _scope_parameters(scope: Scope) -> dict[str, Any]:
    """The parameters of `archive_statements.VISIBLE`."""
    visibility = scope.visibility
    compartments = sorted(visibility.compartments or ())
    first, second, third = (*compartments, None, None, None)[:3]
    return {
        "tenant_id": scope.tenant_id,
        "user_id": scope.user_id,
        "bot_id": visibility.bot_id,
        "everywhere": visibility.compartments is None,
        "compartment_1": first,
        "compartment_2": second,
        "compartment_3": third,
    }


def _history_parameters(scope: Scope, limit: int) -> dict[str, Any]:
    return {
        **_scope_parameters(scope),
        "since_us": -_EVER_US,
        "before_us": _EVER_US,
        "before_sequence": _EVER_US,
        "compartment": None,
        "limit": limit,
    }


def _packed_ids(conversation_ids: Iterable[str]) -> list[bytes]:
    """Without repetitions, and without what cannot be an id."""
    packed = (id_bytes(conversation_id) for conversation_id in conversation_ids)
    return list(dict.fromkeys(item for item in packed if item is not None))


def _by_ids(
    connection: sqlite3.Connection, packed: Sequence[bytes], *, scope: Scope | None = None
) -> list[Conversation]:
    """Stored conversations with these ids, those of the scope where one is given, in any order."""
    if not packed:
        return []
    visible = None if scope is None else _scope_parameters(scope)
    found: list[Conversation] = []
    for ids in _chunks(packed):
        if visible is None:
            found += _decoded(connection.execute(sql.BY_IDS, ids))
        else:
            found += _decoded(connection.execute(sql.VISIBLE_BY_IDS, {**visible, **ids}))
    return found


def _chunks(packed: Sequence[bytes]) -> Iterator[dict[str, bytes | None]]:
    """The ids as parameters of a statement that always has the same number of them."""
    for start in range(0, len(packed), sql.IDS_AT_ONCE):
        chunk = packed[start : start + sql.IDS_AT_ONCE]
        yield {f"id_{index}": chunk[index] if index < len(chunk) else None for index in range(sql.IDS_AT_ONCE)}


def _decoded(rows: Iterable[tuple[Any, ...]]) -> list[Conversation]:
    return [
        conversation_of(id_text(conversation_id), sequence, tenant_id, user_id, content)
        for conversation_id, sequence, tenant_id, user_id, *content in rows
    ]
