"""Time in the file: whole microseconds since 1970 in UTC."""

from __future__ import annotations

import datetime as dt
import functools

NOW_US = "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"
"""SQL for the database's own time, in milliseconds' steps; the same throughout a statement."""

_MICROSECOND = dt.timedelta(microseconds=1)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EPOCH_THERE = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock's reading; its zone is put on afterwards


def to_us(moment: dt.datetime) -> int:
    """Microseconds since 1970 of an aware time."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(moment_us: int, utc_offset_s: int = 0) -> dt.datetime:
    """The aware time, in the zone of that offset."""
    reading = _EPOCH_THERE + dt.timedelta(microseconds=moment_us, seconds=utc_offset_s)
    return reading.replace(tzinfo=_zone(utc_offset_s))


def offset_s(moment: dt.datetime) -> int:
    """Seconds by which the zone of an aware time is ahead of UTC."""
    offset = moment.utcoffset()
    return 0 if offset is None else offset // dt.timedelta(seconds=1)


@functools.cache
def _zone(utc_offset_s: int) -> dt.timezone:
    return dt.timezone(dt.timedelta(seconds=utc_offset_s)) if utc_offset_s else dt.UTC
