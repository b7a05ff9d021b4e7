"""The clock of the machine."""

from __future__ import annotations

import datetime as dt
import time

from ...ports.clock import Clock


class SystemClock(Clock):
    """The machine's time of day, and its steady clock."""

    def now(self) -> dt.datetime:
        """The present moment: aware, in UTC."""
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back, however the time of day is set."""
        return time.monotonic()
