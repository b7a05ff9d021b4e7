"""A conversation as columns of a row, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeAlias

from ...domain.conversation import Conversation
from ...domain.errors import BackendCorruption
from ...domain.json_values import EMPTY, JsonObject, canonical_json
from ...domain.place import Audience, Place
from .errors import BACKEND
from .time_expressions import from_us, offset_s, to_us

Content: TypeAlias = tuple[
    int, int, str, str, str | None, str | None, str | None, str | None, str,
    str, str, str | None, str | None, str | None, str | None, str, str,
]  # fmt: skip

CONTENT_COLUMNS = (
    "occurred_at_us, utc_offset_s, bot_id, audience, channel_id, server_id, session_id, thread_id, message_type, "
    "user_name, bot_name, emotion_data, user_metadata, processing_metadata, metadata, user_message, bot_response"
)
"""What `content_of` gives and `conversation_of` takes, in this order."""

_ID_BYTES = 16


def content_of(conversation: Conversation) -> Content:
    """The values of `CONTENT_COLUMNS`."""
    place = conversation.place
    return (
        to_us(conversation.occurred_at),
        offset_s(conversation.occurred_at),
        conversation.bot_id,
        place.audience.value,
        place.channel_id,
        place.server_id,
        conversation.session_id,
        conversation.thread_id,
        conversation.message_type,
        conversation.user_name,
        conversation.bot_name,
        canonical_json(conversation.emotion_data) if conversation.emotion_data else None,
        canonical_json(conversation.user_metadata) if conversation.user_metadata else None,
        canonical_json(conversation.processing_metadata) if conversation.processing_metadata else None,
        canonical_json(conversation.metadata) if conversation.metadata else None,
        conversation.user_message,
        conversation.bot_response,
    )


def conversation_of(
    conversation_id: str, sequence: int, tenant_id: str, user_id: str, content: Iterable[Any]
) -> Conversation:
    """The conversation whose columns these are.

    Raises:
        BackendCorruption: the values are no conversation's. The message holds none of them.
    """
    try:
        (
            occurred_at_us,
            utc_offset_s,
            bot_id,
            audience,
            channel_id,
            server_id,
            session_id,
            thread_id,
            message_type,
            user_name,
            bot_name,
            emotion_data,
            user_metadata,
            processing_metadata,
            metadata,
            user_message,
            bot_response,
        ) = content
        return Conversation(
            conversation_id=conversation_id,
            tenant_id=tenant_id,
            user_id=user_id,
            bot_id=bot_id,
            place=Place(audience=Audience(audience), channel_id=channel_id, server_id=server_id),
            occurred_at=from_us(occurred_at_us, utc_offset_s),
            user_message=user_message,
            bot_response=bot_response,
            sequence=sequence,
            user_name=user_name,
            bot_name=bot_name,
            session_id=session_id,
            thread_id=thread_id,
            message_type=message_type,
            emotion_data=_json_object(emotion_data),
            user_metadata=_json_object(user_metadata),
            processing_metadata=_json_object(processing_metadata),
            metadata=_json_object(metadata),
        )
    except (ValueError, TypeError, OverflowError) as error:
        # Not the cause itself: it may quote what the row holds.
        raise BackendCorruption(
            BACKEND, "decode", f"the row of conversation {conversation_id!a} is damaged ({type(error).__name__})"
        ) from None


def _json_object(text: str | None) -> JsonObject:
    if text is None:
        return EMPTY
    value = json.loads(text)
    if not isinstance(value, dict):
        raise TypeError
    return value


def id_bytes(conversation_id: str) -> bytes | None:
    """The sixteen bytes of a conversation id; ``None`` for what is none, and so is stored nowhere."""
    try:
        packed = bytes.fromhex(conversation_id.replace("-", ""))
    except ValueError:
        return None
    return packed if len(packed) == _ID_BYTES and id_text(packed) == conversation_id else None


def id_text(packed: bytes) -> str:
    """The conversation id of sixteen bytes."""
    digits = packed.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
