"""A conversation as columns of a row, and back."""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
from collections.abc import Iterable
from typing import Any

from ...domain.conversation import Conversation
from ...domain.errors import BackendCorruption
from ...domain.json_values import EMPTY, JsonObject, canonical_json
from ...domain.labels import label_hash
from ...domain.place import Audience, Place
from ...domain.projection import Projection
from .errors import BACKEND

CONTENT_COLUMNS = (
    "occurred_at_us, utc_offset_s, bot_id, audience, channel_id, server_id, session_id, thread_id, message_type, "
    "user_name, bot_name, emotion_data, user_metadata, processing_metadata, metadata, user_message, bot_response"
)
"""What `content_of` gives and `conversation_of` takes, in this order."""

_MICROSECOND = dt.timedelta(microseconds=1)
_SECOND = dt.timedelta(seconds=1)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EPOCH_THERE = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock's reading; its zone is put on afterwards
_SIGNED = 2**63
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""As `domain.identifiers.is_conversation_id`, in a fifth of its time: a context asks for some thirty at once."""


def content_of(conversation: Conversation) -> tuple[int | str | None, ...]:
    """The values of `CONTENT_COLUMNS`."""
    place = conversation.place
    return (
        to_us(conversation.occurred_at),
        (conversation.occurred_at.utcoffset() or dt.timedelta()) // _SECOND,
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


def appended_row(conversation: Conversation, projections: Iterable[Projection]) -> tuple[object, ...]:
    """The parameters of `archive_statements.APPEND`."""
    compartment = conversation.place.compartment
    return (
        conversation.tenant_id,
        conversation.user_id,
        conversation.conversation_id,
        conversation.text_chars,
        compartment,
        signed_hash(compartment),
        signed_hash(conversation.bot_id),
        *content_of(conversation),
        [projection.value for projection in projections],
    )


def conversation_of(tenant_id: str, user_id: str, row: Iterable[Any]) -> Conversation:
    """The conversation of a row of id, sequence and `CONTENT_COLUMNS`.

    Raises:
        BackendCorruption: the values are no conversation's. The message holds none of them.
    """
    conversation_id: object = None
    try:
        (
            conversation_id,
            sequence,
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
        ) = row
        return Conversation(
            conversation_id=str(conversation_id),
            tenant_id=tenant_id,
            user_id=user_id,
            bot_id=bot_id,
            place=_place(audience, channel_id, server_id),
            occurred_at=from_us(occurred_at_us, utc_offset_s),
            user_message=user_message,
            bot_response=bot_response,
            sequence=sequence,
            user_name=user_name,
            bot_name=bot_name,
            session_id=session_id,
            thread_id=thread_id,
            message_type=message_type,
            emotion_data=EMPTY if emotion_data is None else _json_object(emotion_data),
            user_metadata=EMPTY if user_metadata is None else _json_object(user_metadata),
            processing_metadata=EMPTY if processing_metadata is None else _json_object(processing_metadata),
            metadata=EMPTY if metadata is None else _json_object(metadata),
        )
    except (ValueError, TypeError, OverflowError) as error:
        # Not the cause itself: it may quote what the row holds.
        raise BackendCorruption(
            BACKEND, "decode", f"the row of conversation {conversation_id!s} is damaged ({type(error).__name__})"
        ) from None


@functools.lru_cache(maxsize=4096)
def _place(audience: str, channel_id: str | None, server_id: str | None) -> Place:
    """One value for all conversations of a place: a list of conversations mostly has few."""
    return Place(audience=Audience(audience), channel_id=channel_id, server_id=server_id)


def _json_object(text: str) -> JsonObject:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise TypeError
    return value


def known_ids(conversation_ids: Iterable[str]) -> list[str]:
    """Without repetitions, and without what has not the form of an id and so is stored nowhere."""
    return [item for item in dict.fromkeys(conversation_ids) if _ID.fullmatch(item)]


def signed_hash(label: str) -> int:
    """64 bits of a label as PostgreSQL's bigint holds them, the same in every process."""
    number = label_hash(label)
    return number - 2 * _SIGNED if number >= _SIGNED else number


def to_us(moment: dt.datetime) -> int:
    """Microseconds since 1970 of an aware time."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(moment_us: int, utc_offset_s: int = 0) -> dt.datetime:
    """The aware time, in the zone of that offset."""
    if not utc_offset_s:
        return _EPOCH + dt.timedelta(microseconds=moment_us)
    reading = _EPOCH_THERE + dt.timedelta(microseconds=moment_us, seconds=utc_offset_s)
    return reading.replace(tzinfo=_zone(utc_offset_s))


@functools.cache
def _zone(utc_offset_s: int) -> dt.timezone:
    return dt.timezone(dt.timedelta(seconds=utc_offset_s))
