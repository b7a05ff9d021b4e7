"""The contract of `Clock`."""

from __future__ import annotations

import datetime as dt

from ..clock import Clock


class ClockContract:
    """What a clock promises."""

    def make(self) -> Clock:
        """A clock."""
        raise NotImplementedError

    def test_the_present_is_aware_and_in_utc(self) -> None:
        assert self.make().now().utcoffset() == dt.timedelta(0)

    def test_the_steady_clock_never_goes_back(self) -> None:
        clock = self.make()
        readings = [clock.monotonic() for _ in range(1000)]
        assert readings == sorted(readings)
