"""Sessions found by walking back in time, no further than the asked ones reach and without a text.

The rule is that of `domain.sessions.split_into_sessions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import attrs

from ...domain.conversation import Session
from ...domain.place import Audience, Place
from .conversation_rows import from_us

_FIRST_ROWS = 200
_MOST_ROWS = 5_000
"""Rows of the first round trip and of later ones at most: a page of sessions is mostly found in one."""

_Sitting: TypeAlias = "tuple[str, str, str | None, str | None, str | None]"
"""Bot, audience, server, channel, and the session's name: a session spans no two of these."""


@attrs.define
class _Found:
    """A session, as far as the walk has come: times with their offsets, ids newest first."""

    sitting: _Sitting
    ended: tuple[int, int]
    started: tuple[int, int]
    ids: list[object]

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
            conversation_ids=tuple(str(item) for item in reversed(self.ids)),
        )


class SessionWalk:
    """Takes visible conversations newest first, some at a time, until the latest sessions are complete.

    Args:
        limit: sessions wanted.
        gap_us: a longer pause ends a session that the caller did not name; microseconds.
    """

    def __init__(self, *, limit: int, gap_us: int) -> None:
        self._limit = limit
        self._gap_us = gap_us
        self._found: list[_Found] = []
        self._latest_of: dict[_Sitting, _Found] = {}
        self.next_rows = _FIRST_ROWS
        self.done = limit < 1

    def take(self, rows: Sequence[Any], *, last: bool) -> tuple[int, int]:
        """The next rows of `archive_statements.NEWEST_SITTINGS`; returns the position of the last of them.

        Args:
            last: whether nothing comes after them.
        """
        position = (0, 0)
        for conversation_id, sequence, time_us, offset_s, *sitting in rows:
            if self.done:
                break
            self._take(conversation_id, time_us, offset_s, tuple(sitting))
            position = (time_us, sequence)
        self.done = self.done or last
        self.next_rows = min(2 * self.next_rows, _MOST_ROWS)
        return position

    def sessions(self) -> list[Session]:
        """The latest sessions, newest first."""
        latest = sorted(self._found, key=lambda item: item.order, reverse=True)
        return [session.session() for session in latest[: self._limit]]

    def _take(self, conversation_id: object, time_us: int, offset_s: int, sitting: _Sitting) -> None:
        session = self._latest_of.get(sitting)
        if session is not None and (session.named or session.started[0] - time_us <= self._gap_us):
            session.started = (time_us, offset_s)
            session.ids.append(conversation_id)
            return
        if len(self._found) < self._limit or time_us == self._found[-1].ended[0]:
            begun = _Found(sitting, (time_us, offset_s), (time_us, offset_s), [conversation_id])
            self._latest_of[sitting] = begun
            self._found.append(begun)
        elif session is not None:
            del self._latest_of[sitting]
        # Done once what comes is too old for all of them.
        self.done = len(self._found) >= self._limit and not any(
            other.named or other.started[0] - time_us <= self._gap_us for other in self._latest_of.values()
        )
