"""Memories of mem0 as facts.

Followed here is what ``Memory.get_all()`` returns (``{"results": [...]}``, before version 1.1 a bare list, on the
platform pages with ``count`` and ``next``): ``id``, ``memory``, ``hash``, ``metadata``, ``created_at``, ``updated_at``
and, where they are known, ``user_id``, ``agent_id``, ``run_id``, ``actor_id``, ``role``, ``categories``; and the rows of
``Memory.history()`` (``memory_id``, ``old_memory``, ``new_memory``, ``event``), of which the last state of each memory
counts. The platform's exports by a schema of one's own have no fixed form and are not read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

from .cleaning import cleaned_name, cleaned_text
from .errors import InvalidConversation
from .exchanges import TIME_UNKNOWN, UNDATED
from .foreign_values import id_of, list_of, object_of, text_of, time_of
from .interchange import ConversationRecord
from .json_values import JsonValue
from .record_kinds import FACT_MESSAGE_TYPE

KEY_PREFIX: Final = "mem0:"

_KEPT: Final = ("agent_id", "run_id", "actor_id", "role", "updated_at", "expiration_date")
_DELETED: Final = "DELETE"


def is_memory(value: object) -> bool:
    """Whether a value has the form of a memory."""
    return isinstance(object_of(value).get("memory"), str) and "id" in object_of(value)


def is_event(value: object) -> bool:
    """Whether a value has the form of a row of a memory's history."""
    return "memory_id" in object_of(value) and "event" in object_of(value)


def memory_id_of(event: object) -> str | None:
    """The memory that a row of a history tells of."""
    return id_of(object_of(event).get("memory_id"))


def memory_after(event: object) -> Mapping[str, object] | None:
    """A memory as it was after an event, in the form of a memory; ``None``: it was deleted."""
    content = object_of(event)
    if content.get("event") == _DELETED or content.get("is_deleted") == 1:
        return None
    return {
        "id": content.get("memory_id"),
        "memory": content.get("new_memory"),
        "created_at": content.get("created_at"),
        "updated_at": content.get("updated_at"),
        "actor_id": content.get("actor_id"),
        "role": content.get("role"),
    }


def fact_of(value: object, *, user_id: str | None, timezone: dt.tzinfo = dt.UTC) -> ConversationRecord:
    """A memory as a record.

    Args:
        user_id: whose it is where it does not say so itself.
        timezone: of a time that names none.

    Raises:
        InvalidConversation: it has no id, no text or no user; the message says what to mend.
    """
    content = object_of(value)
    memory_id, text = id_of(content.get("id")), text_of(content.get("memory"))
    if memory_id is None:
        raise InvalidConversation("the memory has no id")
    if text is None:
        raise InvalidConversation("the memory has no text")
    owner = id_of(content.get("user_id")) or user_id
    if owner is None:
        raise InvalidConversation("the memory has no user_id: name its user with --user")
    created_at = time_of(content.get("created_at"), timezone=timezone)
    updated_at = time_of(content.get("updated_at"), timezone=timezone)
    metadata: dict[str, JsonValue] = {
        key: cleaned_name(key, str(content[key])) for key in _KEPT if id_of(content.get(key)) is not None
    }
    categories = [cleaned_name("category", item) for item in list_of(content.get("categories")) if text_of(item)]
    metadata |= {"categories": categories} if categories else {}
    own = {_storable(str(key)): _stored(item) for key, item in object_of(content.get("metadata")).items()}
    metadata |= {"mem0": own} if own else {}
    notes: dict[str, JsonValue] = {"imported_from": "mem0"}
    notes |= {TIME_UNKNOWN: True} if created_at is None else {}
    return ConversationRecord(
        user_id=owner,
        user_message=text,
        bot_response="",
        occurred_at=created_at or updated_at or UNDATED,
        idempotency_key=KEY_PREFIX + memory_id,
        message_type=FACT_MESSAGE_TYPE,
        metadata=metadata,
        processing_metadata=notes,
    )


def _stored(value: object) -> JsonValue:
    """A value of somebody's own metadata, with texts that can be stored."""
    match value:
        case str():
            return _storable(value)
        case list():
            return [_stored(item) for item in value]
        case Mapping():
            return {_storable(str(key)): _stored(item) for key, item in value.items()}
        case None | bool() | int() | float():
            return value
        case _:
            return None


def _storable(text: str) -> str:
    return cleaned_text("metadata", text)[0]
