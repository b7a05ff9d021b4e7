"""Words, stems and language of a text."""

from __future__ import annotations

from typing import Protocol

from ..domain.analysis import Analysis


class TextAnalyser(Protocol):
    """Takes a text apart for the lexical index. Pure: the same text gives the same analysis in every process.

    Attributes:
        fingerprint: changes whenever the same text may give other terms; an index built under another one is rebuilt.
    """

    fingerprint: str

    def analyse(self, *, text: str) -> Analysis:
        """Words in lower case in their order, each with the term it is indexed under; stop words without one.

        No script is left out: what cannot be split into words by spaces comes as character bigrams.
        The empty text has no tokens. Linear in the length of the text.
        """
        ...

    def words_near(self, *, word: str) -> frozenset[str]:
        """Words one insertion, deletion, substitution or swap away from ``word``, which is not among them.

        A superset of the real words among them; empty for a script in which typing errors are not mended.
        """
        ...
