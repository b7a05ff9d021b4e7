"""The documents of one user as arrays, ready to be scored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from .labels import label_hash
from .lexical import (
    FIELD_WEIGHTS,
    K1,
    LexicalMatch,
    LexicalQuery,
    LexicalResult,
    inverse_document_frequency,
    length_norm,
)
from .lexical_document import EPOCH, FEATURES, MAX_FIRST_PERSON, SHARE_STEPS
from .place import Visibility
from .postings import Postings
from .session_order import SessionOrder
from .sessions import SESSION_GAP


class DocumentTable:
    """The documents of one user as arrays, with what scoring needs ready: neighbours, lengths, labels.

    Args:
        numbers: document numbers, rising, holes allowed; shape (n,).
        features: their rows of `FEATURES`, shape (n,).
        session_gap: a longer pause ends a session that the caller did not name.
        before: a table of the first of these documents, whose order is taken over.

    Attributes:
        sessions: which documents are neighbours.
        names: hashes of the participants' names, rising, distinct; 0 among them where a document has none.
    """

    def __init__(
        self,
        numbers: npt.NDArray[np.int64],
        features: npt.NDArray[np.void],
        *,
        session_gap: dt.timedelta = SESSION_GAP,
        before: DocumentTable | None = None,
    ) -> None:
        # Concatenating turns ids into the machine's own byte order, in which their bytes are other ids.
        features = features.astype(FEATURES, copy=False)
        self._numbers = numbers
        self._features = features
        self._session_gap = session_gap
        self._row_of = np.full(int(numbers[-1]) + 1 if len(numbers) else 0, -1, dtype=np.int64)
        self._row_of[numbers] = np.arange(len(numbers))
        # One label for bot and place, so that sessions never span either.
        place = features["place"] ^ (features["bot"] * np.uint64(0x9E3779B97F4A7C15))
        keys = {
            "place": place,
            "named": features["session"],
            "time_us": features["time_us"],
            "sequence": features["sequence"],
        }
        self.sessions: SessionOrder = SessionOrder(
            **keys, gap=session_gap, before=None if before is None else before.sessions
        )
        self._order = self.sessions.order
        self._rank = self.sessions.rank
        self._same_session = [self.sessions.same_session(distance) for distance in (1, 2)]
        fresh = features[0 if before is None else len(before) :]
        self.names: npt.NDArray[np.uint64] = np.unique(
            np.concatenate([fresh["user_name"], fresh["bot_name"], *([] if before is None else [before.names])])
        )
        lengths = features["length"][self._order].astype(np.float64)
        self._length = self._spread(np.arange(len(lengths)), lengths)
        self.average_length = float(self._length.mean()) if len(lengths) else 0.0

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def nbytes(self) -> int:
        """Memory that the table takes, about."""
        return self._features.nbytes + 6 * self._numbers.nbytes

    @property
    def last_number(self) -> int:
        """The highest document number; -1 for an empty table."""
        return int(self._numbers[-1]) if len(self._numbers) else -1

    def extended(self, numbers: npt.NDArray[np.int64], features: npt.NDArray[np.void]) -> DocumentTable:
        """This table with further documents, whose numbers are higher than all so far."""
        joined = np.empty(len(self) + len(numbers), dtype=FEATURES)
        joined[: len(self)] = self._features
        joined[len(self) :] = features
        return DocumentTable(
            np.concatenate([self._numbers, numbers]),
            joined,
            session_gap=self._session_gap,
            before=self,
        )

    def _spread(self, ranks: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Values at distinct ranks, with the neighbours' share added; dense, in order of rank."""
        size = len(self._order)
        own, near, far = FIELD_WEIGHTS
        dense = np.zeros(size)
        dense[ranks] = values
        spread = own * dense
        for weight, distance, same in ((near, 1, self._same_session[0]), (far, 2, self._same_session[1])):
            if size > distance:
                spread[distance:] += weight * dense[:-distance] * same
                spread[:-distance] += weight * dense[distance:] * same
        return spread

    def rank(
        self,
        postings: Mapping[str, Postings],
        *,
        query: LexicalQuery,
        visibility: Visibility,
        limit: int,
    ) -> LexicalResult:
        """The visible documents with the highest score above 0, best first, equal ones newest first.

        Args:
            postings: of the query's terms; terms that nobody used may be missing.
        """
        documents = len(self)
        idf = {
            term: inverse_document_frequency(len(postings[term][0]) if term in postings else 0, documents)
            for term in query.terms
        }
        if not documents:
            return LexicalResult(idf=idf)
        visible = self._visible(visibility)
        asked = self._asked(query.words, visible)
        scores = np.zeros(documents)
        norm = length_norm(self._length, average=self.average_length)
        for term in query.terms:
            if term not in postings:
                continue
            numbers, counts = postings[term]
            ranks = self._rank[self._row_of[numbers]]
            weight = self._spread(ranks, counts.astype(np.float64))
            scores += idf[term] * (K1 + 1) * weight / (weight + norm)
        by_row = np.empty(documents)
        by_row[self._order] = scores
        rows = np.flatnonzero((by_row > 0) & visible)
        if len(rows) > limit:
            cut = np.partition(by_row[rows], len(rows) - limit)[len(rows) - limit]
            rows = rows[by_row[rows] >= cut]
        features = self._features[rows]
        best = np.lexsort((-features["sequence"], -features["time_us"], -by_row[rows]))[:limit]
        return LexicalResult(
            matches=self._matches(features[best], by_row[rows[best]], asked),
            idf=idf,
            average_length=self.average_length,
            asked=asked,
        )

    def _visible(self, visibility: Visibility) -> npt.NDArray[np.bool_]:
        visible = np.ones(len(self), dtype=np.bool_)
        if visibility.bot_id is not None:
            visible &= self._features["bot"] == np.uint64(label_hash(visibility.bot_id))
        if visibility.compartments is not None:
            allowed = np.array([label_hash(label) for label in visibility.compartments], dtype=np.uint64)
            visible &= np.isin(self._features["compartment"], allowed)
        return visible

    def _asked(self, words: Iterable[str], visible: npt.NDArray[np.bool_]) -> int:
        """Hash of the one participant whom the words name; 0 for none or several."""
        hashes = np.array([label_hash(word) for word in words], dtype=np.uint64)
        named = [
            name
            for name in np.intersect1d(self.names, hashes)
            if (((self._features["user_name"] == name) | (self._features["bot_name"] == name)) & visible).any()
        ]
        return int(named[0]) if len(named) == 1 else 0

    def _matches(
        self, features: npt.NDArray[np.void], scores: npt.NDArray[np.float64], asked: int
    ) -> tuple[LexicalMatch, ...]:
        """Matches in the order of the rows of `FEATURES`, which share one array so that a hundred cost little."""
        ids = features["conversation_id"].tobytes().hex()
        share = features["user_share"] / SHARE_STEPS
        asks_user = (features["user_name"] == asked) & bool(asked)
        asks_bot = (features["bot_name"] == asked) & ~asks_user & bool(asked)
        first_person = np.where(
            asks_user, features["user_first_person"], np.where(asks_bot, features["bot_first_person"], 0)
        )
        shares = np.where(asks_user, share, np.where(asks_bot, 1 - share, 0.0))
        return tuple(
            LexicalMatch(
                conversation_id=f"{id_[:8]}-{id_[8:12]}-{id_[12:16]}-{id_[16:20]}-{id_[20:]}",
                score=score,
                occurred_at=EPOCH + dt.timedelta(microseconds=time_us),
                first_person=person,
                share=part,
            )
            for id_, score, time_us, person, part in zip(
                (ids[start : start + 32] for start in range(0, len(ids), 32)),
                scores.tolist(),
                features["time_us"].tolist(),
                (first_person / MAX_FIRST_PERSON).tolist(),
                shares.tolist(),
                strict=True,
            )
        )
