"""A clock that stands still until it is moved."""

from __future__ import annotations

import datetime as dt

from ...ports.clock import Clock

DEFAULT_START = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)


class ManualClock(Clock):
    """Time as a test sets it.

    Args:
        start: the first moment; aware.
    """

    def __init__(self, start: dt.datetime = DEFAULT_START) -> None:
        self._now = start.astimezone(dt.UTC)
        self._monotonic = 0.0

    def now(self) -> dt.datetime:
        """The moment that was set: aware, in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds advanced so far."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Lets time pass.

        Raises:
            ValueError: negative seconds; the time of day alone goes back with `set_now`.
        """
        if seconds < 0:
            raise ValueError(f"time does not go back: {seconds}")
        self._now += dt.timedelta(seconds=seconds)
        self._monotonic += seconds

    def set_now(self, now: dt.datetime) -> None:
        """Sets the time of day, forward or back; the steady clock does not notice."""
        self._now = now.astimezone(dt.UTC)
