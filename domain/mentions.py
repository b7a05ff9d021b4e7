"""What a conversation names, by label: topics and entities that are one label are one mention."""

from __future__ import annotations

import attrs

from .derived import Entity, Extraction


@attrs.frozen(kw_only=True)
class Mention:
    """A label of one conversation.

    Attributes:
        weight: as a topic, 0 to 1; ``None`` where it is none.
        entity: as it is spelt there; ``None`` where it is none.
    """

    weight: float | None = None
    entity: Entity | None = None


def mentions_of(extraction: Extraction) -> dict[str, Mention]:
    """By lower-case label, in the order of the extraction; of two spellings of a name, or weights of a topic, the first."""
    mentions: dict[str, Mention] = {}
    for topic in extraction.topics:
        mentions.setdefault(topic.label.lower(), Mention(weight=topic.weight))
    for entity in extraction.entities:
        label = entity.name.lower()
        mention = mentions.get(label, Mention())
        mentions[label] = attrs.evolve(mention, entity=mention.entity or entity)
    return mentions


def relations_of(extraction: Extraction) -> list[tuple[str, str, str]]:
    """Source, kind and target of each relation, the labels in lower case; none twice."""
    return list(dict.fromkeys((item.source.lower(), item.kind, item.target.lower()) for item in extraction.relations))
