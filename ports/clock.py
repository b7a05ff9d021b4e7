"""Time as a port, so that a test can set it."""

from __future__ import annotations

import datetime as dt
from typing import Protocol


class Clock(Protocol):
    """The time of day, and one that only runs forward."""

    def now(self) -> dt.datetime:
        """The present moment: aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        ...
