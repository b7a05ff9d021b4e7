"""A conversation: one stored exchange, the unit of everything."""

from __future__ import annotations

import datetime as dt
import hashlib

import attrs

from .errors import InvalidConversation
from .json_values import EMPTY, JsonObject, canonical_json
from .place import Place, Scope

DEFAULT_MESSAGE_TYPE = "conversation"


def _aware(_: object, field: attrs.Attribute[dt.datetime], value: dt.datetime) -> None:
    if value.tzinfo is None or value.utcoffset() is None:
        raise InvalidConversation(f"{field.name} has no time zone: pass an aware datetime")


@attrs.frozen(kw_only=True)
class ConversationKey:
    """What finds one conversation in every store."""

    tenant_id: str
    user_id: str
    conversation_id: str


@attrs.frozen(kw_only=True, hash=False)
class Conversation:
    """One exchange: what the user said, what the bot answered, when, where, and what is known about it.

    Attributes:
        sequence: the archive's number of storing, rising; 0 until stored. Orders equal times.
        session_id, thread_id: as the caller named them, if they did.
        processing_metadata: what the memory itself notes, e.g. ``cleaned``: the fields in which something
            unstorable was replaced.
    """

    conversation_id: str
    tenant_id: str
    user_id: str
    bot_id: str
    place: Place
    occurred_at: dt.datetime = attrs.field(validator=_aware)
    user_message: str
    bot_response: str
    sequence: int = 0
    user_name: str = ""
    bot_name: str = ""
    session_id: str | None = None
    thread_id: str | None = None
    message_type: str = DEFAULT_MESSAGE_TYPE
    emotion_data: JsonObject = EMPTY
    user_metadata: JsonObject = EMPTY
    processing_metadata: JsonObject = EMPTY
    metadata: JsonObject = EMPTY

    def __hash__(self) -> int:
        return hash(self.conversation_id)

    @property
    def key(self) -> ConversationKey:
        return ConversationKey(tenant_id=self.tenant_id, user_id=self.user_id, conversation_id=self.conversation_id)

    @property
    def order(self) -> tuple[dt.datetime, int]:
        """By this conversations are chronological."""
        return (self.occurred_at, self.sequence)

    @property
    def text_chars(self) -> int:
        """Length of both texts in characters."""
        return len(self.user_message) + len(self.bot_response)

    def visible_in(self, scope: Scope) -> bool:
        """Whether this conversation may be shown in that scope."""
        return (
            self.tenant_id == scope.tenant_id
            and self.user_id == scope.user_id
            and scope.visibility.allows(bot_id=self.bot_id, compartment=self.place.compartment)
        )

    def content_hash(self, *, with_time: bool = True) -> str:
        """SHA-256 over everything that the caller gave (hexadecimal); equal for equal content in every store.

        Args:
            with_time: whether ``occurred_at`` counts; not where it was the moment of the call, which a retry changes.
        """
        content: JsonObject = {
            "tenant_id": self.tenant_id,
            "user_id": self.user_id,
            "bot_id": self.bot_id,
            "place": self.place.key,
            "occurred_at": self.occurred_at.astimezone(dt.UTC).isoformat() if with_time else None,
            "user_message": self.user_message,
            "bot_response": self.bot_response,
            "user_name": self.user_name,
            "bot_name": self.bot_name,
            "session_id": self.session_id,
            "thread_id": self.thread_id,
            "message_type": self.message_type,
            "emotion_data": self.emotion_data,
            "user_metadata": self.user_metadata,
            "processing_metadata": self.processing_metadata,
            "metadata": self.metadata,
        }
        return hashlib.sha256(canonical_json(content).encode()).hexdigest()


@attrs.frozen(kw_only=True)
class ScoredConversation:
    """A conversation that a query brought back. Higher is better, 0 to 1."""

    conversation: Conversation
    score: float

    @property
    def conversation_id(self) -> str:
        return self.conversation.conversation_id


@attrs.frozen(kw_only=True)
class Session:
    """A sitting: conversations of one user in one place without a long gap, or as the caller named it."""

    session_id: str | None
    place: Place
    started_at: dt.datetime
    ended_at: dt.datetime
    conversation_ids: tuple[str, ...]
    """In chronological order."""
