"""Documents of the lexical index as numbers and bytes: how a store keeps new ones until it packs them into blocks.

Terms and words are 64-bit keys here. Arrays of keys are searched, sorted and packed without looking at one after the
other, and what a user said does not stand in the index.
"""

from __future__ import annotations

import functools
import hashlib
import uuid
from collections.abc import Iterable, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from .lexical_document import FEATURES, LexicalDocument
from .postings import BLOCK_DOCUMENTS, MAX_COUNT, Postings

KEY = np.dtype("<i8")
FEATURE_ROW = np.dtype([("offset", "<u2"), ("features", FEATURES)])
"""A block of features: rows of these, in the order of the offsets within the block. Blocks grow by being appended to."""
_FEATURE_BYTES = np.dtype((np.void, FEATURES.itemsize))

_CACHED_KEYS = 65_536
"""Most of the words that a process meets; a new key takes a microsecond."""


@functools.lru_cache(maxsize=_CACHED_KEYS)
def term_key(term: str) -> int:
    """64 bits, signed, that stand for a term or a word, the same in every process.

    Two of a user's hundred thousand distinct terms share a key once in four thousand million users; then each is found
    where the other is.
    """
    digest = hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=KEY.itemsize).digest()
    return int.from_bytes(digest, "little", signed=True)


def term_keys(terms: Iterable[str]) -> npt.NDArray[np.int64]:
    """The keys of terms, in their order."""
    return np.fromiter(map(term_key, terms), dtype=KEY)


@attrs.frozen(kw_only=True)
class DocumentEntry:
    """A document as bytes.

    Attributes:
        features: its row of `FEATURES`.
        terms, counts: the keys of its terms, eight bytes each, and how often it holds each, one byte each.
        words: the keys of its surface words, eight bytes each.
    """

    conversation_id: uuid.UUID
    features: bytes
    terms: bytes
    counts: bytes
    words: bytes

    @classmethod
    def of(cls, document: LexicalDocument) -> DocumentEntry:
        """The entry of a document. Counts saturate; a term that it holds less than once is left out."""
        counts = {term: min(MAX_COUNT, count) for term, count in document.term_counts.items() if count > 0}
        return cls(
            conversation_id=uuid.UUID(document.key.conversation_id),
            features=document.features().tobytes(),
            terms=term_keys(counts).tobytes(),
            counts=bytes(counts.values()),
            words=term_keys(document.words).tobytes(),
        )


@attrs.frozen(kw_only=True, eq=False)
class DocumentRun:
    """Some documents of one user as arrays, by rising number.

    Attributes:
        numbers: shape (n,).
        features: rows of `FEATURES`, shape (n,), or none where they were left out.
        terms: keys of all their terms, document after document, shape (m,).
        holders: numbers of the documents that hold them, shape (m,).
        counts: how often they do, shape (m,).
        words: keys of all their words, shape (k,), or none where they were left out.
    """

    numbers: npt.NDArray[np.int64]
    features: npt.NDArray[np.void]
    terms: npt.NDArray[np.int64]
    holders: npt.NDArray[np.int64]
    counts: npt.NDArray[np.uint8]
    words: npt.NDArray[np.int64]

    @classmethod
    def of(
        cls,
        *,
        numbers: Sequence[int],
        terms: Sequence[bytes],
        counts: Sequence[bytes],
        features: Sequence[bytes] = (),
        words: Sequence[bytes] = (),
    ) -> DocumentRun:
        """Joins documents as they are in `DocumentEntry`; ``features`` and ``words`` only where they are needed."""
        own = np.array(numbers, dtype=np.int64)
        sizes = np.fromiter(map(len, counts), dtype=np.int64, count=len(counts))
        return cls(
            numbers=own,
            features=np.frombuffer(b"".join(features), dtype=FEATURES),
            terms=np.frombuffer(b"".join(terms), dtype=KEY),
            holders=np.repeat(own, sizes),
            counts=np.frombuffer(b"".join(counts), dtype=np.uint8),
            words=np.frombuffer(b"".join(words), dtype=KEY),
        )

    def postings(self, key: int) -> Postings:
        """Which of these documents hold the term with that key, and how often."""
        holding = self.terms == key
        return self.holders[holding], self.counts[holding]

    def posting_blocks(self) -> list[tuple[int, int, bytes]]:
        """Key, block and packed postings (as `pack_postings` gives them), by rising key and block."""
        order = np.argsort(self.terms, kind="stable")  # numbers stay rising within a term
        terms, holders = self.terms[order], self.holders[order]
        blocks = holders // BLOCK_DOCUMENTS
        begins = np.ones(len(terms), dtype=np.bool_)
        begins[1:] = (terms[1:] != terms[:-1]) | (blocks[1:] != blocks[:-1])
        starts = np.flatnonzero(begins)
        offsets = (holders % BLOCK_DOCUMENTS).astype("<u2").tobytes()
        counts = self.counts[order].tobytes()
        bounds = [*starts.tolist(), len(terms)]
        return [
            (key, block, offsets[2 * start : 2 * end] + counts[start:end])
            for key, block, start, end in zip(
                terms[starts].tolist(), blocks[starts].tolist(), bounds[:-1], bounds[1:], strict=True
            )
        ]

    def feature_blocks(self) -> list[tuple[int, bytes]]:
        """Block and packed features, by rising block."""
        rows = np.empty(len(self.numbers), dtype=FEATURE_ROW)
        rows["offset"] = self.numbers % BLOCK_DOCUMENTS
        rows["features"] = self.features
        blocks = self.numbers // BLOCK_DOCUMENTS
        return [(int(block), rows[blocks == block].tobytes()) for block in np.unique(blocks)]

    def word_counts(self) -> list[tuple[int, int]]:
        """The keys of the words, rising, and how many of the documents hold each."""
        keys, counts = np.unique(self.words, return_counts=True)
        return list(zip(keys.tolist(), counts.tolist(), strict=True))


def unpack_features(
    blocks: Iterable[tuple[int, bytes]], *, followed_by: DocumentRun
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.void]]:
    """Numbers and features of the documents of packed blocks, which come by rising block, and of the run behind them."""
    numbers: list[npt.NDArray[np.int64]] = []
    features: list[npt.NDArray[np.void]] = []
    for block, data in blocks:
        rows = np.frombuffer(data, dtype=FEATURE_ROW)
        numbers.append(rows["offset"].astype(np.int64) + block * BLOCK_DOCUMENTS)
        features.append(rows["features"])
    # As bytes: records would be converted field by field.
    joined = np.concatenate([part.view(_FEATURE_BYTES) for part in (*features, followed_by.features)])
    return np.concatenate([*numbers, followed_by.numbers]), joined.view(FEATURES)
