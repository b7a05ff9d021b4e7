"""Lines of a file of rejects, which are corrected and given to an import again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REJECT_KEYS: Final = ("position", "reason", "raw")


def unwrapped(value: object) -> object:
    """What was rejected, where a line of JSON is one of a file of rejects; else the value itself."""
    if isinstance(value, Mapping) and value.keys() == frozenset(REJECT_KEYS):
        return value["raw"]
    return value
