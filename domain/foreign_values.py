"""Reading what other programs wrote: values of which nothing is certain."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Final, cast

from .json_values import JsonValue

_NOTHING: Final[Mapping[str, object]] = {}


def as_json(value: object) -> JsonValue:
    """A value that a JSON parser gave."""
    return cast("JsonValue", value)


def object_of(value: object) -> Mapping[str, object]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else _NOTHING


def list_of(value: object) -> Sequence[object]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else ()


def text_of(value: object) -> str | None:
    """The value if it is a string that is not blank."""
    return value if isinstance(value, str) and value.strip() else None


def id_of(value: object) -> str | None:
    """An id, which some programs write as a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text_of(value)


def time_of(value: object, *, timezone: dt.tzinfo = dt.UTC) -> dt.datetime | None:
    """A moment: seconds since 1970, or ISO 8601; ``None``: neither.

    Args:
        timezone: of one that names none.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            return dt.datetime.fromtimestamp(value, dt.UTC) if math.isfinite(value) else None
        except (OverflowError, OSError, ValueError):
            return None
    if not isinstance(value, str):
        return None
    try:
        moment = dt.datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone)
