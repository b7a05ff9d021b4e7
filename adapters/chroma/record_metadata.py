"""What is kept of a summary beside its vector, and by which of it a search is filtered.

Only these entries are ever written, every value is a string, and none is taken over from what a caller names: no entry
can stand for another, and no value for an operator.

Chroma's filter looks at every record of the database that has the value, once for each condition, and at the others not
at all. So each question has an entry of its own, which answers it with one condition, and whose values no other user, no
other generation of collections and no other memory has.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping

from ...domain.conversation import ConversationKey
from ...domain.derived import Intent, Summary
from ...domain.place import Audience, Place, Scope
from .layout import Generation, digest, owner_of

Metadata = dict[str, str]
Where = dict[str, "str | dict[str, list[str]]"]

OWNER = "owner"
"""Of every record: by this it is forgotten."""

_BY_USER = "by_user"
_BY_BOT = "by_user_bot"
_BY_PLACE = "by_user_place"
_BY_BOT_AND_PLACE = "by_user_bot_place"
_NOT_SEARCHED = "-"
"""In the place of what is searched by, where there is no vector. An upsert leaves entries that it does not name."""

_BOT = "bot"
_PLACE = "place"
_OCCURRED_AT = "occurred_at"
_INTENT = "intent"
_TEXT = "text"
_KEPT, _NOT_KEPT = "kept", "not kept"


def record_id(key: ConversationKey) -> str:
    """Chroma's id of a summary: no two users share one, whatever their conversations are called."""
    return owned_id(owner_of(tenant_id=key.tenant_id, user_id=key.user_id), key.conversation_id)


def owned_id(owner: str, conversation_id: str) -> str:
    """As `record_id`, for a user's digest."""
    return f"{owner}:{conversation_id}"


def conversation_id_of(record: str) -> str:
    """The conversation of a record's id."""
    return record.partition(":")[2]


def metadata_of(summary: Summary, *, generation: Generation, searched: bool, text_kept: bool) -> Metadata:
    """All entries of a record.

    Args:
        searched: whether it has a vector.
        text_kept: whether its document is the summary.
    """
    key, compartment = summary.key, summary.place.compartment
    user = (generation.prefix, generation.label, key.tenant_id, key.user_id)
    by = {
        _BY_USER: (),
        _BY_BOT: (summary.bot_id,),
        _BY_PLACE: (compartment,),
        _BY_BOT_AND_PLACE: (summary.bot_id, compartment),
    }
    return {
        OWNER: owner_of(tenant_id=key.tenant_id, user_id=key.user_id),
        **{entry: digest(entry, *user, *parts) if searched else _NOT_SEARCHED for entry, parts in by.items()},
        _BOT: summary.bot_id,
        _PLACE: _told(summary.place),
        _OCCURRED_AT: summary.occurred_at.isoformat(),
        _INTENT: summary.intent.value,
        _TEXT: _KEPT if text_kept else _NOT_KEPT,
    }


def where_visible(scope: Scope, *, generation: Generation) -> Where:
    """The filter that lets through what the scope may see and has a vector."""
    user = (generation.prefix, generation.label, scope.tenant_id, scope.user_id)
    visibility = scope.visibility
    bot = () if visibility.bot_id is None else (visibility.bot_id,)
    if visibility.compartments is None:
        entry = _BY_BOT if bot else _BY_USER
        return {entry: digest(entry, *user, *bot)}
    entry = _BY_BOT_AND_PLACE if bot else _BY_PLACE
    return {entry: {"$in": [digest(entry, *user, *bot, item) for item in sorted(visibility.compartments)]}}


def summary_of(key: ConversationKey, *, text: str, metadata: Mapping[str, object]) -> Summary | None:
    """The summary that a record holds; ``None``: its text was not kept, or what is there was not written by us."""
    if metadata.get(_TEXT) != _KEPT:
        return None
    try:
        audience, server_id, channel_id = json.loads(str(metadata[_PLACE]))
        return Summary(
            key=key,
            text=text,
            place=Place(audience=Audience(audience), server_id=server_id, channel_id=channel_id),
            bot_id=str(metadata[_BOT]),
            occurred_at=dt.datetime.fromisoformat(str(metadata[_OCCURRED_AT])),
            intent=Intent(str(metadata[_INTENT])),
        )
    except (KeyError, ValueError, TypeError):
        return None


def _told(place: Place) -> str:
    return json.dumps([place.audience.value, place.server_id, place.channel_id])
