"""Documents as keys and bytes: what is packed of them is what they held."""

import uuid

import attrs
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from talktiers.domain.document_run import DocumentEntry, DocumentRun, term_key, unpack_features
from talktiers.domain.lexical_document import FEATURES, LexicalDocument
from talktiers.domain.postings import BLOCK_DOCUMENTS, MAX_COUNT, block_size, unpack_blocks
from talktiers.ports.contracts import examples

TERMS = ("fox", "porto", "rain", "\u4f60\u597d", "")


def document(number: int, term_counts: dict[str, int]) -> LexicalDocument:
    item = examples.lexical_document(examples.stored(number, place=examples.PLACES[number % len(examples.PLACES)]))
    return attrs.evolve(item, term_counts=term_counts, words=frozenset(term_counts))


@st.composite
def numbered_documents(draw: st.DrawFn) -> dict[int, LexicalDocument]:
    """Some documents with holes between their numbers, in several blocks."""
    numbers = draw(st.lists(st.integers(0, 4 * BLOCK_DOCUMENTS), unique=True, max_size=12).map(sorted))
    counts = st.dictionaries(st.sampled_from(TERMS), st.integers(1, 3))
    return {number: document(number, draw(counts)) for number in numbers}


def run_of(documents: dict[int, LexicalDocument]) -> DocumentRun:
    entries = [DocumentEntry.of(item) for item in documents.values()]
    return DocumentRun.of(
        numbers=list(documents),
        features=[entry.features for entry in entries],
        terms=[entry.terms for entry in entries],
        counts=[entry.counts for entry in entries],
        words=[entry.words for entry in entries],
    )


@given(documents=numbered_documents())
def test_packed_postings_say_who_holds_a_term_and_how_often(documents: dict[int, LexicalDocument]) -> None:
    run = run_of(documents)
    blocks = run.posting_blocks()
    assert [block[:2] for block in blocks] == sorted({block[:2] for block in blocks})
    for term in TERMS:
        expected = {n: item.term_counts[term] for n, item in documents.items() if term in item.term_counts}
        of_term = [(block, data) for key, block, data in blocks if key == term_key(term)]
        assert sum(block_size(len(data)) for _, data in of_term) == len(expected)
        for numbers, counts in (unpack_blocks(of_term), run.postings(term_key(term))):
            assert numbers.tolist() == list(expected)
            assert counts.tolist() == list(expected.values())


@given(documents=numbered_documents(), packed=st.integers(0, 12))
def test_features_come_back_as_they_were_packed_or_not(documents: dict[int, LexicalDocument], packed: int) -> None:
    earlier, later = (
        run_of(dict(part)) for part in (list(documents.items())[:packed], list(documents.items())[packed:])
    )
    numbers, features = unpack_features(earlier.feature_blocks(), followed_by=later)
    assert numbers.tolist() == list(documents)
    assert features.dtype == FEATURES
    assert features.tobytes() == b"".join(item.features().tobytes() for item in documents.values())


@given(documents=numbered_documents())
def test_words_are_counted_by_document(documents: dict[int, LexicalDocument]) -> None:
    counted = {
        term_key(term): documents_with
        for term in TERMS
        if (documents_with := sum(term in item.words for item in documents.values()))
    }
    assert run_of(documents).word_counts() == sorted(counted.items())


def test_counts_saturate_and_a_term_that_is_not_there_is_left_out() -> None:
    entry = DocumentEntry.of(document(1, {"fox": MAX_COUNT + 45, "rain": 0, "porto": 2}))
    assert np.frombuffer(entry.terms, dtype="<i8").tolist() == [term_key("fox"), term_key("porto")]
    assert list(entry.counts) == [MAX_COUNT, 2]
    assert entry.conversation_id == uuid.UUID(examples.conversation_id(1))


def test_keys_are_those_that_stand_in_stores_already() -> None:
    assert term_key("fox") == -5_227_744_470_488_325_870
    assert -(2**63) <= term_key("\ud800") < 2**63
