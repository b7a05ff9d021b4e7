"""Tier 4 over a dictionary of records: every answer is worked out from the conversations themselves."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from ...domain.conversation import ConversationKey
from ...domain.derived import Entity, RelatedTopic
from ...domain.place import Scope
from ...domain.projection import Projection
from ...domain.sessions import SESSION_GAP
from ...ports.conversation_archive import User
from ...ports.relationship_graph import GraphRecord, RelationshipGraph

NEIGHBOUR_WEIGHT = 0.25
"""How much a label counts that was said right before or after, in the same session, instead of in the same breath."""

_DECIMALS = 9
"""Beyond these, sums of the same numbers in another order differ."""

Mentions = Mapping[str, Sequence[GraphRecord]]
"""By lower-case label, the records that hold it, newest first; labels of newer conversations first."""


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
        """What visible conversations discuss together with these labels, strongest first, of equal ones the newest.

        The strength is the cosine of two vectors over the conversations (for sets: Ochiai's coefficient, Salton and
        McGill 1983): that of the asked label, in which the neighbours of a conversation that holds it count with
        `NEIGHBOUR_WEIGHT`, and that of the other. It is multiplied by the root of the share of conversations that do
        without the other. Of several asked labels the nearest counts.
        """
        visible = self._visible(scope)
        mentions = _mentions(visible)
        strengths: dict[str, float] = {}
        asked: set[str] = set()
        for wanted in labels:
            matching = {label for label in mentions if _names(wanted.lower(), label)}
            asked |= matching
            near = self._near(visible, {record.key for label in matching for record in mentions[label]})
            for label, holding in mentions.items():
                together = sum(near.get(record.key, 0.0) for record in holding)
                if together:
                    length = math.sqrt(sum(weight**2 for weight in near.values()) * len(holding))
                    rareness = math.sqrt(1 - len(holding) / (len(visible) + 1))
                    strengths[label] = max(strengths.get(label, 0.0), together / length * rareness)
        newest_first = [label for label in mentions if label in strengths]
        ranked = sorted(newest_first, key=lambda label: (-round(strengths[label], _DECIMALS), label not in asked))
        return [_topic(mentions, label, round(strengths[label], _DECIMALS)) for label in ranked[:limit]]

    async def interests(self, *, scope: Scope, limit: int) -> list[RelatedTopic]:
        """Topics, strongest first, of equal ones the newest.

        The strength is the geometric mean of two shares: of the conversations, each counted by the root of the topic's
        weight in it (one of five topics still counts nearly half), and of the sittings that hold the topic; a session
        over several days (UTC) is a sitting a day.
        """
        visible = self._visible(scope)
        mentions = _mentions(visible)
        sitting_of = {
            record.key: (number, record.occurred_at.astimezone(dt.UTC).date())
            for number, sitting in enumerate(self._sittings(visible))
            for record in sitting
        }
        strengths: dict[str, float] = {}
        for label, holding in mentions.items():
            if weighed := sum(math.sqrt(_weight(record, label)) for record in holding):
                sittings = {sitting_of[record.key] for record in holding}
                shares = weighed / len(visible), len(sittings) / len(set(sitting_of.values()))
                strengths[label] = math.sqrt(math.prod(shares))
        ranked = sorted(strengths, key=lambda label: -round(strengths[label], _DECIMALS))
        return [_topic(mentions, label, round(strengths[label], _DECIMALS)) for label in ranked[:limit]]

    async def entities(self, *, scope: Scope, limit: int) -> list[Entity]:
        """Entities of the visible conversations, most often named first, of equal ones the newest; as spelt last."""
        spelt: dict[str, Entity] = {}
        named: Counter[str] = Counter()
        for record in self._visible(scope):
            said = {entity.name.lower(): entity for entity in record.extraction.entities}
            named.update(said.keys())
            spelt = said | spelt
        return [spelt[name] for name, _ in named.most_common(limit)]

    async def followed_by(self, *, scope: Scope, conversation_id: str, limit: int) -> list[str]:
        """Conversations that came next in the same place and session, in their order."""
        for sitting in self._sittings(self._visible(scope)):
            ids = [record.key.conversation_id for record in sitting]
            if conversation_id in ids:
                return ids[ids.index(conversation_id) + 1 :][:limit]
        return []

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

    def _sittings(self, newest_first: Sequence[GraphRecord]) -> list[list[GraphRecord]]:
        """The records by session; in each of them chronological."""
        open_sittings: dict[tuple[str, str, str | None], list[GraphRecord]] = {}
        sittings: list[list[GraphRecord]] = []
        for record in reversed(newest_first):
            place = (record.bot_id, record.place.key, record.session_id)
            sitting = open_sittings.get(place)
            if sitting is None or (
                record.session_id is None and record.occurred_at - sitting[-1].occurred_at > self._session_gap
            ):
                sitting = open_sittings[place] = []
                sittings.append(sitting)
            sitting.append(record)
        return sittings

    def _near(
        self, newest_first: Sequence[GraphRecord], holding: Collection[ConversationKey]
    ) -> Mapping[ConversationKey, float]:
        """1 for the conversations that hold a label, less for those right before and after them."""
        near = dict.fromkeys(holding, 1.0)
        for sitting in self._sittings(newest_first):
            for one, next_one in itertools.pairwise(record.key for record in sitting):
                if one in holding:
                    near.setdefault(next_one, NEIGHBOUR_WEIGHT)
                if next_one in holding:
                    near.setdefault(one, NEIGHBOUR_WEIGHT)
        return near


def _labels(record: GraphRecord) -> frozenset[str]:
    """Topics and entities of a conversation in lower case: a name that is also a topic is one label."""
    extraction = record.extraction
    return frozenset(
        [topic.label.lower() for topic in extraction.topics] + [entity.name.lower() for entity in extraction.entities]
    )


def _weight(record: GraphRecord, label: str) -> float:
    """The label's weight as a topic of the conversation; 0 where it is none."""
    return next((topic.weight for topic in record.extraction.topics if topic.label.lower() == label), 0.0)


def _mentions(records: Iterable[GraphRecord]) -> Mentions:
    mentions: dict[str, list[GraphRecord]] = {}
    for record in records:
        for label in sorted(_labels(record)):
            mentions.setdefault(label, []).append(record)
    return mentions


def _names(wanted: str, label: str) -> bool:
    """Whether a label is the wanted one or holds it as whole words."""
    return re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", label) is not None


def _topic(mentions: Mentions, label: str, strength: float) -> RelatedTopic:
    return RelatedTopic(
        label=label,
        strength=strength,
        conversation_ids=tuple(record.key.conversation_id for record in mentions[label]),
    )
