"""The best passage of a conversation for a question: a sentence or two, from both sides, that hold what was asked.

The words of the question often stand in one message and the answer in the other, so pieces of both compete for the
same space. A piece is worth the idf of the question's terms that it adds, and a little for what makes an answer:
numbers, names, words that say something. Small talk is worth nothing, counter-questions are worth little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import attrs

from .excerpts import MAX_ANALYSED_CHARS, excerpts, sentences
from .question_terms import QuestionTerms
from .quoting import quoted, shortened
from .sides import Sides

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
_REACH = 2
"""Sentences before and after one with a word of the question that may hold the answer."""
_BEGINNING = 3
"""Sentences at the beginning of a message that may be shown whatever they hold."""
_MAX_UNSEEN_SENTENCES = 8
"""Of each side, taken apart where no sentence begins a word as the question does."""

_FACT = re.compile(rf"\d+|[^\W\d_][\w-]{{{_LONG_WORD_CHARS - 1},}}|[^\W\d_a-z][\w-]+")
"""A number, a longer word, or one that is written with a capital."""


@attrs.frozen(kw_only=True)
class Passage:
    """What was chosen of a conversation.

    Attributes:
        sides: the chosen pieces of each message, in their order, quoted; empty for a side without any.
        found: bits of the question's terms that they hold.
        whole: whether nothing was left out.
    """

    sides: Sides
    found: int
    whole: bool


@attrs.define
class _Sentence:
    side: int
    place: int
    """Sentences with consecutive ones stand beside each other."""
    text: str
    found: int
    """Bits of the question's terms."""


class _Piece(NamedTuple):
    side: int
    place: int
    text: str
    found: int
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
        messages = Sides(*(message.strip() for message in messages))
        self._terms = terms
        self._label_chars = label_chars
        read = [_read(side, message, terms) for side, message in enumerate(messages)]
        found = [sentences for sentences, _ in read]
        if terms.idf and not any(sentence.found for side in found for sentence in side):
            # Words may stand there in a form that the quick look does not see.
            for side in found:
                for sentence in side[:_MAX_UNSEEN_SENTENCES]:
                    sentence.found = terms.bits_of(sentence.text)
        self._pieces = [piece for side in found for piece in _pieces(side, speakers=speakers | terms.words)]
        self._sentences = sum(len(side) for side in found)
        self._complete = all(complete for _, complete in read)

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
            found=held,
            whole=self._complete and cut is None and len(chosen) == self._sentences,
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
                if abs(other.place - piece.place) == 1:
                    return len(piece.text) + 1
                gap = 3
        return len(piece.text) + gap

    def _worth(self, piece: _Piece, chosen: list[_Piece], held: int) -> float:
        worth = piece.worth
        if worth and any(other.side == piece.side and abs(other.place - piece.place) == 1 for other in chosen):
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


def _read(side: int, message: str, terms: QuestionTerms) -> tuple[list[_Sentence], bool]:
    """The sentences of a message with what each holds of the question, and whether these are all."""
    read: list[_Sentence] = []
    complete = len(message) <= MAX_ANALYSED_CHARS
    place = 0
    for part in excerpts(message, terms=terms.idf):
        seen = terms.may_be_in(part)
        # Where nothing was asked, or at first sight nothing of it stands there, only the beginning can be shown.
        limit = len(part) if seen else _MAX_UNSEEN_SENTENCES + _REACH if terms.idf else _BEGINNING
        for text in sentences(part):
            if text.strip():
                if len(read) >= limit:
                    complete = False
                    break
                read.append(_Sentence(side, place, text, terms.seen_in(text) if seen else 0))
                place += 1
        place += 1  # what stands between two excerpts was left out
    return read, complete


def _pieces(read: Sequence[_Sentence], *, speakers: AbstractSet[str]) -> Iterable[_Piece]:
    """What a passage may hold of a side: sentences with words of the question, those beside them, the beginning."""
    wanted = set(range(_BEGINNING))
    for number, sentence in enumerate(read):
        if sentence.found:
            wanted.update(range(number - _REACH, number + _REACH + 1))
    for number in sorted(wanted):
        if 0 <= number < len(read) and (line := quoted(read[number].text)):
            sentence = read[number]
            worth = FACT_WEIGHT * _facts(line, sentence.found, speakers)
            yield _Piece(sentence.side, sentence.place, line, sentence.found, worth)


def _facts(line: str, found: int, known: AbstractSet[str]) -> float:
    """How much a sentence says, apart from what is known: names of the speakers, words of the question."""
    facts = 0.0
    for word in _FACT.findall(line):
        if word[0].isdigit():
            facts += 1
        elif word.lower() not in known:
            facts += WORD_FACTS * (len(word) // _LONG_WORD_CHARS)
            # The first word is written with a capital anyway.
            facts += word[0].isupper() and not line.startswith(word)
    if line.endswith("?"):
        facts *= COUNTER_QUESTION_FACTOR
    return facts if found or facts >= MIN_FACTS else 0.0


def _joined(pieces: Iterable[_Piece], *, side: int) -> str:
    text = ""
    previous: _Piece | None = None
    for piece in sorted((piece for piece in pieces if piece.side == side), key=lambda item: item.place):
        if previous is None:
            text = piece.text
        else:
            beside = previous.cut or previous.place == piece.place - 1
            text += f" {piece.text}" if beside else f" … {piece.text}"
        previous = piece
    return text
