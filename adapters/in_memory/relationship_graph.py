"""Tier 4 over a dictionary of records: every answer is worked out from the conversations themselves."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ...domain.derived import Entity, RelatedTopic
from ...domain.place import Scope
from ...domain.projection import Projection
from ...domain.sessions import SESSION_GAP
from ...ports.conversation_archive import User
from ...ports.relationship_graph import GraphRecord, RelationshipGraph

Mentions = Mapping[str, Sequence[GraphRecord]]
"""By lower-case label, the records that hold it, newest first."""


class InMemoryRelationshipGraph(RelationshipGraph):
    """Conversations of this process with what they name.

    Args:
        session_gap: a longer pause ends a session that the caller did not name.
    """

    name = Projection.GRAPH.value

    def __init__(self, *, session_gap: dt.timedelta = SESSION_GAP) -> None:
        self._session_gap = session_gap
        self._records: dict[User, dict[str, GraphRecord]] = {}

    async def add(self, *, records: Sequence[GraphRecord]) -> None:
        """Upserts conversations, keyed by conversation id."""
        for record in records:
            user = User(tenant_id=record.key.tenant_id, user_id=record.key.user_id)
            self._records.setdefault(user, {})[record.key.conversation_id] = record

    async def related_topics(self, *, scope: Scope, labels: Sequence[str], limit: int) -> list[RelatedTopic]:
        """What visible conversations discuss together with these labels, strongest first.

        The strength of two labels is the cosine of the sets of conversations that hold them: the number that hold both
        by the root of the product of the numbers that hold each (Salton and McGill 1983).
        """
        mentions = _mentions(self._visible(scope))
        asked = [label for label in mentions if any(_names(wanted.lower(), label) for wanted in labels)]
        related = [
            (max(_strength(mentions, label, other) for other in asked), label not in asked, label)
            for label in mentions
            if asked
        ]
        related = [item for item in related if item[0] > 0]
        related.sort(key=lambda item: (-item[0], item[1], item[2]))
        return [_topic(mentions, label, strength) for strength, _, label in related[:limit]]

    async def interests(self, *, scope: Scope, limit: int) -> list[RelatedTopic]:
        """Topics by the share of visible conversations that are about them, largest first."""
        visible = self._visible(scope)
        topics = {topic.label.lower() for record in visible for topic in record.extraction.topics}
        mentions = _mentions(visible)
        ranked = sorted(topics, key=lambda label: (-len(mentions[label]), label))
        return [_topic(mentions, label, len(mentions[label]) / len(visible)) for label in ranked[:limit]]

    async def entities(self, *, scope: Scope, limit: int) -> list[Entity]:
        """Entities of the visible conversations, most often named first, equal ones by name; spelt as last said."""
        spelt: dict[str, Entity] = {}
        named: Counter[str] = Counter()
        for record in self._visible(scope):
            said = {entity.name.lower(): entity for entity in record.extraction.entities}
            named.update(said.keys())
            spelt = said | spelt
        ranked = sorted(named, key=lambda name: (-named[name], name))
        return [spelt[name] for name in ranked[:limit]]

    async def followed_by(self, *, scope: Scope, conversation_id: str, limit: int) -> list[str]:
        """Conversations that came next in the same place and session, in their order."""
        chronological = self._visible(scope)[::-1]
        start = next((item for item in chronological if item.key.conversation_id == conversation_id), None)
        if start is None:
            return []
        following: list[str] = []
        previous = start
        for record in chronological[chronological.index(start) + 1 :]:
            if _sitting(record) != _sitting(start):
                continue
            if record.session_id is None and record.occurred_at - previous.occurred_at > self._session_gap:
                break
            following.append(record.key.conversation_id)
            previous = record
        return following[:limit]

    async def forget_user(self, *, tenant_id: str, user_id: str) -> int:
        """Removes everything of a user; how many conversations went."""
        return len(self._records.pop(User(tenant_id=tenant_id, user_id=user_id), {}))

    async def forget_conversations(self, *, tenant_id: str, user_id: str, conversation_ids: Sequence[str]) -> int:
        """Removes these conversations of that user with what only they named; how many went."""
        records = self._records.get(User(tenant_id=tenant_id, user_id=user_id), {})
        return sum(records.pop(conversation_id, None) is not None for conversation_id in conversation_ids)

    async def conversation_ids(self, *, tenant_id: str, user_id: str) -> frozenset[str]:
        """The conversations of a user that are in the graph."""
        return frozenset(self._records.get(User(tenant_id=tenant_id, user_id=user_id), {}))

    async def size_bytes(self) -> int:
        """Bytes of the labels, once for each conversation that holds them."""
        return sum(
            len(label.encode())
            for records in self._records.values()
            for record in records.values()
            for label in _labels(record)
        )

    def _visible(self, scope: Scope) -> list[GraphRecord]:
        """What the scope may see, newest first."""
        records = self._records.get(User(tenant_id=scope.tenant_id, user_id=scope.user_id), {}).values()
        visible = [
            record
            for record in records
            if scope.visibility.allows(bot_id=record.bot_id, compartment=record.place.compartment)
        ]
        return sorted(visible, key=lambda record: (record.occurred_at, record.sequence), reverse=True)


def _labels(record: GraphRecord) -> frozenset[str]:
    """Topics and entities of a conversation in lower case: a name that is also a topic is one label."""
    extraction = record.extraction
    return frozenset(
        [topic.label.lower() for topic in extraction.topics] + [entity.name.lower() for entity in extraction.entities]
    )


def _mentions(records: Iterable[GraphRecord]) -> Mentions:
    mentions: dict[str, list[GraphRecord]] = {}
    for record in records:
        for label in _labels(record):
            mentions.setdefault(label, []).append(record)
    return mentions


def _names(wanted: str, label: str) -> bool:
    """Whether a label is the wanted one or holds it as whole words."""
    return re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", label) is not None


def _strength(mentions: Mentions, left: str, right: str) -> float:
    both = len({item.key for item in mentions[left]} & {item.key for item in mentions[right]})
    return both / math.sqrt(len(mentions[left]) * len(mentions[right]))


def _topic(mentions: Mentions, label: str, strength: float) -> RelatedTopic:
    return RelatedTopic(
        label=label,
        strength=strength,
        conversation_ids=tuple(record.key.conversation_id for record in mentions[label]),
    )


def _sitting(record: GraphRecord) -> tuple[str, str, str | None]:
    """What two conversations of one session have in common."""
    return (record.bot_id, record.place.key, record.session_id)
