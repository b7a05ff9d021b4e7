"""Who could read an old record where it was held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .errors import InvalidConversation
from .identifiers import checked_id
from .place import Audience, Place

CONTEXT_KEYS: Final = ("context_type", "security_level", "is_private", "context_is_dm")
"""What a place is told by; ``context_channel_id`` and ``channel_id`` name the channel."""

_DIRECT_MESSAGE: Final = "dm"
"""Stood for a channel's id in a direct message."""

_AUDIENCES: Final[Mapping[object, Audience]] = {
    "dm": Audience.DIRECT,
    "private_dm": Audience.DIRECT,
    "private_channel": Audience.PRIVATE_CHANNEL,
    "public_channel": Audience.PUBLIC_CHANNEL,
    "cross_server": Audience.SHARED,
}
_NARROWEST_FIRST: Final = tuple(Audience)


def legacy_place(metadata: Mapping[str, object]) -> Place:
    """The place of a record. Without a context, or with one that is not understood, it counts as direct.

    Where two keys contradict each other the narrower audience counts; ``cross_server`` alone widens, and only what
    nothing else calls private.
    """
    channel_id = usable_id(metadata.get("channel_id", metadata.get("context_channel_id")))
    server_id = usable_id(metadata.get("server_id"))
    audience = _audience(metadata)
    if audience is Audience.PRIVATE_CHANNEL and channel_id is None:
        audience = Audience.DIRECT
    if audience is Audience.PUBLIC_CHANNEL and channel_id is None and server_id is None:
        audience = Audience.DIRECT
    return Place(audience=audience, channel_id=channel_id, server_id=server_id)


def usable_id(value: object) -> str | None:
    """The id that a value is; ``None`` where it is none, or says only that it was a direct message."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value == _DIRECT_MESSAGE:
        return None
    try:
        return checked_id("id", value)
    except InvalidConversation:
        return None


def _audience(metadata: Mapping[str, object]) -> Audience:
    context, level = metadata.get("context_type"), metadata.get("security_level")
    told = [_AUDIENCES.get(value, Audience.DIRECT) for value in (context, level) if value is not None]
    if metadata.get("context_is_dm") is True:
        told.append(Audience.DIRECT)
    if told and metadata.get("is_private") is True:
        told.append(Audience.PRIVATE_CHANNEL)
    if not told:
        return Audience.DIRECT
    if Audience.SHARED in told and set(told) <= {Audience.SHARED, Audience.PUBLIC_CHANNEL}:
        return Audience.SHARED
    return min(told, key=_NARROWEST_FIRST.index)
