"""The lexical scheme: what is indexed of a conversation, how postings are packed, how a question is scored.

BM25 over a pseudo-document a conversation, in which the neighbours of the same session count as weighted fields:
tf = own + .4 · (previous and next) + .1 · (those two away), length likewise, document frequencies from own terms only.
k1 = .8, b = .75. Neighbours are counted in at query time, so that a new, late or forgotten conversation rewrites
nothing. Weights and constants were measured on labelled conversations over months; see docs/decisions.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import math
import uuid
from collections.abc import Iterable, Mapping, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from .conversation import ConversationKey
from .place import Place, Visibility
from .session_order import SessionOrder
from .sessions import SESSION_GAP

K1 = 0.8
B = 0.75
FIELD_WEIGHTS = (1.0, 0.4, 0.1)
"""Weight of a conversation's own terms, of its direct neighbours' and of those two away."""

BLOCK_DOCUMENTS = 1024
"""Documents a packed block; an offset within one fits 16 bits, and a full block of postings 3 KiB."""
MAX_COUNT = 255

Postings = tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]
"""Document numbers, rising, shape (n,), and how often each holds the term, shape (n,)."""

FEATURES = np.dtype(
    [
        ("conversation_id", ">u8", (2,)),
        ("time_us", "<i8"),
        ("sequence", "<i8"),
        ("session", "<u8"),
        ("place", "<u8"),
        ("bot", "<u8"),
        ("compartment", "<u8"),
        ("user_name", "<u8"),
        ("bot_name", "<u8"),
        ("length", "<u4"),
        ("user_first_person", "u1"),
        ("bot_first_person", "u1"),
        ("user_share", "u1"),
    ]
)
"""What is kept of a document besides its postings. Labels are 64-bit hashes: they are compared, never shown, and what
they let through is read again in the archive under the scope."""

MAX_FIRST_PERSON = 3
_SHARE_STEPS = 255
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@functools.lru_cache(maxsize=16_384)
def label_hash(label: str) -> int:
    """64 bits that stand for a label, the same in every process; never 0."""
    return int.from_bytes(hashlib.blake2b(label.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") or 1


def first_name(name: str) -> str:
    """By this a question names a participant: the first word of the name, in lower case; empty for no name."""
    return next(iter(name.lower().split()), "").strip(".,;:!?'\"()[]")


@attrs.frozen(kw_only=True)
class LexicalDocument:
    """What is indexed of a conversation.

    Attributes:
        term_counts: own terms (names, date words, both messages) and how often each occurs.
        words: distinct surface words, for mending typing errors.
        user_first_person, bot_first_person: first-person words in that side's message.
        user_share: the user's part of the characters, 0 to 1.
    """

    key: ConversationKey
    sequence: int
    place: Place
    bot_id: str
    session_id: str | None
    occurred_at: dt.datetime
    term_counts: Mapping[str, int]
    words: frozenset[str]
    user_name: str
    bot_name: str
    user_first_person: int
    bot_first_person: int
    user_share: float

    @property
    def length(self) -> int:
        """Number of own terms, repetitions included."""
        return sum(self.term_counts.values())

    def features(self) -> npt.NDArray[np.void]:
        """The document's row of `FEATURES`, shape (1,)."""
        row = np.zeros(1, dtype=FEATURES)
        row["conversation_id"] = np.frombuffer(uuid.UUID(self.key.conversation_id).bytes, dtype=">u8")
        row["time_us"] = (self.occurred_at - _EPOCH) // dt.timedelta(microseconds=1)
        row["sequence"] = self.sequence
        row["session"] = 0 if self.session_id is None else label_hash(self.session_id)
        row["place"] = label_hash(self.place.key)
        row["bot"] = label_hash(self.bot_id)
        row["compartment"] = label_hash(self.place.compartment)
        row["user_name"] = label_hash(first_name(self.user_name)) if self.user_name else 0
        row["bot_name"] = label_hash(first_name(self.bot_name)) if self.bot_name else 0
        row["length"] = self.length
        row["user_first_person"] = min(MAX_FIRST_PERSON, self.user_first_person)
        row["bot_first_person"] = min(MAX_FIRST_PERSON, self.bot_first_person)
        row["user_share"] = round(_SHARE_STEPS * self.user_share)
        return row


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


def pack_postings(offsets: npt.NDArray[np.uint16], counts: npt.NDArray[np.uint8]) -> bytes:
    """A block of postings: all offsets within the block as 16 bits, little-endian, then all counts as 8 bits."""
    return offsets.astype("<u2", copy=False).tobytes() + counts.astype("u1", copy=False).tobytes()


def unpack_postings(block: bytes) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint8]]:
    """The offsets and counts of a packed block; the inverse of `pack_postings`."""
    size = len(block) // 3
    return np.frombuffer(block, dtype="<u2", count=size), np.frombuffer(block, dtype="u1", offset=2 * size)


def block_size(packed_bytes: int) -> int:
    """How many postings a packed block of that many bytes holds."""
    return packed_bytes // 3


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
        saturation = (
            K1 * (1 - B + B * self._length / self.average_length) if self.average_length else np.ones(documents)
        )
        for term in query.terms:
            if term not in postings:
                continue
            numbers, counts = postings[term]
            ranks = self._rank[self._row_of[numbers]]
            weight = self._spread(ranks, counts.astype(np.float64))
            scores += idf[term] * (K1 + 1) * weight / (weight + saturation)
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
        share = features["user_share"] / _SHARE_STEPS
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
                occurred_at=_EPOCH + dt.timedelta(microseconds=time_us),
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
        saturation = K1 * (1 - B + B * document.length / average) if average else 1.0
        score = 0.0
        for term in query.terms:
            if count := document.term_counts.get(term, 0):
                idf = result.idf.get(term) or inverse_document_frequency(1, max(1, len(documents)))
                score += idf * (K1 + 1) * count / (count + saturation)
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
