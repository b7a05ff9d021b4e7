"""Typing errors in a question: which of its words may be one, and which stored word was meant.

One random edit a question costs 5 to 8 points of recall; with this, 1. Clean questions lose at most a tenth of one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .analysis import Analysis, Token
from .lexical import TermStatistics

MIN_LETTERS = 4
"""Shorter words are one edit away from half the vocabulary."""


def suspect_words(question: Analysis, *, statistics: TermStatistics, knows: Callable[[str], bool]) -> tuple[str, ...]:
    """The words of a question that may be mistyped, in its order, each once.

    At least four letters, not a stop word, a stem that is in nobody's text here, and not whole in the vocabulary of
    the embedder. Names of participants are indexed with their texts, so they are never among them.

    Args:
        statistics: of at least the question's terms.
        knows: whether a word exists outside the archive; without an embedder nothing does.
    """
    return tuple(dict.fromkeys(token.word for token in question.tokens if _is_suspect(token, statistics, knows)))


def _is_suspect(token: Token, statistics: TermStatistics, knows: Callable[[str], bool]) -> bool:
    if token.term is None or sum(char.isalpha() for char in token.word) < MIN_LETTERS:
        return False
    known_terms = statistics.document_frequency
    if known_terms.get(token.term) or (token.also is not None and known_terms.get(token.also)):
        return False
    return not knows(token.word)


def mended_word(word: str, *, candidates: Mapping[str, int]) -> str:
    """The stored word that a mistyped one was meant to be; the word itself where there is none.

    Same first letter first (people rarely mistype it), then the most frequent, then alphabetical.

    Args:
        candidates: stored words one edit away and in how many conversations each is.
    """
    stored = [candidate for candidate, frequency in candidates.items() if frequency > 0 and candidate != word]
    return min(stored, key=lambda other: (other[:1] != word[:1], -candidates[other], other), default=word)


def mended_text(text: str, *, replacements: Mapping[str, str]) -> str:
    """A question with mistyped words replaced; one that does not stand there as it is indexed (an accent was folded)
    is mended by an addition at the end."""
    for word, replacement in replacements.items():
        if word == replacement:
            continue
        pieces = re.split(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", text, flags=re.IGNORECASE)
        text = replacement.join(pieces) if len(pieces) > 1 else f"{text} {replacement}"
    return text
