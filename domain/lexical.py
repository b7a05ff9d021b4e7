"""The lexical scheme: how a question is scored.

BM25 over a pseudo-document a conversation, in which the neighbours of the same session count as weighted fields:
tf = own + .4 · (previous and next) + .1 · (those two away), length likewise, document frequencies from own terms only.
k1 = .8, b = .75. Neighbours are counted in at query time, so that a new, late or forgotten conversation rewrites
nothing. Weights and constants were measured on labelled conversations over months; see docs/decisions.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import TypeVar

import attrs
import numpy as np
import numpy.typing as npt

from .labels import label_hash
from .lexical_document import MAX_FIRST_PERSON, LexicalDocument, first_name

K1 = 0.8
B = 0.75
FIELD_WEIGHTS = (1.0, 0.4, 0.1)
"""Weight of a conversation's own terms, of its direct neighbours' and of those two away."""

Lengths = TypeVar("Lengths", float, npt.NDArray[np.float64])


@attrs.frozen(kw_only=True)
class LexicalQuery:
    """A question as the index is asked it.

    Attributes:
        terms: distinct terms.
        words: all its words in lower case, stop words and names included; they say whose doing is asked about.
    """

    terms: tuple[str, ...]
    words: frozenset[str]


@attrs.frozen(kw_only=True)
class LexicalMatch:
    """A conversation that the index found.

    Attributes:
        score: BM25, above 0, without an upper limit; only comparable within one result.
        first_person, share: of the one participant whom the question names, 0 to 1; 0 where it names none or several.
    """

    conversation_id: str
    score: float
    occurred_at: dt.datetime
    first_person: float = 0.0
    share: float = 0.0


@attrs.frozen(kw_only=True)
class LexicalResult:
    """What the index returned.

    Attributes:
        matches: best first.
        idf: inverse document frequency of each term of the question.
        average_length: mean weighted length of the user's documents, in terms; 0 where there are none.
        asked: hash of the one participant's name in the question; 0 for none or several.
    """

    matches: tuple[LexicalMatch, ...] = ()
    idf: Mapping[str, float] = attrs.field(factory=dict)
    average_length: float = 0.0
    asked: int = 0


@attrs.frozen(kw_only=True)
class TermStatistics:
    """What a user's archive knows of some terms and words.

    Attributes:
        documents: how many documents there are.
        document_frequency: in how many each term is; 0 for an unknown one.
        word_frequency: in how many each known surface word is.
    """

    documents: int
    document_frequency: Mapping[str, int]
    word_frequency: Mapping[str, int]

    def idf(self, term: str) -> float:
        """Inverse document frequency, above 0."""
        return inverse_document_frequency(self.document_frequency.get(term, 0), self.documents)


def inverse_document_frequency(document_frequency: int, documents: int) -> float:
    """ln(1 + (N - df + .5) / (df + .5)): Robertson and Spärck Jones' weight in the form that is never negative."""
    return math.log1p(max(0.0, documents - document_frequency + 0.5) / (document_frequency + 0.5))


def length_norm(length: Lengths, *, average: float) -> Lengths:
    """k1 · (1 - b + b · length / average length): the count at which a term is worth half of what it can be.

    1 where the average is 0, that is, where there are no terms.
    """
    return K1 * (1 - B + B * length / average) if average else 1 + 0 * length


def match_unindexed(
    documents: Sequence[LexicalDocument], *, query: LexicalQuery, result: LexicalResult
) -> list[LexicalMatch]:
    """Scores documents that are stored but not yet indexed, on the scale of a result of the index.

    They have no neighbours here; where the index is empty, their own number and lengths stand for the archive's.

    Returns:
        Those with a score above 0, best first, equal ones newest first.
    """
    average = result.average_length or sum(document.length for document in documents) / max(1, len(documents))
    matches: list[tuple[LexicalMatch, int]] = []
    for document in documents:
        norm = length_norm(document.length, average=average)
        score = 0.0
        for term in query.terms:
            if count := document.term_counts.get(term, 0):
                idf = result.idf.get(term) or inverse_document_frequency(1, max(1, len(documents)))
                score += idf * (K1 + 1) * count / (count + norm)
        if score <= 0:
            continue
        first_person = share = 0.0
        if result.asked and document.user_name and label_hash(first_name(document.user_name)) == result.asked:
            first_person = min(MAX_FIRST_PERSON, document.user_first_person) / MAX_FIRST_PERSON
            share = document.user_share
        elif result.asked and document.bot_name and label_hash(first_name(document.bot_name)) == result.asked:
            first_person = min(MAX_FIRST_PERSON, document.bot_first_person) / MAX_FIRST_PERSON
            share = 1 - document.user_share
        matches.append(
            (
                LexicalMatch(
                    conversation_id=document.key.conversation_id,
                    score=score,
                    occurred_at=document.occurred_at,
                    first_person=first_person,
                    share=share,
                ),
                document.sequence,
            )
        )
    matches.sort(key=lambda pair: (-pair[0].score, -pair[0].occurred_at.timestamp(), -pair[1]))
    return [match for match, _ in matches]
