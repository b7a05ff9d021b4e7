"""Excerpts of long texts, and the sentences of a text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

MAX_ANALYSED_CHARS = 4_000
"""Of one message: its beginning and the surroundings of the question's words. More costs time and finds little."""
HEAD_CHARS = 1_500
WINDOW_CHARS = 400
WINDOWS_A_TERM = 3

MAX_SENTENCE_CHARS = 160
"""Longer ones are split: a piece must leave room for another one in a passage."""

_MIN_STEM_CHARS = 4
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*\s+|[\u3002\uff01\uff1f\n\r\u2028\u2029]\s*")
"""Each way begins with one of a few characters: what comes between is skipped quickly."""


def excerpts(message: str, *, terms: Mapping[str, float]) -> list[str]:
    """The message; of a very long one its beginning and the surroundings of the question's words, in their order.

    Args:
        terms: the question's terms with their idf; the weightiest ones are looked for first.
    """
    if len(message) <= MAX_ANALYSED_CHARS:
        return [message]
    windows = [(0, HEAD_CHARS)]
    lower = message.lower()
    left = MAX_ANALYSED_CHARS - HEAD_CHARS
    for term in sorted(terms, key=lambda item: (-terms[item], item)):
        # A stem may differ from its word in the last letter: happi, happy.
        stem = term[:-1] if len(term) > _MIN_STEM_CHARS else term
        position = HEAD_CHARS
        for _ in range(WINDOWS_A_TERM):
            found = lower.find(stem, position)
            if found < 0 or left < WINDOW_CHARS:
                break
            begin = _word_start(message, max(0, found - WINDOW_CHARS // 2))
            windows.append((begin, begin + WINDOW_CHARS))
            left -= WINDOW_CHARS
            position = begin + WINDOW_CHARS
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(windows):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return [message[begin:end] for begin, end in merged]


def _word_start(message: str, position: int) -> int:
    """The next beginning of a word, where one is near."""
    space = message.find(" ", position, position + WINDOW_CHARS // 8)
    return position if space < 0 else space + 1


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text in their order, long ones in parts that end between words."""
    start = 0
    for end in (*(match.end() for match in _SENTENCE_END.finditer(text)), len(text)):
        if end - start > MAX_SENTENCE_CHARS:
            yield from _parts(text, start, end)
        elif end > start:
            yield text[start:end]
        start = end


def _parts(text: str, start: int, end: int) -> Iterator[str]:
    while end - start > MAX_SENTENCE_CHARS:
        middle = text.rfind(" ", start + MAX_SENTENCE_CHARS // 2, start + MAX_SENTENCE_CHARS)
        middle = middle if middle > 0 else start + MAX_SENTENCE_CHARS
        yield text[start:middle]
        start = middle
    yield text[start:end]
