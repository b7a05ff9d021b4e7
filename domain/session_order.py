"""The chronological order of a user's conversations within their sessions, kept up as conversations are added."""

from __future__ import annotations

import bisect
import datetime as dt

import numpy as np
import numpy.typing as npt

from .sessions import session_numbers

MAX_INSERTED = 64
"""Up to so many new conversations are put into their places one by one; sorting anew is quicker for more."""


class SessionOrder:
    """Which conversations are neighbours: those next to each other in one session.

    Args:
        place: equal where bot and place are, shape (n,).
        named: the session's name as a number, 0 where the caller gave none, shape (n,).
        time_us: microseconds, shape (n,).
        sequence: orders equal times, shape (n,).
        gap: a longer pause ends a session that the caller did not name.
        before: the order of the first of these conversations, by the same keys; the result is the same, sooner.

    Attributes:
        order: the conversations' indices, sorted by place, name, time and sequence; shape (n,).
        rank: where in ``order`` each conversation stands, shape (n,).
        session: number of the session of each conversation of ``order``, rising from 0; shape (n,).
    """

    def __init__(
        self,
        *,
        place: npt.NDArray[np.uint64],
        named: npt.NDArray[np.uint64],
        time_us: npt.NDArray[np.int64],
        sequence: npt.NDArray[np.int64],
        gap: dt.timedelta,
        before: SessionOrder | None = None,
    ) -> None:
        if before is None or len(place) - len(before.order) > MAX_INSERTED:
            self.order: npt.NDArray[np.int64] = np.lexsort((sequence, time_us, named, place))
        else:
            self.order = _inserted(before.order, place=place, named=named, time_us=time_us, sequence=sequence)
        self.rank = np.empty(len(self.order), dtype=np.int64)
        self.rank[self.order] = np.arange(len(self.order))
        self.session = session_numbers(
            place=place[self.order], named=named[self.order], time_us=time_us[self.order], gap=gap
        )

    def same_session(self, distance: int) -> npt.NDArray[np.bool_]:
        """Whether conversations so far apart in ``order`` share a session, shape (n - distance,), by the earlier one."""
        same: npt.NDArray[np.bool_] = self.session[distance:] == self.session[:-distance]
        return same


def _inserted(
    order: npt.NDArray[np.int64],
    *,
    place: npt.NDArray[np.uint64],
    named: npt.NDArray[np.uint64],
    time_us: npt.NDArray[np.int64],
    sequence: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    def key(index: int) -> tuple[int, int, int, int]:
        return int(place[index]), int(named[index]), int(time_us[index]), int(sequence[index])

    fresh = sorted(range(len(order), len(place)), key=key)
    # To the right of equal ones: as a stable sort leaves them.
    positions = [bisect.bisect_right(order, key(index), key=key) for index in fresh]
    inserted: npt.NDArray[np.int64] = np.insert(order, positions, fresh)
    return inserted
