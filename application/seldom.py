"""Telling the same thing seldom: a tier that is down fails every call, and a line now and then says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

TOLD_AGAIN_S: Final = 10.0
"""Soon enough for whoever watches a log, and no flood at any number of calls."""


class Seldom:
    """Decides which of many equal events are told: the first, and then one after every pause.

    Args:
        pause_s: seconds.
        now: seconds that only rise.
    """

    def __init__(self, *, pause_s: float = TOLD_AGAIN_S, now: Callable[[], float] = time.monotonic) -> None:
        self._pause_s = pause_s
        self._now = now
        self._told_at: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def left_out(self, subject: str) -> int | None:
        """How many events of a subject were left out since the last one told; ``None``: leave this one out too.

        Args:
            subject: one of a few, such as a tier's name.
        """
        now, told_at = self._now(), self._told_at.get(subject)
        if told_at is not None and now - told_at < self._pause_s:
            self._left_out[subject] = self._left_out.get(subject, 0) + 1
            return None
        self._told_at[subject] = now
        return self._left_out.pop(subject, 0)
