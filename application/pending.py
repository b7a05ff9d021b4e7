"""Conversations that are stored but not yet in every tier: reads look at them directly, so that nothing is missed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import attrs

from ..domain.conversation import Conversation
from ..domain.place import Scope
from ..domain.projection import Projection
from .asking import Asking
from .tiers import Tiers

MAX_PENDING = 64
"""How many of a user's latest conversations a read looks at directly; analysing one takes about 0.1 ms."""

_WATCHED = (Projection.CACHE, Projection.LEXICAL)
_SHARE = 0.3
_POLL_S = 0.01


@attrs.frozen(kw_only=True)
class PendingConversations:
    """Visible conversations that are not everywhere yet, by id, with the projections that lack them."""

    conversations: Mapping[str, Conversation] = attrs.field(factory=dict)
    lacking: Mapping[str, frozenset[Projection]] = attrs.field(factory=dict)

    def lacking_in(self, projection: Projection) -> list[Conversation]:
        """Those that have not reached one projection; any order."""
        return [item for key, item in self.conversations.items() if projection in self.lacking[key]]


async def pending_conversations(*, tiers: Tiers, scope: Scope, asking: Asking) -> PendingConversations:
    """What this scope may see of what is not everywhere yet, the latest stored `MAX_PENDING` of the user.

    It is read before any tier is asked: then a conversation is either found here or in the tiers.
    """
    watched = tuple(projection for projection in _WATCHED if projection in tiers.derived)
    if not watched:
        return PendingConversations()
    lacking: dict[str, frozenset[Projection]] = await asking.ask(
        "archive",
        lambda: tiers.outbox.pending(
            tenant_id=scope.tenant_id, user_id=scope.user_id, projections=watched, limit=MAX_PENDING
        ),
        share=_SHARE,
        default={},
    )
    if not lacking:
        return PendingConversations()
    found: list[Conversation] = await asking.ask(
        "archive",
        lambda: tiers.archive.fetch(scope=scope, conversation_ids=tuple(lacking)),
        share=_SHARE,
        default=[],
    )
    conversations = {item.conversation_id: item for item in found}
    return PendingConversations(conversations=conversations, lacking={key: lacking[key] for key in conversations})


async def wait_until_few_pending(*, tiers: Tiers, scope: Scope, asking: Asking, share: float) -> None:
    """Waits, for a part of the deadline, while more of the user's conversations wait than a read looks at directly."""
    if tiers.lexical is None:
        return
    while asking.remaining_s(share) > 0:
        lacking: dict[str, frozenset[Projection]] = await asking.ask(
            "archive",
            lambda: tiers.outbox.pending(
                tenant_id=scope.tenant_id,
                user_id=scope.user_id,
                projections=(Projection.LEXICAL, Projection.SUMMARIES),
                limit=MAX_PENDING + 1,
            ),
            share=share,
            default={},
        )
        if len(lacking) <= MAX_PENDING:
            return
        await asyncio.sleep(_POLL_S)
