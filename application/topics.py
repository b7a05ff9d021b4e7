"""Topics leave only where the archive confirms a conversation behind them: a graph may still hold what was forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..domain.derived import RelatedTopic

FOLDING: Final = 2
"""So many times as many topics are asked for as are wanted: parts of longer ones are folded into them."""


def conversations_behind(topics: Iterable[RelatedTopic], *, each: int | None = None) -> tuple[str, ...]:
    """The ids of the conversations in which topics were discussed, none twice.

    Args:
        each: only so many of the newest of each topic; ``None``: all.
    """
    return tuple(dict.fromkeys(item for topic in topics for item in topic.conversation_ids[:each]))


def confirmed(topics: Iterable[RelatedTopic], *, visible: frozenset[str]) -> list[RelatedTopic]:
    """Topics with those of their conversations that are visible; without one that has none. Order kept."""
    found = []
    for topic in topics:
        witnesses = tuple([item for item in topic.conversation_ids if item in visible])
        if witnesses:
            found.append(RelatedTopic(label=topic.label, strength=topic.strength, conversation_ids=witnesses))
    return found
