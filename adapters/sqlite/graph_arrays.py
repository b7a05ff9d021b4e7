"""The edges of one user's graph in memory, and what is worked out from them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

import attrs
import numpy as np
import numpy.typing as npt

from ...domain.session_order import SessionOrder

NEIGHBOUR_WEIGHT = 0.25
"""How much a label counts that was said right before or after, in the same session, instead of in the same breath."""

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


@attrs.frozen(kw_only=True, eq=False)
class Mentions:
    """Which conversation names what; every array has shape (m,).

    Attributes:
        numbers: of the conversations, rising.
        labels: distinct within a conversation.
        topics: whether as a topic.
        names: name_no where as an entity; -1 otherwise.
    """

    numbers: Ints
    labels: Ints
    topics: Flags
    names: Ints


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
        self.sessions = SessionOrder(
            place=conversations.places.astype(np.uint64),
            named=conversations.named,
            time_us=conversations.time_us,
            sequence=conversations.sequence,
            gap=session_gap,
            before=None if before is None else before.sessions,
        )
        self._rows = np.searchsorted(conversations.numbers, mentions.numbers)
        self._age = np.empty(len(conversations.numbers), dtype=np.int64)
        self._age[np.lexsort((conversations.sequence, conversations.time_us))] = np.arange(len(self._age))
        self._label_count = int(mentions.labels.max()) + 1 if len(mentions.labels) else 0

    @property
    def nbytes(self) -> int:
        """Memory that they take, about."""
        return 10 * self.conversations.numbers.nbytes + 5 * self.mentions.numbers.nbytes

    def extended(self, conversations: Conversations, mentions: Mentions, *, next_number: int) -> GraphArrays:
        """These and further conversations, whose numbers are higher than all so far."""
        return GraphArrays(
            Conversations(**_joined(self.conversations, conversations)),
            Mentions(**_joined(self.mentions, mentions)),
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
        seen = visible[self._rows]
        labels, rows = self.mentions.labels[seen], self._rows[seen]
        held = np.bincount(labels, minlength=self._label_count)
        total = np.count_nonzero(visible)
        strength = np.zeros(self._label_count)
        matched = np.zeros(self._label_count, dtype=np.bool_)
        for group in asked:
            wanted = np.zeros(self._label_count, dtype=np.bool_)
            wanted[[label for label in group if label < self._label_count]] = True
            matched |= wanted
            vector = self._spread(rows[wanted[labels]])
            # Conversations are visible or not together with their neighbours, who share place and bot.
            together = np.bincount(labels, weights=vector[rows], minlength=self._label_count)
            length = float(np.sqrt(vector @ vector))
            if length:
                strength = np.maximum(strength, together / (length * np.sqrt(np.maximum(held, 1))))
        strength = np.round(strength * np.sqrt(1 - held / (total + 1)), _DECIMALS)
        return self._best(strength, matched=matched, rows=rows, labels=labels, limit=limit)

    def interests(self, *, visible: Flags, limit: int) -> list[tuple[int, float]]:
        """Topics and their strength, strongest first, of equal ones those of newer conversations.

        The strength is the geometric mean of the share of conversations and the share of sittings that hold the topic:
        who comes back to something cares more than who says it ten times at once. A session over several days, as a
        caller may name one, is a sitting a day.
        """
        seen = visible[self._rows]
        labels, rows = self.mentions.labels[seen], self._rows[seen]
        if not len(labels):
            return []
        sittings = self._sittings()
        count = int(sittings.max()) + 1
        pairs = np.sort(labels * count + sittings[rows])
        distinct = pairs[np.concatenate(([True], pairs[1:] != pairs[:-1]))] // count
        in_sittings = np.bincount(distinct, minlength=self._label_count) / len(np.unique(sittings[visible]))
        in_conversations = np.bincount(labels, minlength=self._label_count) / np.count_nonzero(visible)
        topics = np.zeros(self._label_count, dtype=np.bool_)
        topics[labels[self.mentions.topics[seen]]] = True
        strength = np.round(np.sqrt(in_sittings * in_conversations) * topics, _DECIMALS)
        return self._best(strength, matched=topics, rows=rows, labels=labels, limit=limit)

    def named(self, *, visible: Flags, limit: int) -> list[int]:
        """name_no of the entities, most often named first, of equal ones those named last; each as it was spelt last."""
        seen = visible[self._rows] & (self.mentions.names >= 0)
        labels, rows, names = self.mentions.labels[seen], self._rows[seen], self.mentions.names[seen]
        counts = np.bincount(labels, minlength=self._label_count).astype(np.float64)
        best = self._best(counts, matched=counts > 0, rows=rows, labels=labels, limit=limit)
        return [int(names[mine][np.argmax(self._age[rows[mine]])]) for label, _ in best for mine in [labels == label]]

    def newest(self, label: int, *, visible: Flags, limit: int) -> tuple[str, ...]:
        """Ids of the visible conversations that name a label, newest first."""
        rows = self._rows[self.mentions.labels == label]
        rows = rows[visible[rows]]
        rows = rows[np.argsort(-self._age[rows])][:limit]
        packed = self.conversations.ids[rows].astype(">u8").tobytes()
        return tuple(str(uuid.UUID(bytes=packed[start : start + 16])) for start in range(0, len(packed), 16))

    def _spread(self, rows: Ints) -> Floats:
        """1 for these conversations, less for their neighbours, 0 for others; shape (n,)."""
        own = np.zeros(len(self._age))
        own[self.sessions.rank[rows]] = 1
        spread = own.copy()
        near = NEIGHBOUR_WEIGHT * self.sessions.same_session(1)
        spread[1:] = np.maximum(spread[1:], own[:-1] * near)
        spread[:-1] = np.maximum(spread[:-1], own[1:] * near)
        return spread[self.sessions.rank]

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


def _joined(first: Conversations | Mentions, second: Conversations | Mentions) -> dict[str, npt.NDArray[np.generic]]:
    return {
        field.name: np.concatenate([getattr(first, field.name), getattr(second, field.name)])
        for field in attrs.fields(type(first))
    }
