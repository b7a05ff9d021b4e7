"""The edges of one user's graph in memory, and what is worked out from them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import attrs
import numpy as np
import numpy.typing as npt

from ...domain.derived import RelatedTopic
from ...domain.session_order import SessionOrder
from .conversation_rows import id_texts

NEIGHBOUR_WEIGHT = 0.25
"""How much a label counts that was said right before or after, in the same session, instead of in the same breath."""

_MAX_ANSWERS = 4
"""Kept of a user: as many as there are kinds of place that one asks from. Each takes up to 100 KB."""
_US_PER_DAY = 86_400_000_000
_DECIMALS = 9
"""Beyond these, sums of the same numbers in another order differ."""

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@attrs.frozen(kw_only=True, eq=False)
class Conversations:
    """Conversations of a user by rising number; every array has shape (n,), ids (n, 2): two big halves."""

    numbers: Ints
    places: Ints
    named: npt.NDArray[np.uint64]
    time_us: Ints
    sequence: Ints
    ids: npt.NDArray[np.uint64]

    def followed_by(self, others: Conversations) -> Conversations:
        """These and, behind them, the others."""
        return Conversations(
            numbers=np.concatenate([self.numbers, others.numbers]),
            places=np.concatenate([self.places, others.places]),
            named=np.concatenate([self.named, others.named]),
            time_us=np.concatenate([self.time_us, others.time_us]),
            sequence=np.concatenate([self.sequence, others.sequence]),
            ids=np.concatenate([self.ids, others.ids]),
        )


@attrs.frozen(kw_only=True, eq=False)
class Mentions:
    """Which conversation names what; every array has shape (m,).

    Attributes:
        numbers: of the conversations, rising.
        labels: distinct within a conversation.
        weights: as a topic, above 0; 0: not as a topic.
        names: name_no where as an entity; -1 otherwise.
    """

    numbers: npt.NDArray[np.int32]
    labels: Ints
    weights: npt.NDArray[np.float32]
    names: npt.NDArray[np.int32]

    def followed_by(self, others: Mentions) -> Mentions:
        """These and, behind them, the others."""
        return Mentions(
            numbers=np.concatenate([self.numbers, others.numbers]),
            labels=np.concatenate([self.labels, others.labels]),
            weights=np.concatenate([self.weights, others.weights]),
            names=np.concatenate([self.names, others.names]),
        )


class GraphArrays:
    """A user's conversations and mentions, and the state of the store that they are.

    Args:
        next_number: everything below it is in the arrays.
        before: the arrays of the first of these conversations, whose order is taken over.
    """

    def __init__(
        self,
        conversations: Conversations,
        mentions: Mentions,
        *,
        user_no: int,
        generation: int,
        next_number: int,
        session_gap: dt.timedelta,
        before: GraphArrays | None = None,
    ) -> None:
        self.user_no = user_no
        self.generation = generation
        self.next_number = next_number
        self.conversations = conversations
        self.mentions = mentions
        self._session_gap = session_gap
        self.sessions: SessionOrder = SessionOrder(
            place=conversations.places.astype(np.uint64),
            named=conversations.named,
            time_us=conversations.time_us,
            sequence=conversations.sequence,
            gap=session_gap,
            before=None if before is None else before.sessions,
        )
        row_of = np.zeros(next_number, dtype=np.int64)
        row_of[conversations.numbers] = np.arange(len(conversations.numbers))
        self._rows = row_of[mentions.numbers]
        self._begins = np.concatenate(([0], np.cumsum(np.bincount(self._rows, minlength=len(conversations.numbers)))))
        self._age = np.empty(len(conversations.numbers), dtype=np.int64)
        self._age[np.lexsort((conversations.sequence, conversations.time_us))] = np.arange(len(self._age))
        self._frequency: dict[bytes, Ints] = {}
        self._answers: dict[tuple[object, ...], list[RelatedTopic]] = {}
        self._label_count = int(mentions.labels.max()) + 1 if len(mentions.labels) else 0

    @property
    def nbytes(self) -> int:
        """Memory that they take, about."""
        return 10 * self.conversations.numbers.nbytes + 5 * self.mentions.numbers.nbytes

    def answer(self, question: tuple[object, ...]) -> list[RelatedTopic] | None:
        """What was worked out of these arrays before; they never change."""
        return self._answers.get(question)

    def keep(self, question: tuple[object, ...], answer: list[RelatedTopic]) -> None:
        """Keeps an answer for the next time, among a few."""
        if len(self._answers) >= _MAX_ANSWERS:
            self._answers.clear()
        self._answers[question] = answer

    def extended(self, conversations: Conversations, mentions: Mentions, *, next_number: int) -> GraphArrays:
        """These and further conversations, whose numbers are higher than all so far."""
        return GraphArrays(
            self.conversations.followed_by(conversations),
            self.mentions.followed_by(mentions),
            user_no=self.user_no,
            generation=self.generation,
            next_number=next_number,
            session_gap=self._session_gap,
            before=self,
        )

    def visible(self, places: Sequence[int]) -> Flags:
        """Which conversations took place there, shape (n,)."""
        flags: Flags = np.isin(self.conversations.places, places)
        return flags

    def related(self, *, asked: Sequence[Sequence[int]], visible: Flags, limit: int) -> list[tuple[int, float]]:
        """Labels and their strength, strongest first, of equal ones the asked ones, then those of newer conversations.

        The strength of a label b to an asked group a is the cosine of two vectors over the visible conversations, known
        as Ochiai's coefficient for sets (Salton and McGill 1983), times the root of the share of conversations
        without b: the geometric mean of P(b|a), P(a|b) and P(not b). The neighbours of a conversation that holds a
        stand in a's vector with `NEIGHBOUR_WEIGHT`. Of several groups the nearest counts.

        Args:
            asked: groups of labels; a conversation with any of a group holds the group.
        """
        held = self._held(visible)
        total = np.count_nonzero(visible)
        strength = np.zeros(self._label_count)
        matched = np.zeros(self._label_count, dtype=np.bool_)
        for group in asked:
            wanted = np.zeros(self._label_count, dtype=np.bool_)
            wanted[[label for label in group if label < self._label_count]] = True
            matched |= wanted
            own = self._rows[np.flatnonzero(wanted[self.mentions.labels])]
            near, shares = self._spread(own[visible[own]])
            # Conversations are visible or not together with their neighbours, who share place and bot.
            mentions, counts = self._mentions_of(near)
            together = np.bincount(self.mentions.labels[mentions], weights=np.repeat(shares, counts))
            found = np.flatnonzero(together)
            length = np.sqrt(np.square(shares).sum())  # not a threaded product, which waits on a busy machine
            strength[found] = np.maximum(strength[found], together[found] / (length * np.sqrt(held[found])))
        found = np.flatnonzero(strength)
        strength[found] = np.round(strength[found] * np.sqrt(1 - held[found] / (total + 1)), _DECIMALS)
        labels, rows = self._seen(visible)
        return self._best(strength, matched=matched, rows=rows, labels=labels, limit=limit)

    def interests(self, *, visible: Flags, limit: int) -> list[tuple[int, float]]:
        """Topics and their strength, strongest first, of equal ones those of newer conversations.

        The strength is the geometric mean of two shares: of the conversations, each counted by the root of the
        topic's weight in it (one of five topics still counts nearly half), and of the sittings that hold the topic: who comes back to something cares more than who says it ten times at
        once. A session over several days, as a caller may name one, is a sitting a day.
        """
        labels, rows = self._seen(visible)
        if not len(labels):
            return []
        sittings = self._sittings()
        bits = int(sittings.max()).bit_length()
        pairs = np.sort((labels << bits) | sittings[rows])
        distinct = pairs[np.concatenate(([True], pairs[1:] != pairs[:-1]))] >> bits
        in_sittings = np.bincount(distinct, minlength=self._label_count) / np.count_nonzero(
            np.bincount(sittings[visible])
        )
        weights = np.sqrt(self.mentions.weights) * visible[self._rows]
        weighed = np.bincount(self.mentions.labels, weights=weights, minlength=self._label_count)
        in_conversations = weighed / np.count_nonzero(visible)
        strength: Floats = np.sqrt(in_sittings * in_conversations)
        return self._best(np.round(strength, _DECIMALS), matched=weighed > 0, rows=rows, labels=labels, limit=limit)

    def named(self, *, visible: Flags, limit: int) -> list[int]:
        """name_no of the entities, most often named first, of equal ones those named last; each as it was spelt last."""
        seen = np.flatnonzero((self.mentions.names >= 0) & visible[self._rows])
        labels, rows, names = self.mentions.labels[seen], self._rows[seen], self.mentions.names[seen]
        counts = np.bincount(labels, minlength=self._label_count).astype(np.float64)
        best = self._best(counts, matched=counts > 0, rows=rows, labels=labels, limit=limit)
        return [int(names[mine[0]]) for mine in self._newest_first([label for label, _ in best], labels, rows, limit=1)]

    def newest(self, labels: Sequence[int], *, visible: Flags, limit: int) -> list[tuple[str, ...]]:
        """For each label, ids of the visible conversations that name it, newest first."""
        seen_labels, rows = self._seen(visible)
        return [self._ids(rows[mine]) for mine in self._newest_first(labels, seen_labels, rows, limit=limit)]

    def _newest_first(self, wanted: Sequence[int], labels: Ints, rows: Ints, *, limit: int) -> list[Ints]:
        """For each wanted label, where it stands among the mentions, the newest conversations first."""
        candidate = np.zeros(self._label_count, dtype=np.bool_)
        candidate[list(wanted)] = True
        places = np.flatnonzero(candidate[labels])
        places = places[np.lexsort((-self._age[rows[places]], labels[places]))]
        first, last = (np.searchsorted(labels[places], wanted, side=side) for side in ("left", "right"))
        return [places[i : min(i + limit, j)] for i, j in zip(first.tolist(), last.tolist(), strict=True)]

    def _ids(self, rows: Ints) -> tuple[str, ...]:
        return id_texts(self.conversations.ids[rows].astype(">u8").tobytes())

    def _seen(self, visible: Flags) -> tuple[Ints, Ints]:
        """Labels and conversations of the visible mentions."""
        if visible.all():
            return self.mentions.labels, self._rows
        seen = np.flatnonzero(visible[self._rows])
        return self.mentions.labels[seen], self._rows[seen]

    def _held(self, visible: Flags) -> Ints:
        """In how many of the visible conversations each label is; kept for a few kinds of place."""
        key = visible.tobytes()
        held = self._frequency.get(key)
        if held is None:
            labels, _ = self._seen(visible)
            held = np.bincount(labels, minlength=self._label_count)
            if len(self._frequency) >= _MAX_ANSWERS:
                self._frequency.clear()
            self._frequency[key] = held
        return held

    def _mentions_of(self, rows: Ints) -> tuple[Ints, Ints]:
        """Where the mentions of these conversations stand, conversation by conversation, and how many each has."""
        begins = self._begins[rows]
        counts = self._begins[rows + 1] - begins
        skipped = np.repeat(begins - np.cumsum(counts) + counts, counts)
        return skipped + np.arange(len(skipped)), counts

    def _spread(self, rows: Ints) -> tuple[Ints, Floats]:
        """These conversations with 1 and their neighbours with less, each once."""
        own = np.unique(self.sessions.rank[rows])
        same = self.sessions.same_session(1)
        before = own[own > 0] - 1
        after = own[own < len(same)]
        beside = np.setdiff1d(np.concatenate((before[same[before]], after[same[after]] + 1)), own)
        shares = np.concatenate((np.ones(len(own)), np.full(len(beside), NEIGHBOUR_WEIGHT)))
        return self.sessions.order[np.concatenate((own, beside))], shares

    def _sittings(self) -> Ints:
        """A number for session and day (UTC) of each conversation, shape (n,)."""
        days = self.conversations.time_us[self.sessions.order] // _US_PER_DAY
        breaks = (self.sessions.session[1:] != self.sessions.session[:-1]) | (days[1:] != days[:-1])
        return np.concatenate(([0], np.cumsum(breaks)))[self.sessions.rank]

    def _best(
        self, strength: Floats, *, matched: Flags, rows: Ints, labels: Ints, limit: int
    ) -> list[tuple[int, float]]:
        """The strongest labels above 0; of equal ones first the matched, then those of the newest conversation."""
        found = np.flatnonzero(strength > 0)
        if len(found) > limit:
            cut = np.partition(strength[found], len(found) - limit)[len(found) - limit]
            found = found[strength[found] >= cut]
        candidate = np.zeros(self._label_count, dtype=np.bool_)
        candidate[found] = True
        mine = candidate[labels]
        newest = np.zeros(self._label_count, dtype=np.int64)
        np.maximum.at(newest, labels[mine], self._age[rows[mine]])
        best = found[np.lexsort((found, -newest[found], ~matched[found], -strength[found]))][:limit]
        return list(zip(best.tolist(), strength[best].tolist(), strict=True))
