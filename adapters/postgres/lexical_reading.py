"""What rows of the lexical index mean: a user's documents and postings as arrays, and counts of terms."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from ...domain.document_run import DocumentRun, term_key, unpack_features
from ...domain.document_table import DocumentTable
from ...domain.lexical import TermStatistics
from ...domain.postings import Postings, block_size, unpack_blocks
from . import lexical_statements as sql


@attrs.frozen
class LexicalArrays:
    """A user's documents in memory, and the state of the store that they are."""

    user_no: int
    generation: int
    table: DocumentTable

    @property
    def nbytes(self) -> int:
        """Memory that they take."""
        return self.table.nbytes


@attrs.frozen
class LexicalView:
    """One user's index as one search sees it.

    Attributes:
        postings: by the key of the term, of those terms of the question that are in some document.
    """

    arrays: LexicalArrays
    postings: Mapping[int, Postings]


def what_is_kept(arrays: LexicalArrays | None) -> tuple[int, int, int]:
    """What `SEARCH` is told of what is in memory, so that it sends the rest only."""
    return (0, -1, 0) if arrays is None else (arrays.user_no, arrays.generation, arrays.table.last_number + 1)


def lexical_view(
    rows: Sequence[Any], *, keys: Iterable[int], kept: LexicalArrays | None, session_gap: dt.timedelta
) -> LexicalView:
    """The view that the rows of `SEARCH` give together with what was kept when they were asked for.

    Args:
        rows: at least one: the user is there.
        keys: of the question's terms.
    """
    user_no, generation = rows[0]["user_no"], rows[0]["generation"]
    kinds = _by_kind(rows)
    waiting = sorted(kinds[sql.DOCUMENT], key=_number)
    run = DocumentRun.of(
        numbers=[row["number"] for row in waiting],
        features=[row["data"] for row in waiting],
        terms=[row["terms"] for row in waiting],
        counts=[row["counts"] for row in waiting],
    )
    packed = [(row["number"], row["data"]) for row in sorted(kinds[sql.FEATURES], key=_number)]
    numbers, features = unpack_features(packed, followed_by=run)
    postings = _postings(kinds[sql.POSTINGS], run, keys=keys)
    if kept is not None and (kept.user_no, kept.generation) == (user_no, generation):
        missing = numbers > kept.table.last_number
        if not missing.any():
            return LexicalView(kept, postings)
        table = kept.table.extended(numbers[missing], features[missing])
    else:
        table = DocumentTable(numbers, features, session_gap=session_gap)
    return LexicalView(LexicalArrays(user_no, generation, table), postings)


def term_statistics(rows: Sequence[Any], *, terms: Sequence[str], words: Sequence[str]) -> TermStatistics:
    """What the rows of `STATISTICS` say of these terms and words."""
    kinds = _by_kind(rows)
    waiting = kinds[sql.DOCUMENT]
    run = DocumentRun.of(
        numbers=[row["amount"] for row in waiting],
        terms=[row["terms"] for row in waiting],
        counts=[row["counts"] for row in waiting],
        words=[row["words"] for row in waiting],
    )
    packed = {row["key"]: block_size(row["amount"]) for row in kinds[sql.POSTINGS]}
    word_counts = dict(run.word_counts())
    for row in kinds[sql.WORD]:
        word_counts[row["key"]] = word_counts.get(row["key"], 0) + row["amount"]
    frequency = {term: packed.get(term_key(term), 0) + len(run.postings(term_key(term))[0]) for term in terms}
    return TermStatistics(
        documents=rows[0]["documents"] if rows else 0,
        document_frequency=frequency,
        word_frequency={word: word_counts[key] for word in words if (key := term_key(word)) in word_counts},
    )


def _by_kind(rows: Iterable[Any]) -> Mapping[int | None, list[Any]]:
    kinds: defaultdict[int | None, list[Any]] = defaultdict(list)
    for row in rows:
        kinds[row["kind"]].append(row)
    return kinds


def _number(row: Any) -> int:
    return int(row["number"])


def _postings(packed: Iterable[Any], run: DocumentRun, *, keys: Iterable[int]) -> Mapping[int, Postings]:
    blocks: defaultdict[int, list[tuple[int, bytes]]] = defaultdict(list)
    for row in packed:
        blocks[row["key"]].append((row["number"], row["data"]))
    postings: dict[int, Postings] = {}
    for key in keys:
        numbers, counts = unpack_blocks(sorted(blocks[key]))
        fresh_numbers, fresh_counts = run.postings(key)
        if len(numbers) or len(fresh_numbers):
            postings[key] = np.concatenate([numbers, fresh_numbers]), np.concatenate([counts, fresh_counts])
    return postings
