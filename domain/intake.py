"""A call's arguments become a conversation: cleaned, checked, and never contradicted by its metadata."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

import attrs

from .cleaning import cleaned_name, cleaned_text
from .conversation import DEFAULT_MESSAGE_TYPE, Conversation
from .errors import InvalidConversation
from .identifiers import (
    DEFAULT_BOT_ID,
    DEFAULT_TENANT_ID,
    checked_id,
    checked_optional_id,
    is_conversation_id,
    keyed_conversation_id,
)
from .json_values import JsonValue, checked_json_object
from .place import Audience, Place

MAX_FUTURE = dt.timedelta(days=1)
"""Clocks and zones may be off by this; a later time is a mistake."""
MAX_IDEMPOTENCY_KEY_CHARS = 1024

_CLOCK_STEP_S = 0.001
"""A clock counts finer than a datetime: a time made of its seconds differs from them by less."""

_PLACE_KEYS = ("channel_id", "server_id", "thread_id", "session_id")
_OWN_COLUMNS = ("emotion_data", "user_metadata", "processing_metadata")
_MESSAGE_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_EARLIEST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)


@attrs.frozen(kw_only=True)
class Intake:
    """What a caller hands over to be stored, as it came. ``None``: not given.

    Attributes:
        conversation_id: the id that an export of a memory gave it; at most one of this and ``idempotency_key``.
    """

    user_id: object
    user_message: object
    bot_response: object
    metadata: object = None
    occurred_at: object = None
    idempotency_key: object = None
    conversation_id: object = None
    channel_id: object = None
    server_id: object = None
    session_id: object = None
    thread_id: object = None
    message_type: object = None
    audience: Audience | str | None = None
    user_name: object = None
    bot_name: object = None
    bot_id: object = DEFAULT_BOT_ID
    tenant_id: object = DEFAULT_TENANT_ID

    def conversation(self, *, now: dt.datetime, new_id: str) -> Conversation:
        """The conversation to be stored.

        Args:
            now: the moment of the call; the conversation's time where none was given.
            new_id: its id where no idempotency key was given.

        Raises:
            InvalidConversation: whatever cannot be stored; the message names the argument and what to mend.
        """
        tenant_id = checked_id("tenant_id", self.tenant_id)
        user_id = checked_id("user_id", self.user_id)
        metadata = {} if self.metadata is None else checked_json_object("metadata", self.metadata)
        placed = {name: self._placed(name, metadata) for name in _PLACE_KEYS}
        occurred_at = self._time(now)
        conversation_id = self._conversation_id(tenant_id, new_id)
        _contradictions(metadata, user_id=user_id, conversation_id=conversation_id, occurred_at=occurred_at)
        own = {name: self._own_column(name, metadata) for name in _OWN_COLUMNS}
        user_message, user_cleaned = cleaned_text("user_message", self.user_message)
        bot_response, bot_cleaned = cleaned_text("bot_response", self.bot_response)
        if not user_message.strip() and not bot_response.strip():
            raise InvalidConversation("user_message and bot_response are both empty: there is nothing to remember")
        cleaned = [name for name, changed in (("user_message", user_cleaned), ("bot_response", bot_cleaned)) if changed]
        if cleaned:
            own["processing_metadata"] = {**own["processing_metadata"], "cleaned": cleaned}
        return Conversation(
            conversation_id=conversation_id,
            tenant_id=tenant_id,
            user_id=user_id,
            bot_id=checked_id("bot_id", self.bot_id),
            place=Place.resolve(channel_id=placed["channel_id"], server_id=placed["server_id"], audience=self.audience),
            occurred_at=occurred_at,
            user_message=user_message,
            bot_response=bot_response,
            user_name=cleaned_name("user_name", self.user_name),
            bot_name=cleaned_name("bot_name", self.bot_name),
            session_id=placed["session_id"],
            thread_id=placed["thread_id"],
            message_type=self._message_type(),
            emotion_data=own["emotion_data"],
            user_metadata=own["user_metadata"],
            processing_metadata=own["processing_metadata"],
            metadata=metadata,
        )

    def _placed(self, name: str, metadata: dict[str, JsonValue]) -> str | None:
        """The argument, else what the metadata holds under its name."""
        given = checked_optional_id(name, getattr(self, name))
        in_metadata = metadata.get(name)
        if in_metadata is None:
            return given
        in_metadata = checked_id(f"metadata.{name}", in_metadata)
        if given is not None and given != in_metadata:
            raise InvalidConversation(f"{name} is given twice and differs: as an argument and in metadata")
        return in_metadata

    def _own_column(self, name: str, metadata: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """Takes one of the objects that have their own place out of the metadata."""
        value = metadata.pop(name, None)
        return {} if value is None else checked_json_object(f"metadata.{name}", value)

    def _time(self, now: dt.datetime) -> dt.datetime:
        value = self.occurred_at
        if value is None:
            return now
        if not isinstance(value, dt.datetime):
            raise InvalidConversation(f"occurred_at must be a datetime, not {type(value).__name__}")
        if value.tzinfo is None or value.utcoffset() is None:
            raise InvalidConversation(
                "occurred_at has no time zone: pass an aware datetime, e.g. datetime.now(timezone.utc)"
            )
        if value > now + MAX_FUTURE:
            raise InvalidConversation(
                "occurred_at lies more than a day in the future: check the clock or the time zone"
            )
        if value < _EARLIEST:
            raise InvalidConversation("occurred_at lies before the year 1900: check how the time was read")
        return value

    def _conversation_id(self, tenant_id: str, new_id: str) -> str:
        key = self.idempotency_key
        if self.conversation_id is not None:
            if key is not None:
                raise InvalidConversation("conversation_id and idempotency_key are both given: keep one")
            if not isinstance(self.conversation_id, str) or not is_conversation_id(self.conversation_id):
                raise InvalidConversation(
                    "conversation_id must be the id of an exported conversation: a lower-case UUID"
                )
            return self.conversation_id
        if key is None:
            return new_id
        if not isinstance(key, str) or not key:
            raise InvalidConversation(
                "idempotency_key must be a string that is not empty, e.g. the platform's message id"
            )
        if len(key) > MAX_IDEMPOTENCY_KEY_CHARS:
            raise InvalidConversation(f"idempotency_key has more than {MAX_IDEMPOTENCY_KEY_CHARS} characters")
        if any("\ud800" <= character <= "\udfff" for character in key):
            raise InvalidConversation("idempotency_key holds a lone surrogate")
        return keyed_conversation_id(tenant_id=tenant_id, idempotency_key=key)

    def _message_type(self) -> str:
        value = DEFAULT_MESSAGE_TYPE if self.message_type is None else self.message_type
        if not isinstance(value, str) or not _MESSAGE_TYPE.fullmatch(value):
            raise InvalidConversation("message_type must be of the form [a-z][a-z0-9_]{0,63}, e.g. conversation")
        return value


def _contradictions(
    metadata: Mapping[str, JsonValue], *, user_id: str, conversation_id: str, occurred_at: dt.datetime
) -> None:
    """Identity in metadata may repeat the call's, never differ from it."""
    if metadata.get("user_id", user_id) != user_id:
        raise InvalidConversation("metadata.user_id contradicts user_id")
    if metadata.get("conversation_id", conversation_id) != conversation_id:
        raise InvalidConversation(
            "metadata.conversation_id contradicts the conversation's id; store it under another key"
        )
    if "timestamp" in metadata and not _same_time(metadata["timestamp"], occurred_at):
        raise InvalidConversation("metadata.timestamp contradicts occurred_at: pass the time as occurred_at")


def _same_time(value: JsonValue, moment: dt.datetime) -> bool:
    if isinstance(value, str):
        try:
            parsed = dt.datetime.fromisoformat(value)
        except ValueError:
            return False
        return parsed.tzinfo is not None and parsed == moment
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value - moment.timestamp()) <= _CLOCK_STEP_S
