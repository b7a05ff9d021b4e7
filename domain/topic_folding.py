"""A phrase and its own words are one topic, not three."""

from __future__ import annotations

from collections.abc import Sequence

from .derived import RelatedTopic


def folded(topics: Sequence[RelatedTopic]) -> list[RelatedTopic]:
    """Topics without those that are part of a longer one and were never discussed apart from it; order kept.

    "Harvest" goes where "honey harvest" stands in the same conversations; "honey" stays when it also stands in others.
    """
    phrases = [(topic.label.split(), frozenset(topic.conversation_ids)) for topic in topics]
    return [
        topic
        for topic, (words, conversations) in zip(topics, phrases, strict=True)
        if not any(
            len(others) > len(words) and _holds(others, words) and conversations <= discussed
            for others, discussed in phrases
        )
    ]


def _holds(words: Sequence[str], part: Sequence[str]) -> bool:
    return any(words[start : start + len(part)] == part for start in range(len(words) - len(part) + 1))
