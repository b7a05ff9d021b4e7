"""When a record of the old store happened.

The old code wrote ``datetime.now().isoformat()``: local time without a zone. An import of other chats put the moment of
importing there and the true time into a key of its own.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Final

ORIGINAL_TIME: Final = "original_timestamp"
TIME: Final = "timestamp"

_TIME_IN_ID: Final = re.compile(r"_(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:Z|[+-]\d{2}:\d{2})?)(?=_|$)")
_EARLIEST_S: Final = dt.datetime(2000, 1, 1, tzinfo=dt.UTC).timestamp()
_LATEST_S: Final = dt.datetime(2100, 1, 1, tzinfo=dt.UTC).timestamp()


def legacy_time(record_id: str, metadata: Mapping[str, object], *, time_zone: dt.tzinfo) -> dt.datetime | None:
    """The time of a record: ``original_timestamp``, else ``timestamp``, else the one in its id; ``None``: not known.

    Args:
        time_zone: of times that name none.
    """
    in_id = _TIME_IN_ID.findall(record_id)
    for value in (metadata.get(ORIGINAL_TIME), metadata.get(TIME), in_id[-1] if in_id else None):
        if (time := _parsed(value, time_zone)) is not None:
            return time
    return None


def _parsed(value: object, time_zone: dt.tzinfo) -> dt.datetime | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return dt.datetime.fromtimestamp(value, dt.UTC) if _EARLIEST_S <= value <= _LATEST_S else None
    if not isinstance(value, str):
        return None
    try:
        time = dt.datetime.fromisoformat(value.strip())
        aware = time if time.tzinfo is not None else time.replace(tzinfo=time_zone)
        aware.astimezone(dt.UTC)  # beyond what a calendar holds
    except (ValueError, OverflowError):
        return None
    return aware
