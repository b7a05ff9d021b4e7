"""Tier 4: who talks about what, what belongs together, what followed what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

import attrs

from ..domain.conversation import ConversationKey
from ..domain.derived import Entity, Extraction, RelatedTopic
from ..domain.place import Place, Scope
from .derived_tier import DerivedTier


@attrs.frozen(kw_only=True)
class GraphRecord:
    """One conversation as a node of the graph, with what it names."""

    key: ConversationKey
    sequence: int
    place: Place
    bot_id: str
    session_id: str | None
    occurred_at: dt.datetime
    extraction: Extraction


class RelationshipGraph(DerivedTier, Protocol):
    """Users, conversations, topics and entities. Strengths are derived from the edges, never counted up."""

    async def add(self, *, records: Sequence[GraphRecord]) -> None:
        """Upserts conversations with their edges, keyed by conversation id. Idempotent, in any order."""
        ...

    async def related_topics(self, *, scope: Scope, labels: Sequence[str], limit: int) -> list[RelatedTopic]:
        """Topics and entities that visible conversations discuss together with these labels, strongest first.

        Labels are compared in lower case with topics and entity names, also as whole words within longer ones. Topics
        that match a label come first of equal strength. What is named right before or after, in the same session,
        counts as discussed together too, but less. Strength grows with the number of conversations that hold both
        and shrinks for labels that are in all of them. Nothing known of the labels: an empty list.
        """
        ...

    async def interests(self, *, scope: Scope, limit: int) -> list[RelatedTopic]:
        """What the user talks about most, over the visible conversations, strongest first."""
        ...

    async def entities(self, *, scope: Scope, limit: int) -> list[Entity]:
        """Entities of the visible conversations, most often named first."""
        ...

    async def followed_by(self, *, scope: Scope, conversation_id: str, limit: int) -> list[str]:
        """Conversations that came next in the same place and session, in their order; empty for an invisible id."""
        ...
