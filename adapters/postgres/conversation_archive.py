"""Tier 2 on a PostgreSQL server."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Sequence
from typing import Any, TypeAlias

import attrs

from ...domain.conversation import Conversation, ConversationKey, Session
from ...domain.errors import Forgotten, IdempotencyConflict, InvalidConversation, UnknownConversation
from ...domain.identifiers import is_conversation_id
from ...domain.place import Scope
from ...domain.projection import Projection
from ...domain.retrieval_metrics import RetrievalMetrics, RetrievalRecord
from ...domain.sessions import SESSION_GAP
from ...ports.conversation_archive import Appended, ArchiveErasure, ConversationArchive, User
from . import archive_statements as sql
from .archive_moving import PostgresArchiveMoving
from .conversation_erasure import erase_conversations, erase_user
from .conversation_rows import appended_row, conversation_of, known_ids, signed_hash, to_us
from .database import PostgresDatabase
from .purging import purge
from .retrieval_records import insert_records, metrics
from .session_rows import SessionWalk

_EVER = 2**63 - 1
_MICROSECOND = dt.timedelta(microseconds=1)

_Visible: TypeAlias = "tuple[str, str, int | None, str | None, list[int] | None, list[str] | None]"
"""The first parameters of the statements of `archive_statements.Visible`."""


class PostgresConversationArchive(PostgresArchiveMoving, ConversationArchive):
    """Conversations as rows, filtered by scope in the indexes before any limit.

    An append is one statement, and so one round trip and one commit.

    Args:
        database: shared with the outbox and the lexical index; entered by whoever made it.
        session_gap: a longer pause ends a session that the caller did not name.
    """

    leaves = (
        "the rows are gone and vacuumed; their bytes stay in free space, in the write-ahead log and in backups until those "
        "are overwritten: VACUUM FULL rewrites the tables, log and backups end with their retention"
    )

    def __init__(self, *, database: PostgresDatabase, session_gap: dt.timedelta = SESSION_GAP) -> None:
        self._database = database
        self._session_gap = session_gap

    async def append(
        self, *, conversation: Conversation, projections: Sequence[Projection], time_given: bool
    ) -> Appended:
        """As the port says. Appends of one user follow each other, those of different users do not wait."""
        if not is_conversation_id(conversation.conversation_id):
            raise InvalidConversation("conversation_id must be a lower-case UUID")
        arguments = appended_row(conversation, projections)
        row = await self._database.fetchrow(sql.APPEND, *arguments, operation="append")
        if row is None:
            stored = await self._stored_before(conversation, time_given=time_given)
            if stored is not None:
                return stored
            return await self.append(conversation=conversation, projections=projections, time_given=time_given)
        sequence, epoch = row
        return Appended(conversation=attrs.evolve(conversation, sequence=sequence), created=True, epoch=epoch)

    async def _stored_before(self, conversation: Conversation, *, time_given: bool) -> Appended | None:
        """What is stored under the id of a conversation that was refused, if it is the same.

        ``None``: nothing. It was refused by a fence that is not there any more.
        """
        if (fence := await self.fenced()) is not None:
            raise fence.refusal
        tenant_id, user_id = conversation.tenant_id, conversation.user_id
        found = await self._database.fetchrow(
            sql.STORED_BEFORE, tenant_id, user_id, conversation.conversation_id, operation="append"
        )
        if found is None:
            return None
        erased, epoch, *row = found
        if erased:
            raise Forgotten(f"conversation {conversation.conversation_id} was erased; it cannot be stored again")
        _, sequence, *_ = row
        if sequence is not None:
            stored = conversation_of(tenant_id, user_id, row)
            if stored.content_hash(with_time=time_given) == conversation.content_hash(with_time=time_given):
                return Appended(conversation=stored, created=False, epoch=epoch)
        raise IdempotencyConflict(
            f"conversation {conversation.conversation_id} is stored already with other content, which stands;"
            " if this is another exchange give it an idempotency key of its own"
        )

    async def epoch(self, *, tenant_id: str, user_id: str) -> int:
        epoch = await self._database.fetchval(sql.EPOCH, tenant_id, user_id, operation="epoch")
        return epoch or 0

    async def recent(self, *, scope: Scope, limit: int, compartment: str | None = None) -> list[Conversation]:
        visible = _visible(scope, compartment=compartment)
        return (await self._newest(visible, operation="recent", limit=limit))[::-1]

    async def history(
        self, *, scope: Scope, limit: int, since: dt.datetime | None = None, before: str | None = None
    ) -> list[Conversation]:
        visible = _visible(scope)
        position = (_EVER, _EVER)
        if before is not None:
            found = await self._by_ids(sql.POSITIONS, visible, [before], operation="history")
            if not found:
                raise UnknownConversation("`before` is not a conversation that is visible here")
            _, *position = found[0]
        since_us = -_EVER if since is None else to_us(since)
        return await self._newest(visible, operation="history", limit=limit, since_us=since_us, before=position)

    async def fetch(self, *, scope: Scope, conversation_ids: Sequence[str]) -> list[Conversation]:
        rows = await self._by_ids(sql.BY_IDS, _visible(scope), conversation_ids, operation="fetch")
        rows.sort(key=operator.itemgetter("occurred_at_us", "sequence"), reverse=True)
        return _decoded(rows, scope.tenant_id, scope.user_id)

    async def visible(self, *, scope: Scope, conversation_ids: Sequence[str]) -> frozenset[str]:
        rows = await self._by_ids(sql.POSITIONS, _visible(scope), conversation_ids, operation="visible")
        return frozenset(str(conversation_id) for conversation_id, *_ in rows)

    async def load(self, *, keys: Sequence[ConversationKey]) -> list[Conversation]:
        rows = await self._of_keys(sql.LOAD, keys, operation="load")
        return [conversation_of(tenant_id, user_id, row) for tenant_id, user_id, *row in rows]

    async def existing(self, *, keys: Sequence[ConversationKey]) -> frozenset[str]:
        rows = await self._of_keys(sql.EXISTING, keys, operation="existing")
        return frozenset(str(conversation_id) for (conversation_id,) in rows)

    async def sessions(self, *, scope: Scope, limit: int) -> list[Session]:
        visible = _visible(scope)
        statement = _statement(sql.NEWEST_SITTINGS, visible)
        walk = SessionWalk(limit=limit, gap_us=self._session_gap // _MICROSECOND)
        position = (_EVER, _EVER)
        while not walk.done:
            size = walk.next_rows
            rows = await self._database.fetch(statement, *visible, -_EVER, *position, size, operation="sessions")
            position = walk.take(rows, last=len(rows) < size)
        return walk.sessions()

    async def users(self, *, after: User | None = None, limit: int = 1000) -> list[User]:
        start = ("", "") if after is None else (after.tenant_id, after.user_id)
        rows = await self._database.fetch(sql.USERS, *start, limit, operation="users")
        return [User(tenant_id=tenant_id, user_id=user_id) for tenant_id, user_id in rows]

    async def page(
        self, *, tenant_id: str, user_id: str, after_sequence: int = 0, limit: int = 1000
    ) -> list[Conversation]:
        rows = await self._database.fetch(sql.PAGE, tenant_id, user_id, after_sequence, limit, operation="page")
        return _decoded(rows, tenant_id, user_id)

    async def total_conversations(self, *, tenant_id: str | None = None, user_id: str | None = None) -> int:
        if tenant_id is None:
            return await self._number("total_conversations", sql.TOTAL)
        if user_id is None:
            return await self._number("total_conversations", sql.TOTAL_OF_TENANT, tenant_id)
        return await self._number("total_conversations", sql.TOTAL_OF_USER, tenant_id, user_id)

    async def text_chars(self) -> int:
        return await self._number("text_chars", sql.TEXT_CHARS)

    async def forget_user(self, *, tenant_id: str, user_id: str, projections: Sequence[Projection]) -> ArchiveErasure:
        async with self._database.transaction(operation="forget_user") as connection:
            return await erase_user(connection, user=(tenant_id, user_id), projections=projections)

    async def forget_conversations(
        self,
        *,
        tenant_id: str,
        user_id: str,
        conversation_ids: Sequence[str],
        projections: Sequence[Projection],
        final: bool = True,
    ) -> ArchiveErasure:
        async with self._database.transaction(operation="forget_conversations") as connection:
            return await erase_conversations(
                connection,
                user=(tenant_id, user_id),
                conversation_ids=known_ids(conversation_ids),
                projections=projections,
                final=final,
            )

    async def purge(self) -> bool:
        """Removes erased rows from the tables by a VACUUM; readers and writers go on meanwhile.

        ``True``: no transaction can read them any more and their space is free. What no statement reaches is left to
        the server's keeper: the bytes in a page's free space until other rows take it (``VACUUM FULL`` writes the
        tables anew, and locks them), write-ahead log until its segments are recycled or archived ones deleted, and
        backups.

        ``False``: an open transaction, a standby or a replication slot still holds them, or the tables belong to
        another role.
        """
        return await self._database.run(purge, operation="purge")

    async def record_retrievals(self, *, records: Sequence[RetrievalRecord]) -> None:
        async with self._database.transaction(operation="record_retrievals", durable=False) as connection:
            await insert_records(connection, records)

    async def retrieval_metrics(
        self, *, tenant_id: str | None = None, user_id: str | None = None, since: dt.datetime | None = None
    ) -> RetrievalMetrics:
        return await self._database.run(
            lambda connection: metrics(connection, tenant_id=tenant_id, user_id=user_id, since=since),
            operation="retrieval_metrics",
        )

    async def size_bytes(self) -> int:
        return await self._number("size_bytes", sql.SIZE_BYTES)

    async def _newest(
        self,
        visible: _Visible,
        *,
        operation: str,
        limit: int,
        since_us: int = -_EVER,
        before: Sequence[int] = (_EVER, _EVER),
    ) -> list[Conversation]:
        statement = _statement(sql.NEWEST, visible)
        rows = await self._database.fetch(statement, *visible, since_us, *before, limit, operation=operation)
        return _decoded(rows, visible[0], visible[1])

    async def _by_ids(
        self, statements: sql.Visible, visible: _Visible, conversation_ids: Sequence[str], *, operation: str
    ) -> list[Any]:
        if not (ids := known_ids(conversation_ids)):
            return []
        return await self._database.fetch(_statement(statements, visible), *visible, ids, operation=operation)

    async def _of_keys(self, statement: str, keys: Sequence[ConversationKey], *, operation: str) -> list[Any]:
        wanted = [key for key in dict.fromkeys(keys) if is_conversation_id(key.conversation_id)]
        if not wanted:
            return []
        columns = zip(*((key.tenant_id, key.user_id, key.conversation_id) for key in wanted), strict=True)
        return await self._database.fetch(statement, *map(list, columns), operation=operation)

    async def _number(self, operation: str, statement: str, *arguments: str) -> int:
        return int(await self._database.fetchval(statement, *arguments, operation=operation))


def _visible(scope: Scope, *, compartment: str | None = None) -> _Visible:
    """What a scope may see, or of that one compartment alone."""
    visibility = scope.visibility
    bot_id, compartments = visibility.bot_id, visibility.compartments
    if compartment is not None:
        compartments = frozenset([compartment]) if compartments is None else compartments & {compartment}
    wanted = None if compartments is None else sorted(compartments)
    return (
        scope.tenant_id,
        scope.user_id,
        None if bot_id is None else signed_hash(bot_id),
        bot_id,
        None if wanted is None else [signed_hash(item) for item in wanted],
        wanted,
    )


def _statement(statements: sql.Visible, visible: _Visible) -> str:
    _, _, _, bot_id, _, compartments = visible
    return statements.of(bot=bot_id is not None, compartments=compartments is not None)


def _decoded(rows: Sequence[Any], tenant_id: str, user_id: str) -> list[Conversation]:
    return [conversation_of(tenant_id, user_id, row) for row in rows]
