"""The terms of a question, and how much of it a text holds."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .analysis import Token
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
        self._seen: dict[str, int] = {}
        # A stem may differ from its word in the last letter: happi, happy.
        stems = (re.escape(term[:-1] if len(term) > _SHORT_STEM_CHARS else term) for term in question.idf)
        self._look = re.compile("|".join(stems)) if question.idf else None

    def seen_in(self, text: str) -> int:
        """The bits of the terms that stand in a text, at a quick look: 0 where no word begins like one of them.

        Looking costs a twentieth of taking the text apart, and most sentences hold nothing of a question. What a word
        was found to hold in one text, it holds in the next.
        """
        if self._look is None or not self._look.search(lower := text.lower()):
            return 0
        words = [word for word in lower.split() if self._look.search(word)]
        found = 0
        for word in words:
            bits = self._seen.get(word)
            if bits is None:
                return self._learnt(text, words)
            found |= bits
        return found

    def _learnt(self, text: str, words: Iterable[str]) -> int:
        """As `bits_of`; remembers what each of the words holds."""
        held = [(token.word, bits) for token in self._analyse(text).tokens if (bits := self._bits_of(token))]
        found = 0
        for _, bits in held:
            found |= bits
        for word in words:
            self._seen[word] = 0
            for part, bits in held:
                if part in word:
                    self._seen[word] |= bits
        return found

    def may_be_in(self, text: str) -> bool:
        """Whether a word begins like a term, or a term stands within one."""
        return self._look is not None and self._look.search(text.lower()) is not None

    def bits_of(self, text: str) -> int:
        """The bits of the terms that stand in a text."""
        found = 0
        if self._bits:
            for token in self._analyse(text).tokens:
                found |= self._bits_of(token)
        return found

    def _bits_of(self, token: Token) -> int:
        bits = self._bits.get(token.term, 0) if token.term is not None else 0
        return bits if token.also is None else bits | self._bits.get(token.also, 0)

    def mass(self, bits: int) -> float:
        """Share of the question's idf, 0 to 1; 0 for a question without terms."""
        if bits not in self._masses:
            held = sum(self.idf[term] for term, bit in self._bits.items() if bits & bit)
            self._masses[bits] = held / self._total if self._total else 0.0
        return self._masses[bits]
