"""What is derived from a conversation: its summary, topics, entities, relations and intent."""

from __future__ import annotations

import datetime as dt
import enum

import attrs

from .conversation import ConversationKey
from .place import Place

MAX_SUMMARY_CHARS = 150


class Intent(enum.StrEnum):
    """What the user wants with a message."""

    QUESTION = "question"
    HELP_REQUEST = "help_request"
    GREETING = "greeting"
    OPINION = "opinion"
    PROBLEM_REPORT = "problem_report"
    ACKNOWLEDGEMENT = "acknowledgement"
    GENERAL = "general"


class EntityKind(enum.StrEnum):
    """What an entity is, as far as it is known."""

    PERSON = "person"
    PLACE = "place"
    THING = "thing"


@attrs.frozen(kw_only=True)
class Topic:
    """What a conversation is about.

    Attributes:
        label: lower case, as people say it, at most three words; never a stop word or a greeting.
        weight: its share in the conversation, 0 to 1.
    """

    label: str
    weight: float = 1.0


@attrs.frozen(kw_only=True)
class Entity:
    """A person, place or thing that a conversation names, spelt as it was said."""

    name: str
    kind: EntityKind = EntityKind.THING


@attrs.frozen(kw_only=True)
class Relation:
    """A typed edge between two labels, said in one conversation: ``Ana`` -``moved_to``-> ``Porto``."""

    source: str
    kind: str
    target: str


@attrs.frozen(kw_only=True)
class Extraction:
    """Topics, best first, entities in the order of their first mention, and relations of one conversation."""

    topics: tuple[Topic, ...] = ()
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()


@attrs.frozen(kw_only=True)
class Summary:
    """At most 150 characters derived from one conversation, for showing."""

    key: ConversationKey
    text: str = attrs.field(validator=attrs.validators.max_len(MAX_SUMMARY_CHARS))
    place: Place
    bot_id: str
    occurred_at: dt.datetime
    intent: Intent = Intent.GENERAL

    @property
    def conversation_id(self) -> str:
        return self.key.conversation_id


@attrs.frozen(kw_only=True)
class RelatedTopic:
    """A topic that belongs to what was asked.

    Attributes:
        strength: 0 to 1, higher is closer.
        conversation_ids: visible conversations in which it was discussed, newest first.
    """

    label: str
    strength: float
    conversation_ids: tuple[str, ...] = ()
