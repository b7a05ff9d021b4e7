"""Conversations that are stored but not yet in every tier: reads look at them directly, so that nothing is missed."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence

import attrs

from ..domain.assembly_metadata import TierStatus
from ..domain.conversation import Conversation
from ..domain.place import Scope
from ..domain.projection import Projection
from .asking import Asking
from .tiers import Tiers

MAX_PENDING = 64
"""How many of a user's latest conversations a read looks at directly; analysing one takes about 0.1 ms."""

_SHARE = 0.3
_POLL_S = 0.01
_MOMENT_SHARE = 0.15
"""Of a search's deadline: a projection takes some hundredths of a second, unless its tier is down."""


@attrs.frozen(kw_only=True)
class PendingConversations:
    """Visible conversations that are not everywhere yet, by id, with the projections that lack them.

    Attributes:
        behind: projections that may lack more than these.
    """

    conversations: Mapping[str, Conversation] = attrs.field(factory=dict)
    lacking: Mapping[str, frozenset[Projection]] = attrs.field(factory=dict)
    behind: frozenset[Projection] = frozenset()

    def lacking_in(self, projection: Projection) -> list[Conversation]:
        """Those that have not reached one projection; any order."""
        return [item for key, item in self.conversations.items() if projection in self.lacking[key]]


async def pending_conversations(*, tiers: Tiers, scope: Scope, asking: Asking) -> PendingConversations:
    """What this scope may see of what is not everywhere yet, the latest stored `MAX_PENDING` of the user.

    It is read before any tier is asked: then a conversation is either found here or in the tiers. Where more of them
    wait, the lexical index is reported as stale, and the cache is not to be asked at all: the archive does as well.
    """
    watched = _watched(tiers, Projection.CACHE, Projection.LEXICAL)
    lacking = await _lacking(tiers, scope, asking, watched, share=_SHARE)
    behind: frozenset[Projection] = frozenset()
    if len(lacking) > MAX_PENDING:
        # A cache that is far behind must not hide the few that the index lacks.
        behind = frozenset({Projection.CACHE})
        lacking = await _lacking(tiers, scope, asking, _watched(tiers, Projection.LEXICAL), share=_SHARE)
    if len(lacking) > MAX_PENDING:
        behind |= {Projection.LEXICAL}
        asking.note(Projection.LEXICAL.value, TierStatus.STALE)
        lacking = dict(itertools.islice(lacking.items(), MAX_PENDING))
    if not lacking:
        return PendingConversations(behind=behind)
    found: list[Conversation] = await asking.ask(
        "archive",
        lambda: tiers.archive.fetch(scope=scope, conversation_ids=tuple(lacking)),
        share=_SHARE,
        default=[],
    )
    conversations = {item.conversation_id: item for item in found}
    return PendingConversations(
        conversations=conversations, lacking={key: lacking[key] for key in conversations}, behind=behind
    )


async def wait_until_few_pending(*, tiers: Tiers, scope: Scope, asking: Asking, share: float) -> None:
    """Waits, for a part of the deadline, while more of the user's conversations wait than a read looks at directly.

    For a moment it waits for the last of them too: what is not projected yet is found by its words, not by its meaning.
    """
    searched = _watched(tiers, Projection.LEXICAL, Projection.SUMMARIES)
    while asking.remaining_s(share) > 0:
        waiting = len(await _lacking(tiers, scope, asking, searched, share=share))
        if not waiting or (waiting <= MAX_PENDING and not asking.remaining_s(_MOMENT_SHARE)):
            return
        await asyncio.sleep(_POLL_S)


def _watched(tiers: Tiers, *projections: Projection) -> tuple[Projection, ...]:
    """Those that are on: nobody works off the jobs of the others."""
    return tuple(projection for projection in projections if projection in tiers.derived)


async def _lacking(
    tiers: Tiers, scope: Scope, asking: Asking, projections: Sequence[Projection], *, share: float
) -> dict[str, frozenset[Projection]]:
    """The user's latest stored conversations that lack one of these, one more than a read looks at."""
    if not projections:
        return {}
    return await asking.ask(
        "archive",
        lambda: tiers.outbox.pending(
            tenant_id=scope.tenant_id, user_id=scope.user_id, projections=projections, limit=MAX_PENDING + 1
        ),
        share=share,
        default={},
    )
