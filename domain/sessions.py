"""Sittings: where one session ends and the next begins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .conversation import Conversation, Session

SESSION_GAP = dt.timedelta(minutes=30)


def session_numbers(
    *,
    place: npt.NDArray[np.uint64],
    named: npt.NDArray[np.uint64],
    time_us: npt.NDArray[np.int64],
    gap: dt.timedelta,
) -> npt.NDArray[np.int64]:
    """Numbers the sessions of conversations that are sorted by place, name, time and sequence.

    Args:
        place: shape (n,), equal where bot and place are.
        named: shape (n,), the session's name as a number; 0 where the caller gave none.
        time_us: shape (n,), microseconds.
        gap: a longer pause begins a new session, unless the caller named it.

    Returns:
        Shape (n,), rising from 0; equal for conversations of one session.
    """
    if not len(place):
        return np.zeros(0, dtype=np.int64)
    gap_us = gap // dt.timedelta(microseconds=1)
    breaks = (place[1:] != place[:-1]) | (named[1:] != named[:-1])
    breaks |= (named[1:] == 0) & (np.diff(time_us) > gap_us)
    return np.concatenate(([0], np.cumsum(breaks)))


def split_into_sessions(conversations: Sequence[Conversation], *, gap: dt.timedelta = SESSION_GAP) -> list[Session]:
    """The sessions of one user's conversations, newest first by their end."""
    keyed: dict[tuple[str, str, str | None], list[Conversation]] = {}
    for conversation in sorted(conversations, key=lambda item: item.order):
        keyed.setdefault((conversation.bot_id, conversation.place.key, conversation.session_id), []).append(
            conversation
        )
    sessions: list[Session] = []
    for (_, _, session_id), sitting in keyed.items():
        start = 0
        for end in range(1, len(sitting) + 1):
            if end < len(sitting) and (
                session_id is not None or sitting[end].occurred_at - sitting[end - 1].occurred_at <= gap
            ):
                continue
            run = sitting[start:end]
            sessions.append(
                Session(
                    session_id=session_id,
                    place=run[0].place,
                    started_at=run[0].occurred_at,
                    ended_at=run[-1].occurred_at,
                    conversation_ids=tuple(item.conversation_id for item in run),
                )
            )
            start = end
    return sorted(sessions, key=lambda item: (item.ended_at, item.started_at), reverse=True)
