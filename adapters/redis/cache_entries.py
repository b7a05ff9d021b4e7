"""A conversation as a field of a window and its entry, and back.

The field says when and which: time, sequence and conversation id, so that fields sort as their conversations do. The
entry is a JSON array of the rest, tenant and user first. An entry of another form, such as another version may write,
is as good as a damaged one: it is dropped, and fetched from the archive again.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Mapping
from types import NoneType
from typing import Any, NamedTuple

from ...domain.conversation import Conversation
from ...domain.json_values import EMPTY
from ...domain.place import Audience, Place
from ...domain.recent_window import WindowKey
from .scripts import ORDER_DIGITS

_TIME_DIGITS = 18
_SEQUENCE_DIGITS = ORDER_DIGITS - _TIME_DIGITS

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EPOCH_THERE = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock's reading; its zone is put on afterwards
_SHIFT_US = 10**17
"""Added to microseconds since 1970, so that every year of `datetime` is a positive number of as many digits."""
_MICROSECOND = dt.timedelta(microseconds=1)
_SECOND = dt.timedelta(seconds=1)

_TEXT = (str,)
_TEXT_OR_NONE = (str, NoneType)
_OBJECT_OR_NONE = (dict, NoneType)
_FORM: tuple[tuple[type, ...], ...] = (
    _TEXT,  # tenant_id
    _TEXT,  # user_id
    _TEXT,  # bot_id
    _TEXT,  # audience
    _TEXT_OR_NONE,  # channel_id
    _TEXT_OR_NONE,  # server_id
    (int,),  # seconds by which the zone is ahead of UTC
    _TEXT_OR_NONE,  # session_id
    _TEXT_OR_NONE,  # thread_id
    _TEXT,  # message_type
    _TEXT,  # user_name
    _TEXT,  # bot_name
    _TEXT,  # user_message
    _TEXT,  # bot_response
    _OBJECT_OR_NONE,  # emotion_data
    _OBJECT_OR_NONE,  # user_metadata
    _OBJECT_OR_NONE,  # processing_metadata
    _OBJECT_OR_NONE,  # metadata
)
"""What an entry holds, in this order; ``None`` for an empty object."""


class Decoded(NamedTuple):
    """What a window holds.

    Attributes:
        conversations: chronological, oldest first.
        poisoned: fields of what could not be decoded, or is of another user than the window.
    """

    conversations: list[Conversation]
    poisoned: list[bytes]


def field_of(conversation: Conversation) -> bytes:
    """Where in a window it stands."""
    moment = (conversation.occurred_at - _EPOCH) // _MICROSECOND + _SHIFT_US
    return encoded(
        f"{moment:0{_TIME_DIGITS}d}{conversation.sequence:0{_SEQUENCE_DIGITS}d}{conversation.conversation_id}"
    )


def entry_of(conversation: Conversation) -> bytes:
    """Everything of it that its field does not say."""
    place = conversation.place
    offset = conversation.occurred_at.utcoffset()
    row = (
        conversation.tenant_id,
        conversation.user_id,
        conversation.bot_id,
        place.audience.value,
        place.channel_id,
        place.server_id,
        0 if offset is None else offset // _SECOND,
        conversation.session_id,
        conversation.thread_id,
        conversation.message_type,
        conversation.user_name,
        conversation.bot_name,
        conversation.user_message,
        conversation.bot_response,
        conversation.emotion_data or None,
        conversation.user_metadata or None,
        conversation.processing_metadata or None,
        conversation.metadata or None,
    )
    return encoded(_to_json(row))


def id_of_field(field: bytes) -> str:
    """The conversation id of a field."""
    return field[ORDER_DIGITS:].decode("utf-8", "surrogatepass")


def encoded(text: str) -> bytes:
    """Also of what is no text: a surrogate that came this far comes back as it is."""
    return text.encode("utf-8", "surrogatepass")


def decoded(key: WindowKey, entries: Mapping[bytes, bytes]) -> Decoded:
    """The conversations of a window's fields and entries."""
    fields = sorted(entries)
    conversations: list[Conversation] = []
    poisoned: list[bytes] = []
    for field, row in zip(fields, _rows([entries[field] for field in fields]), strict=True):
        try:
            conversations.append(_conversation(key, field, row))
        except (ValueError, TypeError, OverflowError):
            poisoned.append(field)
    return Decoded(conversations, poisoned)


def _rows(entries: list[bytes]) -> list[Any]:
    """The arrays of entries, ``None`` for what is none."""
    try:
        # One text is parsed in a third of the time that twenty take.
        rows = _from_json(b"[%b]" % b",".join(entries))
    except (ValueError, RecursionError):
        return [_row(entry) for entry in entries]
    return rows if len(rows) == len(entries) else [_row(entry) for entry in entries]


def _row(entry: bytes) -> Any:
    try:
        return _from_json(entry)
    except (ValueError, RecursionError):
        return None


def _conversation(key: WindowKey, field: bytes, row: Any) -> Conversation:
    """Raises ValueError, TypeError or OverflowError for what is no conversation of the window's user."""
    if not _has_form(tuple(map(type, row))):
        raise TypeError
    (
        tenant_id,
        user_id,
        bot_id,
        audience,
        channel_id,
        server_id,
        offset_s,
        session_id,
        thread_id,
        message_type,
        user_name,
        bot_name,
        user_message,
        bot_response,
        emotion_data,
        user_metadata,
        processing_metadata,
        metadata,
    ) = row
    order = field[:ORDER_DIGITS]
    if tenant_id != key.tenant_id or user_id != key.user_id or len(field) <= ORDER_DIGITS or not order.isdigit():
        raise ValueError
    moment = dt.timedelta(seconds=offset_s, microseconds=int(order[:_TIME_DIGITS]) - _SHIFT_US)
    return Conversation(
        conversation_id=id_of_field(field),
        tenant_id=tenant_id,
        user_id=user_id,
        bot_id=bot_id,
        place=_place(audience, channel_id, server_id),
        occurred_at=(_EPOCH_THERE + moment).replace(tzinfo=_zone(offset_s)),
        user_message=user_message,
        bot_response=bot_response,
        sequence=int(order[_TIME_DIGITS:]),
        user_name=user_name,
        bot_name=bot_name,
        session_id=session_id,
        thread_id=thread_id,
        message_type=message_type,
        emotion_data=emotion_data or EMPTY,
        user_metadata=user_metadata or EMPTY,
        processing_metadata=processing_metadata or EMPTY,
        metadata=metadata or EMPTY,
    )


@functools.lru_cache(maxsize=256)
def _has_form(types: tuple[type, ...]) -> bool:
    """Whether values of these types make a conversation; few combinations of them ever occur."""
    return len(types) == len(_FORM) and all(one in allowed for one, allowed in zip(types, _FORM, strict=True))


@functools.lru_cache(maxsize=1024)
def _place(audience: str, channel_id: str | None, server_id: str | None) -> Place:
    return Place(audience=Audience(audience), channel_id=channel_id, server_id=server_id)


@functools.lru_cache(maxsize=64)
def _zone(offset_s: int) -> dt.timezone:
    return dt.timezone(dt.timedelta(seconds=offset_s)) if offset_s else dt.UTC


def _plain(value: object) -> dict[str, object]:
    """A mapping that is no ``dict`` in the form that the encoder knows."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _from_json(text: bytes) -> Any:
    return json.loads(text.decode("utf-8", "surrogatepass"))


_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain).encode
