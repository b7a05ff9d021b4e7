"""The best passage of a conversation for a question: a sentence or two, from both sides, that hold what was asked.

The words of the question often stand in one message and the answer in the other, so pieces of both compete for the
same space. A piece is worth the idf of the question's terms that it adds, and a little for what makes an answer:
numbers, names, words that say something. Small talk is worth nothing, counter-questions are worth little.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Iterable, Mapping, Set
from typing import NamedTuple

import attrs

from .context_material import Question
from .excerpts import excerpts, sentences
from .quoting import quoted, shortened

MIN_CUT_CHARS = 30
"""A piece cut shorter than this says nothing."""
FACT_WEIGHT = 0.03
"""What one fact is worth beside the question's terms, which together are worth 1."""
WORD_FACTS = 0.5
"""What a longer word counts beside a number or a name."""
MIN_FACTS = 2.5
"""A piece with fewer, and without a word of the question, is small talk."""
NEAR_FACTOR = 1.5
"""How much more facts are worth beside a sentence that was chosen: there the answer stands."""
COUNTER_QUESTION_FACTOR = 0.3
LENGTH_POWER = 0.6
"""A piece is chosen by worth / length^power: 0 would take the longest, 1 the densest and many of them."""
_LENGTH_OFFSET = 10
_LONG_WORD_CHARS = 5
"""Shorter words are mostly stop words; a run of so many characters counts as one where no spaces part words."""

_NAME = re.compile(r"(?<=[\w,;:’'\"(] )[^\W\d_a-z][\w-]+")
_LONG_WORD = re.compile(rf"[^\W\d]{{{_LONG_WORD_CHARS},}}")
_NUMBER = re.compile(r"\d+")


class Sides(NamedTuple):
    """Something of both sides of a conversation."""

    user: str
    bot: str


@attrs.frozen(kw_only=True)
class Passage:
    """What was chosen of a conversation.

    Attributes:
        sides: the chosen pieces of each message, in their order, quoted; empty for a side without any.
        mass: share of the question's idf that they hold, 0 to 1.
        whole: whether nothing was left out.
    """

    sides: Sides
    mass: float
    whole: bool


class QuestionTerms:
    """The terms of a question as bits, and what sets of them weigh together."""

    def __init__(self, question: Question) -> None:
        self._analyse = question.analyse
        self.idf = question.idf
        self._total = sum(question.idf.values())
        self._bits = {term: 1 << number for number, term in enumerate(question.idf)}
        self._masses = {0: 0.0}

    def mass_of(self, text: str) -> float:
        """Share of the question's idf that a text holds, 0 to 1."""
        return self.mass(functools.reduce(operator.or_, self.words_of(text).values(), 0))

    def words_of(self, text: str) -> dict[str, int]:
        """The words of a text that the question has too, in whatever form, with the bits of their terms."""
        words: dict[str, int] = {}
        if self._bits:
            for token in self._analyse(text).tokens:
                bits = self._bits.get(token.term or "", 0) | self._bits.get(token.also or "", 0)
                if bits:
                    words[token.word] = bits
        return words

    def mass(self, bits: int) -> float:
        """Share of the question's idf, 0 to 1."""
        if bits not in self._masses:
            held = sum(self.idf[term] for term, bit in self._bits.items() if bits & bit)
            self._masses[bits] = held / self._total if self._total else 0.0
        return self._masses[bits]


class _Piece(NamedTuple):
    side: int
    index: int
    """Pieces with consecutive ones stood beside each other."""
    text: str
    found: int
    """Bits of the question's terms."""
    worth: float
    """Of its facts."""
    cut: bool = False


class PassageReader:
    """The pieces of one conversation, taken apart once, from which passages of any length are chosen.

    Args:
        messages: both texts as they were stored.
        label_chars: what naming each side costs, line break included.
        speakers: words of both names in lower case; they say nothing here.
    """

    def __init__(
        self, messages: Sides, *, terms: QuestionTerms, label_chars: tuple[int, int], speakers: frozenset[str]
    ) -> None:
        self._terms = terms
        self._label_chars = label_chars
        self._complete = True
        self._pieces: list[_Piece] = []
        for side, message in enumerate(messages):
            parts = excerpts(message, terms=terms.idf)
            self._complete &= len(parts) == 1
            index = 0
            for part in parts:
                for piece in _pieces(part, side=side, index=index, terms=terms, speakers=speakers):
                    self._pieces.append(piece)
                    index = piece.index + 1
                index += 1  # what stands between two excerpts was left out

    def passage(self, max_chars: int) -> Passage:
        """The best passage of at most ``max_chars`` characters, names included; empty where nothing can be said."""
        chosen: list[_Piece] = []
        held = 0
        left = max_chars
        rest = self._pieces.copy()
        while (best := self._best(rest, chosen, held, left)) is not None:
            chosen.append(best)
            rest.remove(best)
            held |= best.found
            left -= self._cost(best, chosen[:-1])
        cut = self._cut(rest, chosen, held, left)
        if cut is not None:
            chosen.append(cut)
        return Passage(
            sides=Sides(user=_joined(chosen, side=0), bot=_joined(chosen, side=1)),
            mass=self._terms.mass(held),
            whole=self._complete and cut is None and not rest,
        )

    def _best(self, rest: Iterable[_Piece], chosen: list[_Piece], held: int, left: int) -> _Piece | None:
        """The remaining piece that adds most for its length; any is better than none at all."""
        best: _Piece | None = None
        best_value = 0.0 if chosen else -1.0
        for piece in rest:
            if len(piece.text) < left and (cost := self._cost(piece, chosen)) <= left:
                value = self._worth(piece, chosen, held) / (cost + _LENGTH_OFFSET) ** LENGTH_POWER
                if value > best_value:
                    best, best_value = piece, value
        return best

    def _cost(self, piece: _Piece, chosen: list[_Piece]) -> int:
        """Characters that it adds at most: with a name, beside its neighbour, or behind an ellipsis."""
        gap = self._label_chars[piece.side]
        for other in chosen:
            if other.side == piece.side:
                if abs(other.index - piece.index) == 1:
                    return len(piece.text) + 1
                gap = 3
        return len(piece.text) + gap

    def _worth(self, piece: _Piece, chosen: list[_Piece], held: int) -> float:
        worth = piece.worth
        if worth and any(other.side == piece.side and abs(other.index - piece.index) == 1 for other in chosen):
            worth *= NEAR_FACTOR
        return worth + self._terms.mass(piece.found & ~held)

    def _cut(self, rest: list[_Piece], chosen: list[_Piece], held: int, left: int) -> _Piece | None:
        """The beginning of the best remaining piece, where there is room for some of it."""
        least = MIN_CUT_CHARS if chosen else 1
        options = [(self._worth(piece, chosen, held), piece) for piece in rest]
        options = [item for item in options if left - self._cost(item[1], chosen) + len(item[1].text) >= least]
        if not options:
            return None
        worth, piece = max(options, key=lambda item: item[0])
        if chosen and worth <= FACT_WEIGHT * MIN_FACTS:
            return None
        text = shortened(piece.text, left - self._cost(piece, chosen) + len(piece.text))
        return piece._replace(text=text, cut=True) if text else None


def _pieces(text: str, *, side: int, index: int, terms: QuestionTerms, speakers: frozenset[str]) -> Iterable[_Piece]:
    """The sentences of a text with what each holds."""
    lines = [(sentence.lower(), line) for sentence in sentences(text) if (line := quoted(sentence))]
    asked = terms.words_of(text)
    found = [_bits_in(lower, asked) for lower, _ in lines]
    if functools.reduce(operator.or_, found, 0) != functools.reduce(operator.or_, asked.values(), 0):
        # Some word does not stand there as it was analysed: folded, or part of a run without spaces.
        found = [functools.reduce(operator.or_, terms.words_of(lower).values(), 0) for lower, _ in lines]
    for (lower, line), bits in zip(lines, found, strict=True):
        yield _Piece(side, index, line, bits, FACT_WEIGHT * _facts(lower, line, bits, asked.keys() | speakers))
        index += 1


def _bits_in(lower: str, asked: Mapping[str, int]) -> int:
    """The terms whose words stand in a text as whole words."""
    found = 0
    for word, bits in asked.items():
        at = lower.find(word)
        while at >= 0:
            end = at + len(word)
            if not lower[at - 1 : at].isalnum() and not lower[end : end + 1].isalnum():
                found |= bits
                break
            at = lower.find(word, end)
    return found


def _facts(lower: str, line: str, found: int, known: Set[str]) -> float:
    """How much a sentence says, apart from what is known: names of the speakers, words of the question."""
    words = sum(len(word) // _LONG_WORD_CHARS for word in set(_LONG_WORD.findall(lower)) - known)
    facts = WORD_FACTS * words + len(_NUMBER.findall(lower))
    for name in _NAME.findall(line):
        if name.lower() not in known:
            facts += 1
    if line.endswith("?"):
        facts *= COUNTER_QUESTION_FACTOR
    return facts if found or facts >= MIN_FACTS else 0.0


def _joined(pieces: Iterable[_Piece], *, side: int) -> str:
    text = ""
    previous: _Piece | None = None
    for piece in sorted((piece for piece in pieces if piece.side == side), key=lambda item: item.index):
        if previous is None:
            text = piece.text
        else:
            beside = previous.cut or previous.index == piece.index - 1
            text += f" {piece.text}" if beside else f" … {piece.text}"
        previous = piece
    return text
