"""What a context is assembled from: the question, and what the sources brought for it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping

import attrs

from .analysis import Analysis
from .conversation import Conversation
from .derived import RelatedTopic, Summary


class Part(enum.StrEnum):
    """A part of the context, in the order in which they claim their space."""

    RECENT = "recent"
    RELEVANT = "relevant"
    TOPICS = "topics"
    OLDER = "older"


@attrs.frozen(kw_only=True)
class Question:
    """What the user asks now.

    Attributes:
        idf: inverse document frequency of each of its terms, above 0; empty where it has none.
        analyse: takes a text apart into the same kind of terms.
    """

    text: str
    idf: Mapping[str, float]
    analyse: Callable[[str], Analysis]


@attrs.frozen(kw_only=True)
class ScorePart:
    """One addend of a score, for the trace: ``lexical`` .83."""

    name: str
    value: float


@attrs.frozen(kw_only=True)
class Candidate:
    """A conversation that a query brought back, and why.

    Attributes:
        score: 0 to 1, higher is better.
        tiers: which of them found it.
        summary: what stands for it where there is no room; ``None`` where there is none yet.
    """

    conversation: Conversation
    score: float
    tiers: tuple[str, ...] = ()
    score_parts: tuple[ScorePart, ...] = ()
    summary: Summary | None = None

    @property
    def conversation_id(self) -> str:
        return self.conversation.conversation_id


@attrs.frozen(kw_only=True)
class ContextMaterial:
    """Everything that may be shown, already checked against the scope.

    Attributes:
        recent: the last conversations, chronological, oldest first.
        candidates: what is relevant to the question, best first.
        related_topics: what belongs to the question, strongest first.
        interests: what the user talks about most, strongest first.
        older: further conversations worth a line, such as those that followed relevant ones; most useful first.
        withheld: ids that a tier returned and the scope or the archive refused; only for the explanation.
        recent_tier, topics_tier, older_tier: where these came from.
    """

    question: Question
    recent: tuple[Conversation, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    related_topics: tuple[RelatedTopic, ...] = ()
    interests: tuple[RelatedTopic, ...] = ()
    older: tuple[Conversation, ...] = ()
    withheld: tuple[str, ...] = ()
    recent_tier: str = "cache"
    topics_tier: str = "graph"
    older_tier: str = "graph"
