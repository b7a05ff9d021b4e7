"""Texts are made storable once, at the boundary: what no store or prompt can hold is replaced, and that is noted."""

from __future__ import annotations

import re

from .errors import InvalidConversation

MAX_TEXT_CHARS = 1_048_576
"""One message: far above what any chat platform sends, far below what hurts a store."""
MAX_NAME_CHARS = 100

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def cleaned_text(name: str, text: object) -> tuple[str, bool]:
    """A text with NUL and lone surrogates replaced by U+FFFD, and whether anything was.

    A surrogate *pair*, as some JSON decoders leave it, becomes the character that it stands for.

    Raises:
        InvalidConversation: not a string, or longer than 1,048,576 characters.
    """
    if not isinstance(text, str):
        raise InvalidConversation(f"{name} must be a string, not {type(text).__name__}")
    if len(text) > MAX_TEXT_CHARS:
        raise InvalidConversation(
            f"{name} has {len(text)} characters; at most {MAX_TEXT_CHARS} are allowed: split it into several conversations"
        )
    if not _UNSTORABLE.search(text):
        return str.__str__(text), False  # of a string enumeration ``str`` would give the member's name
    joined = _SURROGATE_PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)
    return _UNSTORABLE.sub("\ufffd", joined), True


def cleaned_name(name: str, value: object) -> str:
    """A speaker's name on one line, control characters turned into spaces, cut at 100 characters.

    Raises:
        InvalidConversation: not a string.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidConversation(f"{name} must be a string, not {type(value).__name__}")
    return " ".join(_CONTROL.sub(" ", value).split())[:MAX_NAME_CHARS]
