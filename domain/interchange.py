"""Conversations as lines of JSON: how they leave a memory and how they come into one.

One line is one JSON object. The shortest is ``{"user_id": …, "user_message": …, "bot_response": …}``; an export writes
everything that is known, so that nothing is lost on the way: times with their offset, place, metadata, the id.
An unknown key is an error that names it: a misspelt one would otherwise lose what it holds.
"""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import attrs

from .conversation import Conversation
from .errors import InvalidConversation
from .identifiers import is_conversation_id
from .json_values import EMPTY, JsonObject, JsonValue, canonical_json
from .rejected_lines import unwrapped

VERSION: Final = 1
"""Rises when a line of this version could be misread by an older reader."""

_REQUIRED: Final = ("user_id", "user_message", "bot_response")
_TEXTS: Final = (
    "conversation_id",
    "idempotency_key",
    "tenant_id",
    "bot_id",
    "audience",
    "channel_id",
    "server_id",
    "session_id",
    "thread_id",
    "message_type",
    "user_name",
    "bot_name",
)
_OBJECTS: Final = ("metadata", "emotion_data", "user_metadata", "processing_metadata")
KEYS: Final = ("version", *_REQUIRED, "occurred_at", *_TEXTS, *_OBJECTS)
"""Every key that a line may have."""

_NAMED_KEYS: Final = 5
"""Of a line's unknown keys; more say no more."""


@attrs.frozen(kw_only=True)
class ConversationRecord:
    """One exchange as it comes from elsewhere: well-formed, but not yet cleaned, placed or stored.

    Attributes:
        occurred_at: aware; ``None``: the moment of storing.
        conversation_id: the id that it had in the memory it was exported from.
        idempotency_key: the source's own id of it. At most one of the two is given.
        message_type: ``None``: the default one.
    """

    user_id: str
    user_message: str
    bot_response: str
    occurred_at: dt.datetime | None = None
    conversation_id: str | None = None
    idempotency_key: str | None = None
    tenant_id: str | None = None
    bot_id: str | None = None
    audience: str | None = None
    channel_id: str | None = None
    server_id: str | None = None
    session_id: str | None = None
    thread_id: str | None = None
    message_type: str | None = None
    user_name: str | None = None
    bot_name: str | None = None
    metadata: JsonObject = EMPTY
    emotion_data: JsonObject = EMPTY
    user_metadata: JsonObject = EMPTY
    processing_metadata: JsonObject = EMPTY

    @property
    def content_key(self) -> str:
        """An idempotency key made of all that is said here: the same for the same content, in every process."""
        return "sha256:" + hashlib.sha256(canonical_json(record_to_json(self)).encode("utf-8", "replace")).hexdigest()


def record_of(conversation: Conversation) -> ConversationRecord:
    """A stored conversation as a record: all of it but its sequence, which the order of the lines stands for."""
    return ConversationRecord(
        user_id=conversation.user_id,
        user_message=conversation.user_message,
        bot_response=conversation.bot_response,
        occurred_at=conversation.occurred_at,
        conversation_id=conversation.conversation_id,
        tenant_id=conversation.tenant_id,
        bot_id=conversation.bot_id,
        audience=conversation.place.audience.value,
        channel_id=conversation.place.channel_id,
        server_id=conversation.place.server_id,
        session_id=conversation.session_id,
        thread_id=conversation.thread_id,
        message_type=conversation.message_type,
        user_name=conversation.user_name or None,
        bot_name=conversation.bot_name or None,
        metadata=conversation.metadata,
        emotion_data=conversation.emotion_data,
        user_metadata=conversation.user_metadata,
        processing_metadata=conversation.processing_metadata,
    )


def record_to_json(record: ConversationRecord) -> dict[str, JsonValue]:
    """The record as a JSON object, keys in a fixed order, what was not given left out."""
    line: dict[str, JsonValue] = {"version": VERSION}
    line.update({key: getattr(record, key) for key in _REQUIRED})
    if record.occurred_at is not None:
        line["occurred_at"] = record.occurred_at.isoformat()
    line.update({key: value for key in _TEXTS if (value := getattr(record, key)) is not None})
    line.update({key: value for key in _OBJECTS if (value := getattr(record, key))})
    return line


def conversation_to_json(conversation: Conversation) -> dict[str, JsonValue]:
    """A stored conversation as the JSON object of an export."""
    return record_to_json(record_of(conversation))


def record_from_line(line: str) -> ConversationRecord:
    """Reads one line, or what a line of a file of rejects holds.

    Raises:
        InvalidConversation: the line is not one JSON object of this form; the message says what to mend.
    """
    return record_from_json(_parsed(line))


def _parsed(line: str) -> object:
    """What stands in a line, or in one of a file of rejects."""
    try:
        value = json.loads(line, object_pairs_hook=_unique_keys, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise InvalidConversation(f"not JSON: {error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise InvalidConversation("nested too deep") from None
    except ValueError as error:  # an integer of thousands of digits
        raise InvalidConversation(f"not JSON that can be stored: {error}") from None
    rejected = unwrapped(value)
    return _parsed(rejected) if rejected is not value and isinstance(rejected, str) else rejected


def record_from_json(value: object) -> ConversationRecord:
    """Reads one JSON object; the inverse of `record_to_json`.

    Raises:
        InvalidConversation: a missing, unknown or malformed key, named in the message.
    """
    if not isinstance(value, Mapping):
        raise InvalidConversation(f"a line must be a JSON object, not {_kind(value)}")
    if unknown := [key for key in value if key not in KEYS]:
        raise InvalidConversation(_unknown_keys(unknown))
    if missing := [key for key in _REQUIRED if value.get(key) is None]:
        raise InvalidConversation(f"missing: {', '.join(missing)}")
    version = value.get("version", VERSION)
    if version != VERSION or isinstance(version, bool):
        raise InvalidConversation(f"version must be {VERSION}; a later one needs a later talktiers")
    texts = {key: _text(key, value[key]) for key in _TEXTS if value.get(key) is not None}
    if "conversation_id" in texts:
        if "idempotency_key" in texts:
            raise InvalidConversation("conversation_id and idempotency_key are both given: keep one")
        if not is_conversation_id(texts["conversation_id"]):
            raise InvalidConversation(
                "conversation_id is not the id of an exported conversation (a lower-case UUID): "
                "give another system's id as idempotency_key"
            )
    objects = {key: _object(key, value[key]) for key in _OBJECTS if value.get(key) is not None}
    fields: dict[str, Any] = {**texts, **objects}  # each of its own type
    return ConversationRecord(
        user_id=_text("user_id", value["user_id"]),
        user_message=_text("user_message", value["user_message"]),
        bot_response=_text("bot_response", value["bot_response"]),
        occurred_at=_time(value.get("occurred_at")),
        **fields,
    )


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidConversation(f"{key} must be a string, not {_kind(value)}")
    return value


def _object(key: str, value: object) -> JsonObject:
    if not isinstance(value, Mapping):
        raise InvalidConversation(f"{key} must be a JSON object, not {_kind(value)}")
    return value


def _time(value: object) -> dt.datetime | None:
    if value is None:
        return None
    example = "write it like 2025-03-14T09:30:00+01:00"
    try:
        time = dt.datetime.fromisoformat(_text("occurred_at", value))
    except ValueError:
        raise InvalidConversation(f"occurred_at is not a time: {example}") from None
    if time.tzinfo is None:
        raise InvalidConversation(f"occurred_at has no time zone: {example}")
    return time


def _unknown_keys(keys: list[object]) -> str:
    named = []
    for key in keys[:_NAMED_KEYS]:
        close = difflib.get_close_matches(str(key), KEYS, n=1)
        named.append(f"{str(key)[:64]!a}" + (f" (did you mean {close[0]!r}?)" if close else ""))
    more = f" and {len(keys) - _NAMED_KEYS} more" if len(keys) > _NAMED_KEYS else ""
    return f"unknown key {', '.join(named)}{more}: anything of your own belongs under 'metadata'"


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        raise InvalidConversation("a key is there twice in one object")
    return unique


def _no_constant(name: str) -> object:
    raise InvalidConversation(f"holds {name}, which is not JSON")


def _kind(value: object) -> str:
    """What JSON calls a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"
