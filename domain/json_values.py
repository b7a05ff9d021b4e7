"""JSON as data: what may be stored as metadata, and the one form in which it is compared and hashed."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from .errors import InvalidConversation

JsonValue: TypeAlias = "None | bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue]"
JsonObject: TypeAlias = Mapping[str, JsonValue]

EMPTY: JsonObject = MappingProxyType({})

MAX_DEPTH = 16
"""Deeper than any metadata met in practice; shallow enough that no parser of any store recurses out of its stack."""
MAX_METADATA_BYTES = 256 * 1024
_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MAX_INT = 2**63
"""Integers beyond 64 bits do not survive every store."""


def canonical_json(value: JsonValue) -> str:
    """The same text for equal values: keys sorted, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain)


def _plain(value: object) -> dict[str, JsonValue]:
    """A mapping that is no ``dict``, such as `EMPTY`, in the form that the encoder knows."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def checked_json_object(name: str, value: object) -> dict[str, JsonValue]:
    """A deep copy of a JSON object whose top-level keys match ``^[a-z][a-z0-9_]{0,63}$``.

    Raises:
        InvalidConversation: not JSON, nested deeper than 16, a malformed key, or larger than 256 KiB.
    """
    if not isinstance(value, Mapping):
        raise InvalidConversation(f"{name} must be a JSON object, not {type(value).__name__}")
    for position, key in enumerate(value, 1):
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            # Unnamed: a key may be what somebody said.
            raise InvalidConversation(
                f"{name} has a key, number {position} of {len(value)}, that is not of the form [a-z][a-z0-9_]{{0,63}};"
                " rename it or nest it under one that is"
            )
    copied = {str.__str__(key): _copied(f"{name}.{str.__str__(key)}", item, depth=2) for key, item in value.items()}
    size = len(canonical_json(copied).encode())
    if size > MAX_METADATA_BYTES:
        raise InvalidConversation(f"{name} takes {size} bytes as JSON; at most {MAX_METADATA_BYTES} are allowed")
    return copied


def _copied(path: str, value: object, *, depth: int) -> JsonValue:
    """A copy of plain values.

    Args:
        path: for errors; of keys the topmost alone, since what is nested may be keyed by what people said.
    """
    if depth > MAX_DEPTH + 1:
        raise InvalidConversation(f"{path} is nested deeper than {MAX_DEPTH} levels")
    match value:
        case None | bool():
            return value
        case str():
            return _checked_text(path, value)
        case int():
            if not -_MAX_INT <= value < _MAX_INT:
                raise InvalidConversation(f"{path} holds an integer beyond 64 bits; store it as a string")
            return int(value)
        case float():
            if not math.isfinite(value):
                raise InvalidConversation(f"{path} holds NaN or an infinity, which is not JSON")
            return float(value)
        case Mapping():
            copied: dict[str, JsonValue] = {}
            for key, item in value.items():
                if not isinstance(key, str):
                    raise InvalidConversation(f"{path} has a key that is not a string")
                copied[_checked_text(path, key)] = _copied(f"{path}.*", item, depth=depth + 1)
            return copied
        case list() | tuple():
            return [_copied(f"{path}[{index}]", item, depth=depth + 1) for index, item in enumerate(value)]
        case _:
            hint = ": pass .isoformat()" if isinstance(value, dt.date | dt.time) else ""
            raise InvalidConversation(f"{path} holds a {type(value).__name__}, which is not JSON{hint}")


def _checked_text(path: str, text: str) -> str:
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidConversation(f"{path} holds a NUL character or a lone surrogate")
    return str.__str__(text)  # of a string enumeration ``str`` would give the member's name
