"""One ranking out of what the words and what the meaning of a question brought back.

score = L · (1 + a · fp + b · share + c · date) + d · fp + e · V, divided by the most that this can be

- L: lexical score, divided by the best one of the question;
- V: cosine, at least 0, divided by the best one; a candidate that the store did not return has the last one returned;
- fp, share: how much the one participant whom the question names speaks of herself there, and of how much of it;
- date: how well the time fits a date that the question names.

Form and weights are measured, see docs/decisions.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import attrs

from .dates import MAX_DATE_SCORE, NamedDate, date_score
from .lexical import LexicalMatch


@attrs.frozen(kw_only=True)
class FusionWeights:
    """How much each part counts beside the lexical score, whose weight is 1.

    Attributes:
        first_person, share, date: multiply the lexical score.
        first_person_alone, semantic: added to it.
    """

    first_person: float
    share: float
    date: float
    first_person_alone: float
    semantic: float

    def limit(self) -> float:
        """The most that the sum can be."""
        factors = 1 + self.first_person + self.share + self.date * MAX_DATE_SCORE
        return factors + self.first_person_alone + self.semantic


WITH_VECTORS: Final = FusionWeights(first_person=0.3, share=0.45, date=0.6, first_person_alone=0.05, semantic=0.45)
"""Chosen on four labelled conversations over months, confirmed on six others and on chats of real people."""
WITHOUT_VECTORS: Final = FusionWeights(first_person=0.15, share=0.3, date=1.0, first_person_alone=0.05, semantic=0.0)
"""Likewise, for a question that is answered by words alone: a date then has to carry more."""

CANDIDATES: Final = 100
"""How many of the best each source is asked for; between 50 and 400 the figures hardly move."""


class Decay(enum.StrEnum):
    """Whether what is long ago counts less. Over months any strong decay destroys a memory, hence ``off`` by default."""

    OFF = "off"
    MILD = "mild"

    def factor(self, *, age: dt.timedelta) -> float:
        """1 for ``off``; for ``mild`` a thousandth less a day, never below .9 (costs .2 points of recall)."""
        if self is Decay.OFF:
            return 1.0
        return min(1.0, max(0.9, 1 - 0.001 * (age / dt.timedelta(days=1))))


@attrs.frozen(kw_only=True)
class RankedCandidate:
    """A conversation in the ranking, with what its score is made of.

    Attributes:
        score: 0 to 1, higher is better: the sum of the five parts times ``decay``.
        lexical, first_person, share, date, semantic: parts of the score, each 0 or more.
        decay: factor, 1 where nothing decays.
    """

    conversation_id: str
    score: float
    lexical: float = 0.0
    first_person: float = 0.0
    share: float = 0.0
    date: float = 0.0
    semantic: float = 0.0
    decay: float = 1.0


def fused(
    matches: Sequence[LexicalMatch],
    *,
    similarities: Mapping[str, float],
    dates: Sequence[NamedDate] = (),
    decay: Decay = Decay.OFF,
    now: dt.datetime | None = None,
    occurred_at: Mapping[str, dt.datetime] | None = None,
    limit: int | None = None,
) -> list[RankedCandidate]:
    """Ranks every conversation that either source returned.

    Args:
        matches: of the lexical index, best first.
        similarities: conversation id to cosine, as the vector store returned them; empty: no vectors took part.
        dates: that the question names.
        now: aware; needed where anything decays.
        occurred_at: times of conversations that only the vector store returned, where known; the others do not decay.
        limit: only so many of the best; ``None``: all.

    Returns:
        Best first; equal ones newest first, then in the order of ``matches``, then by id. The same input gives the
        same order.

    Raises:
        ValueError: decay without ``now``.
    """
    if decay is not Decay.OFF and now is None:
        raise ValueError("now is needed where scores decay")
    weights = WITH_VECTORS if similarities else WITHOUT_VECTORS
    most = weights.limit()
    times = {**(occurred_at or {}), **{match.conversation_id: match.occurred_at for match in matches}}
    lexical = {match.conversation_id: match for match in matches}
    best_lexical = max((match.score for match in matches), default=0.0)
    best_similarity = max(similarities.values(), default=0.0)
    last_similarity = min(similarities.values(), default=0.0)
    scored: list[tuple[float, float, str, _Parts, float]] = []
    # A dict, not a set: the order must not depend on the hashes of the ids.
    for conversation_id in dict.fromkeys((*lexical, *sorted(similarities))):
        similarity = similarities.get(conversation_id, last_similarity)
        time = times.get(conversation_id)
        parts = _parts(
            lexical.get(conversation_id),
            best_lexical=best_lexical,
            closeness=max(0.0, similarity) / best_similarity if best_similarity > 0 else 0.0,
            dates=dates,
            weights=weights,
            most=most,
        )
        factor = 1.0
        if decay is not Decay.OFF and now is not None and time is not None:
            factor = decay.factor(age=now - time)
        scored.append((-sum(parts) * factor, -_seconds(time), conversation_id, parts, factor))
    scored.sort(key=_order)
    return [
        RankedCandidate(
            conversation_id=conversation_id,
            score=-score,
            lexical=parts[0],
            first_person=parts[1],
            share=parts[2],
            date=parts[3],
            semantic=parts[4],
            decay=factor,
        )
        for score, _, conversation_id, parts, factor in scored[:limit]
    ]


_Parts: TypeAlias = tuple[float, float, float, float, float]
"""Lexical, first person, share, date, semantic."""


def _order(item: tuple[float, float, str, _Parts, float]) -> tuple[float, float]:
    return item[:2]


def _parts(
    match: LexicalMatch | None,
    *,
    best_lexical: float,
    closeness: float,
    dates: Sequence[NamedDate],
    weights: FusionWeights,
    most: float,
) -> _Parts:
    semantic = weights.semantic * closeness / most
    if match is None or best_lexical <= 0:
        return 0.0, 0.0, 0.0, 0.0, semantic
    lexical = match.score / best_lexical / most
    first_person = weights.first_person * match.first_person * lexical
    first_person += weights.first_person_alone * match.first_person / most
    share = weights.share * match.share * lexical
    date = weights.date * date_score(match.occurred_at, dates) * lexical if dates else 0.0
    return lexical, first_person, share, date, semantic


def _seconds(moment: dt.datetime | None) -> float:
    return moment.timestamp() if moment is not None else float("-inf")
