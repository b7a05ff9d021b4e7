"""Reads that need no ranking: history, single conversations, sessions, interests, export."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence

import attrs

from ..domain.conversation import Conversation, Session
from ..domain.derived import RelatedTopic
from ..domain.errors import InvalidConversation
from ..domain.identifiers import is_conversation_id
from ..domain.json_values import EMPTY
from ..domain.place import Scope
from ..domain.topic_folding import folded
from ..ports.clock import Clock
from ..ports.conversation_archive import User
from .tiers import Tiers
from .topics import FOLDING, confirmed, conversations_behind

EXPORT_PAGE = 500


MAX_LIMIT = 2**31 - 1
"""More than any user has, and a number that every store can hold."""


def checked_limit(name: str, value: object) -> int:
    """A whole number of at least 1; at most `MAX_LIMIT`, which stands for everything above it.

    Raises:
        InvalidConversation: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidConversation(f"{name} must be a whole number of at least 1")
    return min(value, MAX_LIMIT)


def _checked_days(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise InvalidConversation("since_days must be a number above 0, or None for all")
    return value


class Read:
    """Hands out what a scope may see."""

    def __init__(self, *, tiers: Tiers, clock: Clock) -> None:
        self._tiers = tiers
        self._clock = clock

    async def history(
        self, *, scope: Scope, limit: int, since_days: float | None, before: str | None
    ) -> list[Conversation]:
        """Visible conversations, newest first."""
        limit = checked_limit("limit", limit)
        since = None
        if since_days is not None:
            since = self._clock.now() - dt.timedelta(days=min(_checked_days(since_days), 400_000))
        if before is not None and not is_conversation_id(before):
            raise InvalidConversation("before must be a conversation_id, the last one of the page before")
        return await self._tiers.archive.history(scope=scope, limit=limit, since=since, before=before)

    async def conversations(
        self, *, scope: Scope, conversation_ids: Sequence[str], include_metadata: bool
    ) -> list[Conversation]:
        """Those of the conversations that are visible, newest first."""
        if isinstance(conversation_ids, str):
            raise InvalidConversation("conversation_ids must be a list of ids, not one text")
        ids = [item for item in conversation_ids if is_conversation_id(item)]
        found = await self._tiers.archive.fetch(scope=scope, conversation_ids=ids) if ids else []
        return found if include_metadata else [without_metadata(item) for item in found]

    async def sessions(self, *, scope: Scope, limit: int) -> list[Session]:
        """The latest sessions, newest first."""
        return await self._tiers.archive.sessions(scope=scope, limit=checked_limit("limit", limit))

    async def interests(self, *, scope: Scope, limit: int) -> list[RelatedTopic]:
        """What the user talks about most, strongest first; empty without a graph."""
        limit = checked_limit("limit", limit)
        if self._tiers.graph is None:
            return []
        found = folded(await self._tiers.graph.interests(scope=scope, limit=FOLDING * limit))[:limit]
        visible = await self._tiers.archive.visible(scope=scope, conversation_ids=conversations_behind(found))
        return confirmed(found, visible=visible)

    async def export_all(self, *, tenant_id: str) -> AsyncIterator[Conversation]:
        """Every conversation of every user of a tenant: user by user in a fixed order, each in the order of storing."""
        after: User | None = User(tenant_id=tenant_id, user_id="")
        while users := await self._tiers.archive.users(after=after):
            for user in users:
                if user.tenant_id != tenant_id:
                    return
                async for conversation in self.export(tenant_id=tenant_id, user_id=user.user_id):
                    yield conversation
            after = users[-1]

    async def export(self, *, tenant_id: str, user_id: str) -> AsyncIterator[Conversation]:
        """Every conversation of a user in the order of storing, page by page."""
        after = 0
        while page := await self._tiers.archive.page(
            tenant_id=tenant_id, user_id=user_id, after_sequence=after, limit=EXPORT_PAGE
        ):
            for conversation in page:
                yield conversation
            after = page[-1].sequence


def without_metadata(conversation: Conversation) -> Conversation:
    """The conversation with its texts, times and place alone."""
    return attrs.evolve(
        conversation, emotion_data=EMPTY, user_metadata=EMPTY, processing_metadata=EMPTY, metadata=EMPTY
    )
