"""Time zones by the names that people type."""

from __future__ import annotations

import datetime as dt
import zoneinfo

from ..domain.errors import ConfigurationError


def time_zone(name: str) -> dt.tzinfo:
    """The zone of a name such as ``Europe/Berlin`` or ``UTC``.

    Raises:
        ConfigurationError: there is none of that name, or this machine has no list of zones.
    """
    if name.upper() == "UTC":
        return dt.UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"there is no time zone {name!a}: write it like Europe/Berlin; without a list of zones: pip install tzdata"
        ) from error
