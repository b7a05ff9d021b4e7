"""A phrase and its own words are one topic, not three."""

from __future__ import annotations

from collections.abc import Sequence

from .derived import RelatedTopic


def folded(topics: Sequence[RelatedTopic]) -> list[RelatedTopic]:
    """Topics without those that are part of a longer one and were never discussed apart from it; order kept.

    "Harvest" goes where "honey harvest" stands in the same conversations; "honey" stays when it also stands in others.
    """
    words = [topic.label.split() for topic in topics]
    phrases = [(own, topic) for own, topic in zip(words, topics, strict=True) if len(own) > 1]
    return [
        topic
        for topic, own in zip(topics, words, strict=True)
        if not any(
            len(longer) > len(own)
            and _holds(longer, own)
            and frozenset(topic.conversation_ids).issubset(phrase.conversation_ids)
            for longer, phrase in phrases
        )
    ]


def _holds(words: Sequence[str], part: Sequence[str]) -> bool:
    return any(words[start : start + len(part)] == part for start in range(len(words) - len(part) + 1))
