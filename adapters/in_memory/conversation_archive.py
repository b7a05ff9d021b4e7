"""Tier 2 over plain dictionaries."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Sequence

import attrs

from ...domain.conversation import Conversation, ConversationKey, Session
from ...domain.errors import Forgotten, IdempotencyConflict, UnknownConversation
from ...domain.place import Scope
from ...domain.projection import JobKind, Projection
from ...domain.retrieval_metrics import RetrievalMetrics, RetrievalRecord
from ...domain.sessions import SESSION_GAP, split_into_sessions
from ...ports.conversation_archive import Appended, ArchiveErasure, ConversationArchive, User
from .archive_moving import InMemoryArchiveMoving
from .handing_out import handed_out
from .store import InMemoryStore

KEPT_RECORDS = 100_000
"""The latest measurements of retrievals."""


class InMemoryConversationArchive(InMemoryArchiveMoving, ConversationArchive):
    """Every conversation of this process; durable only as long as it lives.

    Args:
        store: shared with the outbox.
        session_gap: a longer pause ends a session that the caller did not name.
    """

    def __init__(self, *, store: InMemoryStore, session_gap: dt.timedelta = SESSION_GAP) -> None:
        self._store = store
        self._session_gap = session_gap

    async def append(
        self, *, conversation: Conversation, projections: Sequence[Projection], time_given: bool
    ) -> Appended:
        """Stores a conversation and one outbox job a projection; nothing can come between."""
        store = self._store
        store.check_fence()
        user = User(tenant_id=conversation.tenant_id, user_id=conversation.user_id)
        if conversation.conversation_id in store.tombstones:
            raise Forgotten(f"conversation {conversation.conversation_id} was erased and stays erased")
        if (known := store.conversations.get(conversation.conversation_id)) is not None:
            if known.content_hash(with_time=time_given) != conversation.content_hash(with_time=time_given):
                raise IdempotencyConflict(
                    f"conversation {conversation.conversation_id} is stored already with other content, which stands;"
                    " if this is another exchange give it an idempotency key of its own"
                )
            return Appended(conversation=known, created=False, epoch=store.epochs[user])
        stored = attrs.evolve(conversation, sequence=store.next_sequence())
        store.conversations[stored.conversation_id] = stored
        store.queue(kind=JobKind.PROJECT, user=user, conversation_id=stored.conversation_id, projections=projections)
        return Appended(conversation=stored, created=True, epoch=store.epochs[user])

    async def epoch(self, *, tenant_id: str, user_id: str) -> int:
        """The user's epoch; 0 for an unknown user."""
        return self._store.epochs[User(tenant_id=tenant_id, user_id=user_id)]

    async def recent(self, *, scope: Scope, limit: int, compartment: str | None = None) -> list[Conversation]:
        """The latest visible conversations, oldest of them first."""
        visible = [item for item in self._visible(scope) if compartment in (None, item.place.compartment)]
        return handed_out(visible[:limit][::-1])

    async def history(
        self, *, scope: Scope, limit: int, since: dt.datetime | None = None, before: str | None = None
    ) -> list[Conversation]:
        """Visible conversations, newest first."""
        visible = self._visible(scope)
        if before is not None:
            ids = [conversation.conversation_id for conversation in visible]
            if before not in ids:
                raise UnknownConversation(f"no conversation {before} is visible here")
            visible = visible[ids.index(before) + 1 :]
        return handed_out([item for item in visible if since is None or item.occurred_at >= since][:limit])

    async def fetch(self, *, scope: Scope, conversation_ids: Sequence[str]) -> list[Conversation]:
        """Those of the conversations that are visible, newest first."""
        wanted = frozenset(conversation_ids)
        return handed_out(item for item in self._visible(scope) if item.conversation_id in wanted)

    async def visible(self, *, scope: Scope, conversation_ids: Sequence[str]) -> frozenset[str]:
        """The ids of those conversations that are visible."""
        return frozenset(conversation_ids) & {item.conversation_id for item in self._visible(scope)}

    async def load(self, *, keys: Sequence[ConversationKey]) -> list[Conversation]:
        """Stored conversations of any users."""
        wanted = frozenset(keys)
        return handed_out(item for item in self._store.conversations.values() if item.key in wanted)

    async def existing(self, *, keys: Sequence[ConversationKey]) -> frozenset[str]:
        """The ids of those conversations that are stored at present."""
        wanted = frozenset(keys)
        return frozenset(item.conversation_id for item in self._store.conversations.values() if item.key in wanted)

    async def sessions(self, *, scope: Scope, limit: int) -> list[Session]:
        """The latest sessions among the visible conversations, newest first."""
        return split_into_sessions(self._visible(scope), gap=self._session_gap)[:limit]

    async def users(self, *, after: User | None = None, limit: int = 1000) -> list[User]:
        """Users with at least one conversation, by tenant and user id."""
        known = {(item.tenant_id, item.user_id) for item in self._store.conversations.values()}
        start = ("", "") if after is None else (after.tenant_id, after.user_id)
        return [
            User(tenant_id=tenant_id, user_id=user_id)
            for tenant_id, user_id in sorted(known)
            if (tenant_id, user_id) > start
        ][:limit]

    async def page(
        self, *, tenant_id: str, user_id: str, after_sequence: int = 0, limit: int = 1000
    ) -> list[Conversation]:
        """Every conversation of a user by rising sequence, one page after ``after_sequence``."""
        stored = self._store.of_user(User(tenant_id=tenant_id, user_id=user_id))
        return handed_out([item for item in stored if item.sequence > after_sequence][:limit])

    async def total_conversations(self, *, tenant_id: str | None = None, user_id: str | None = None) -> int:
        """How many conversations are stored."""
        return sum(
            tenant_id in (None, item.tenant_id) and user_id in (None, item.user_id)
            for item in self._store.conversations.values()
        )

    async def text_chars(self) -> int:
        """Characters of all stored texts, both sides."""
        return sum(item.text_chars for item in self._store.conversations.values())

    async def forget_user(self, *, tenant_id: str, user_id: str, projections: Sequence[Projection]) -> ArchiveErasure:
        """Erases a user; nothing can come between."""
        user = User(tenant_id=tenant_id, user_id=user_id)
        store = self._store
        erased = self._erase(user, [item.conversation_id for item in store.of_user(user)])
        store.drop_jobs(user=user, conversation_ids=None)
        store.retrievals = [
            record for record in store.retrievals if (record.tenant_id, record.user_id) != (tenant_id, user_id)
        ]
        store.queue(kind=JobKind.FORGET_USER, user=user, conversation_id=None, projections=projections)
        return erased

    async def forget_conversations(
        self,
        *,
        tenant_id: str,
        user_id: str,
        conversation_ids: Sequence[str],
        projections: Sequence[Projection],
        final: bool = True,
    ) -> ArchiveErasure:
        """Erases these conversations of that user; ids of others and unknown ones are left alone."""
        user = User(tenant_id=tenant_id, user_id=user_id)
        store = self._store
        wanted = frozenset(conversation_ids)
        erased = self._erase(
            user, [item.conversation_id for item in store.of_user(user) if item.conversation_id in wanted], final=final
        )
        store.drop_jobs(user=user, conversation_ids=frozenset(erased.conversation_ids))
        for conversation_id in erased.conversation_ids:
            store.queue(
                kind=JobKind.FORGET_CONVERSATION, user=user, conversation_id=conversation_id, projections=projections
            )
        return erased

    async def purge(self) -> bool:
        """Always done: what nothing refers to is gone."""
        return True

    async def record_retrievals(self, *, records: Sequence[RetrievalRecord]) -> None:
        """Keeps measurements of retrievals of users who have a conversation."""
        known = {(item.tenant_id, item.user_id) for item in self._store.conversations.values()}
        self._store.retrievals.extend(record for record in records if (record.tenant_id, record.user_id) in known)
        del self._store.retrievals[:-KEPT_RECORDS]

    async def retrieval_metrics(
        self, *, tenant_id: str | None = None, user_id: str | None = None, since: dt.datetime | None = None
    ) -> RetrievalMetrics:
        """Figures over the kept records; percentiles by nearest rank."""
        records = [
            record
            for record in self._store.retrievals
            if tenant_id in (None, record.tenant_id)
            and user_id in (None, record.user_id)
            and (since is None or record.occurred_at >= since)
        ]
        if not records:
            return RetrievalMetrics()
        times = sorted(record.retrieval_time_ms for record in records)
        sources = Counter(source for record in records for source in record.sources_used)
        contexts = [record for record in records if record.kind == "context"]
        return RetrievalMetrics(
            retrievals=len(records),
            retrieval_time_ms_p50=times[math.ceil(0.5 * len(times)) - 1],
            retrieval_time_ms_p95=times[math.ceil(0.95 * len(times)) - 1],
            context_chars_mean=sum(record.context_chars for record in contexts) / max(1, len(contexts)),
            cache_hit_ratio=sum(record.cache_hit for record in contexts) / max(1, len(contexts)),
            sources_used=tuple(sorted(sources.items(), key=lambda item: (-item[1], item[0]))),
        )

    async def size_bytes(self) -> int:
        """Bytes of the texts as UTF-8."""
        return sum(
            len(item.user_message.encode()) + len(item.bot_response.encode())
            for item in self._store.conversations.values()
        )

    def _visible(self, scope: Scope) -> list[Conversation]:
        """What the scope may see, newest first."""
        user = User(tenant_id=scope.tenant_id, user_id=scope.user_id)
        visible = [item for item in self._store.of_user(user) if item.visible_in(scope)]
        return sorted(visible, key=lambda item: item.order, reverse=True)

    def _erase(self, user: User, conversation_ids: Sequence[str], *, final: bool = True) -> ArchiveErasure:
        """Removes conversations of one user, leaves tombstones where that is final, and raises the epoch."""
        self._store.check_fence()
        for conversation_id in conversation_ids:
            del self._store.conversations[conversation_id]
            (self._store.tombstones if final else self._store.withdrawn).add(conversation_id)
        self._store.epochs[user] += 1
        return ArchiveErasure(conversation_ids=tuple(conversation_ids), epoch=self._store.epochs[user])
