"""Which metadata of an old record is kept, and where."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from .cleaning import cleaned_text
from .json_values import JsonValue

EMOTION_KEYS: Final = frozenset({"detected_emotion", "confidence", "intensity"})
_EMOTION_PREFIX: Final = "emotional_"
_USER_KEYS: Final = frozenset({"relationship_level", "interaction_count"})
_USER_PREFIXES: Final = ("personality_", "dynamic_personality_")
_REDUNDANT: Final = frozenset({"emotional_user_id", "emotional_timestamp"})
"""Say again whose the record is and when it was written."""

MAX_ANALYSIS_CHARS: Final = 300
"""Of one value of an old analysis. The longer ones are Python objects printed as text, kilobytes a record, and nothing
reads them."""
_NOTHING: Final = frozenset({"", "[]", "{}", "None"})

_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_RESERVED: Final = frozenset({"emotion_data", "user_metadata", "processing_metadata"})
UNNAMED: Final = "legacy_keys"
"""Holds what has a key that metadata cannot have."""
_MAX_INT: Final = 2**63


@attrs.frozen(kw_only=True)
class KeptMetadata:
    """Where a record's metadata goes.

    Attributes:
        left_out: keys of the analysis whose values were too long to be of use, in alphabetical order.
    """

    metadata: dict[str, JsonValue]
    emotion_data: dict[str, JsonValue]
    user_metadata: dict[str, JsonValue]
    left_out: list[str]


def kept_metadata(values: Mapping[str, object], *, is_fact: bool) -> KeptMetadata:
    """Sorts what is left of a record's metadata once its texts, time and place are taken out."""
    kept = KeptMetadata(metadata={}, emotion_data={}, user_metadata={}, left_out=[])
    unnamed: dict[str, JsonValue] = {}
    for key, value in sorted(values.items()):
        if value is None or key in _REDUNDANT:
            continue
        if not _KEY.fullmatch(key) or key in _RESERVED:
            unnamed[cleaned(key)] = stored(value)
            continue
        target = kept.metadata
        analysed = False
        if not is_fact:
            if key in EMOTION_KEYS or key.startswith(_EMOTION_PREFIX):
                target, analysed = kept.emotion_data, True
            elif key in _USER_KEYS or key.startswith(_USER_PREFIXES):
                target, analysed = kept.user_metadata, True
        if analysed and isinstance(value, str):
            if value in _NOTHING:
                continue
            if len(value) > MAX_ANALYSIS_CHARS:
                kept.left_out.append(key)
                continue
        target[key] = stored(value)
    if unnamed:
        kept.metadata[UNNAMED] = unnamed
    return kept


def stored(value: object) -> JsonValue:
    """A value of the old store in a form that every store can hold."""
    match value:
        case None | bool():
            return value
        case int():
            return value if -_MAX_INT <= value < _MAX_INT else str(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case str():
            return cleaned(value)
        case Mapping():
            return {cleaned(str(key)): stored(item) for key, item in value.items()}
        case Sequence():
            return [stored(item) for item in value]
        case _:
            return cleaned(str(value))


def cleaned(text: str) -> str:
    """The text with what no store can hold replaced."""
    return cleaned_text("metadata", text)[0]
