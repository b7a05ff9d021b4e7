"""The terms of a question, and how much of it a text holds."""

from __future__ import annotations

import re

from .context_material import Question

_SHORT_STEM_CHARS = 4
_WORD = re.compile(r"\w+")


class QuestionTerms:
    """The terms of a question as bits of a number, and what sets of them weigh together.

    Attributes:
        idf: of each term.
        words: the question's words in lower case, as they were written.
    """

    def __init__(self, question: Question) -> None:
        self._analyse = question.analyse
        self.idf = question.idf
        self.words = frozenset(_WORD.findall(question.text.lower()))
        self._total = sum(question.idf.values())
        self._bits = {term: 1 << number for number, term in enumerate(question.idf)}
        self._masses = {0: 0.0}
        # A stem may differ from its word in the last letter: happi, happy.
        stems = (re.escape(term[:-1] if len(term) > _SHORT_STEM_CHARS else term) for term in question.idf)
        self._look = re.compile("|".join(stems)) if question.idf else None

    def seen_in(self, text: str) -> int:
        """The bits of the terms that stand in a text, at a quick look: 0 where no word begins like one of them.

        Looking costs a twentieth of taking the text apart, and most sentences hold nothing of a question.
        """
        return self.bits_of(text) if self.may_be_in(text) else 0

    def may_be_in(self, text: str) -> bool:
        """Whether a word begins like a term, or a term stands within one."""
        return self._look is not None and self._look.search(text.lower()) is not None

    def bits_of(self, text: str) -> int:
        """The bits of the terms that stand in a text."""
        found = 0
        bits = self._bits
        if bits:
            for token in self._analyse(text).tokens:
                if token.term in bits:
                    found |= bits[token.term]
                if token.also in bits:
                    found |= bits[token.also]
        return found

    def mass(self, bits: int) -> float:
        """Share of the question's idf, 0 to 1; 0 for a question without terms."""
        if bits not in self._masses:
            held = sum(self.idf[term] for term, bit in self._bits.items() if bits & bit)
            self._masses[bits] = held / self._total if self._total else 0.0
        return self._masses[bits]
