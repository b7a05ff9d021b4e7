"""Sessions found by walking back in time, no further than the asked ones reach and without a text.

The rule is that of `domain.sessions.split_into_sessions`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, TypeAlias

import attrs

from ...domain.conversation import Session
from ...domain.place import Audience, Place
from .archive_statements import VISIBLE
from .conversation_rows import id_text
from .time_expressions import from_us

_NEWEST_FIRST = f"""
SELECT occurred_at_us, utc_offset_s, conversation_id, bot_id, audience, server_id, channel_id, session_id
FROM conversations INDEXED BY conversations_by_time WHERE {VISIBLE}
ORDER BY occurred_at_us DESC, sequence DESC
"""

_Sitting: TypeAlias = "tuple[str, str, str | None, str | None, str | None]"
"""Bot, audience, server, channel, and the session's name: a session spans no two of these."""


@attrs.define
class _Found:
    """A session, as far as the walk has come: times with their offsets, ids newest first."""

    sitting: _Sitting
    ended: tuple[int, int]
    started: tuple[int, int]
    ids: list[bytes]

    @property
    def order(self) -> tuple[int, int]:
        return (self.ended[0], self.started[0])

    @property
    def named(self) -> bool:
        return self.sitting[-1] is not None

    def session(self) -> Session:
        _, audience, server_id, channel_id, session_id = self.sitting
        return Session(
            session_id=session_id,
            place=Place(audience=Audience(audience), channel_id=channel_id, server_id=server_id),
            started_at=from_us(*self.started),
            ended_at=from_us(*self.ended),
            conversation_ids=tuple(map(id_text, reversed(self.ids))),
        )


def latest_sessions(
    connection: sqlite3.Connection, visible: Mapping[str, Any], *, limit: int, gap_us: int
) -> list[Session]:
    """The latest sessions among the visible conversations, newest first.

    Args:
        visible: the parameters of `VISIBLE`.
        gap_us: a longer pause ends a session that the caller did not name; microseconds.
    """
    found: list[_Found] = []
    latest_of: dict[_Sitting, _Found] = {}
    for row in connection.execute(_NEWEST_FIRST, visible):
        time_us, offset_s, conversation_id, bot_id, audience, server_id, channel_id, session_id = row
        sitting = (bot_id, audience, server_id, channel_id, session_id)
        session = latest_of.get(sitting)
        if session is not None and (session.named or session.started[0] - time_us <= gap_us):
            session.started = (time_us, offset_s)
            session.ids.append(conversation_id)
            continue
        if len(found) < limit or time_us == found[-1].ended[0]:
            latest_of[sitting] = _Found(sitting, (time_us, offset_s), (time_us, offset_s), [conversation_id])
            found.append(latest_of[sitting])
        elif session is not None:
            del latest_of[sitting]
        if len(found) >= limit and not any(
            other.named or other.started[0] - time_us <= gap_us for other in latest_of.values()
        ):
            break  # what comes is too old for all of them
    return [session.session() for session in sorted(found, key=lambda item: item.order, reverse=True)[:limit]]
