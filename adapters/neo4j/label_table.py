"""The labels of a user, and which of them hold what was asked for."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from typing import Final

_BETWEEN: Final = "\0"
"""No word character, and in no label."""


class LabelTable:
    """Distinct labels, numbered in alphabetical order: the same in every process, whatever was read first."""

    def __init__(self, labels: Iterable[str] = ()) -> None:
        self.labels = tuple(sorted(set(labels)))
        self.numbers = {label: number for number, label in enumerate(self.labels)}
        self._text = _BETWEEN + _BETWEEN.join(self.labels) + _BETWEEN
        self._begins: list[int] = []
        begin = len(_BETWEEN)
        for label in self.labels:
            self._begins.append(begin)
            begin += len(label) + len(_BETWEEN)

    @property
    def nbytes(self) -> int:
        """Memory that they take, about: a string and its place in a dictionary."""
        return 160 * len(self.labels) + 2 * len(self._text)

    def matching(self, wanted: str) -> list[int]:
        """Numbers, rising, of the labels that are the wanted one or hold it as whole words."""
        if not wanted or _BETWEEN in wanted:
            return []
        found: list[int] = []
        begin = self._text.find(wanted)
        while begin >= 0:
            if _is_word(self._text[begin - 1]) or _is_word(self._text[begin + len(wanted)]):
                begin = self._text.find(wanted, begin + 1)
                continue
            number = bisect.bisect_right(self._begins, begin) - 1
            found.append(number)
            begin = self._text.find(wanted, self._begins[number] + len(self.labels[number]))
        return found


def _is_word(character: str) -> bool:
    """Whether a regular expression takes it for a part of a word."""
    return character.isalnum() or character == "_"
