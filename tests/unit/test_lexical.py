"""The lexical scheme against a plain reading of its definition."""

from __future__ import annotations

import datetime as dt
import math
import uuid
from collections.abc import Mapping, Sequence

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.domain.conversation import ConversationKey
from talktiers.domain.document_table import DocumentTable
from talktiers.domain.lexical import LexicalQuery, LexicalResult, match_unindexed
from talktiers.domain.lexical_document import FEATURES, LexicalDocument
from talktiers.domain.place import Audience, Place, Visibility
from talktiers.domain.postings import BLOCK_DOCUMENTS, Postings, pack_postings, unpack_postings

START = dt.datetime(2024, 3, 1, 12, tzinfo=dt.UTC)
TERMS = ("porto", "sister", "dog", "rain", "tea")
PLACES = (
    Place(audience=Audience.DIRECT),
    Place(audience=Audience.PRIVATE_CHANNEL, channel_id="c1"),
    Place(audience=Audience.PUBLIC_CHANNEL, channel_id="c2", server_id="s1"),
)
EVERYTHING = Visibility(bot_id=None, compartments=None)


def document(
    number: int,
    *,
    place: Place = PLACES[0],
    bot_id: str = "bot",
    session_id: str | None = None,
    occurred_at: dt.datetime | None = None,
    term_counts: Mapping[str, int] | None = None,
    user_name: str = "Ana Silva",
    user_first_person: int = 0,
    bot_first_person: int = 0,
    user_share: float = 0.5,
) -> LexicalDocument:
    return LexicalDocument(
        key=ConversationKey(
            tenant_id="t", user_id="u", conversation_id=str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))
        ),
        sequence=number,
        place=place,
        bot_id=bot_id,
        session_id=session_id,
        occurred_at=occurred_at or START + dt.timedelta(minutes=number),
        term_counts=term_counts or {},
        words=frozenset(),
        user_name=user_name,
        bot_name="Bruno",
        user_first_person=user_first_person,
        bot_first_person=bot_first_person,
        user_share=user_share,
    )


def table_of(documents: Sequence[LexicalDocument], numbers: Sequence[int] | None = None) -> DocumentTable:
    return DocumentTable(
        np.array(numbers if numbers is not None else range(len(documents)), dtype=np.int64),
        np.concatenate([item.features() for item in documents]) if documents else np.zeros(0, dtype=FEATURES),
    )


def postings_of(documents: Sequence[LexicalDocument], numbers: Sequence[int] | None = None) -> dict[str, Postings]:
    numbers = range(len(documents)) if numbers is None else numbers
    return {
        term: (
            np.array(
                [n for n, item in zip(numbers, documents, strict=True) if term in item.term_counts], dtype=np.int64
            ),
            np.array([item.term_counts[term] for item in documents if term in item.term_counts], dtype=np.uint8),
        )
        for term in TERMS
        if any(term in item.term_counts for item in documents)
    }


def oracle(documents: Sequence[LexicalDocument], terms: Sequence[str]) -> dict[str, float]:
    """BM25 over pseudo-documents, as the docstring of the module defines it, one conversation at a time."""
    ordered = sorted(documents, key=lambda item: (item.occurred_at, item.sequence))

    def sitting(item: LexicalDocument) -> list[LexicalDocument]:
        alike = [
            other
            for other in ordered
            if (other.bot_id, other.place.key, other.session_id) == (item.bot_id, item.place.key, item.session_id)
        ]
        if item.session_id is not None:
            return alike
        runs: list[list[LexicalDocument]] = []
        for other in alike:
            if runs and other.occurred_at - runs[-1][-1].occurred_at <= dt.timedelta(minutes=30):
                runs[-1].append(other)
            else:
                runs.append([other])
        return next(run for run in runs if item in run)

    def weighted(item: LexicalDocument, value: dict[str, float]) -> float:
        run = sitting(item)
        place = run.index(item)
        total = 0.0
        for distance, weight in ((0, 1.0), (1, 0.4), (-1, 0.4), (2, 0.1), (-2, 0.1)):
            if 0 <= place + distance < len(run):
                total += weight * value[run[place + distance].key.conversation_id]
        return total

    lengths = {item.key.conversation_id: float(sum(item.term_counts.values())) for item in ordered}
    length = {item.key.conversation_id: weighted(item, lengths) for item in ordered}
    average = sum(length.values()) / len(length)
    scores = dict.fromkeys(length, 0.0)
    for term in terms:
        own = {item.key.conversation_id: float(item.term_counts.get(term, 0)) for item in ordered}
        frequency = sum(count > 0 for count in own.values())
        idf = math.log(1 + (len(own) - frequency + 0.5) / (frequency + 0.5))
        for item in ordered:
            identity = item.key.conversation_id
            weight = weighted(item, own)
            if weight:
                scores[identity] += idf * 1.8 * weight / (weight + 0.8 * (0.25 + 0.75 * length[identity] / average))
    return {identity: score for identity, score in scores.items() if score > 0}


archives = st.lists(
    st.builds(
        lambda **changes: changes,
        place=st.sampled_from(PLACES),
        bot_id=st.sampled_from(("bot", "other")),
        session_id=st.sampled_from((None, None, "night")),
        occurred_at=st.integers(0, 400).map(lambda minutes: START + dt.timedelta(minutes=minutes)),
        term_counts=st.dictionaries(st.sampled_from(TERMS), st.integers(1, 255), max_size=4),
    ),
    max_size=14,
).map(lambda rows: [document(number, **changes) for number, changes in enumerate(rows)])
questions = st.lists(st.sampled_from((*TERMS, "unknown")), unique=True, min_size=1).map(
    lambda terms: LexicalQuery(terms=tuple(terms), words=frozenset(terms))
)


@settings(deadline=None)
@given(archives, questions)
def test_scores_are_those_of_the_definition(documents: list[LexicalDocument], query: LexicalQuery) -> None:
    result = table_of(documents).rank(postings_of(documents), query=query, visibility=EVERYTHING, limit=100)
    expected = oracle(documents, query.terms) if documents else {}
    assert {match.conversation_id: match.score for match in result.matches} == pytest.approx(expected)


@settings(deadline=None)
@given(archives, questions, st.data())
def test_a_table_that_grew_ranks_like_one_built_at_once(
    documents: list[LexicalDocument], query: LexicalQuery, data: st.DataObject
) -> None:
    numbers = sorted(data.draw(st.sets(st.integers(0, 60), min_size=len(documents), max_size=len(documents))))
    cut = data.draw(st.integers(0, len(documents)))
    grown = table_of(documents[:cut], numbers[:cut])
    for number, item in zip(numbers[cut:], documents[cut:], strict=True):
        grown = grown.extended(np.array([number], dtype=np.int64), item.features())
    postings = postings_of(documents, numbers)
    at_once = table_of(documents, numbers)

    def ranked(table: DocumentTable) -> LexicalResult:
        return table.rank(postings, query=query, visibility=EVERYTHING, limit=100)

    assert ranked(grown) == ranked(at_once)
    assert (len(grown), grown.last_number) == (len(at_once), at_once.last_number)


@settings(deadline=None)
@given(archives, questions, st.sampled_from(("bot", None)), st.sets(st.sampled_from(PLACES)), st.integers(1, 6))
def test_what_may_not_be_seen_takes_no_place_among_the_best(
    documents: list[LexicalDocument],
    query: LexicalQuery,
    bot_id: str | None,
    places: set[Place],
    limit: int,
) -> None:
    visibility = Visibility(bot_id=bot_id, compartments=frozenset(place.compartment for place in places))
    table, postings = table_of(documents), postings_of(documents)
    everything = table.rank(postings, query=query, visibility=EVERYTHING, limit=100).matches
    by_id = {item.key.conversation_id: item for item in documents}
    allowed = [
        (match.conversation_id, match.score)
        for match in everything
        if visibility.allows(
            bot_id=by_id[match.conversation_id].bot_id, compartment=by_id[match.conversation_id].place.compartment
        )
    ]
    found = table.rank(postings, query=query, visibility=visibility, limit=limit).matches
    assert [(match.conversation_id, match.score) for match in found] == allowed[:limit]


@settings(deadline=None)
@given(archives, questions)
def test_the_best_come_first_and_equal_ones_newest_first(documents: list[LexicalDocument], query: LexicalQuery) -> None:
    matches = table_of(documents).rank(postings_of(documents), query=query, visibility=EVERYTHING, limit=100).matches
    sequences = {item.key.conversation_id: item.sequence for item in documents}
    keys = [(-match.score, -match.occurred_at.timestamp(), -sequences[match.conversation_id]) for match in matches]
    assert keys == sorted(keys)


@given(st.dictionaries(st.integers(0, BLOCK_DOCUMENTS - 1), st.integers(1, 255)))
def test_a_packed_block_holds_what_was_packed(postings: dict[int, int]) -> None:
    offsets = np.array(sorted(postings), dtype=np.uint16)
    counts = np.array([postings[offset] for offset in sorted(postings)], dtype=np.uint8)
    block = pack_postings(offsets, counts)
    unpacked_offsets, unpacked_counts = unpack_postings(block)
    assert dict(zip(unpacked_offsets.tolist(), unpacked_counts.tolist(), strict=True)) == postings
    assert len(block) == 3 * len(postings)


def rank_named(documents: Sequence[LexicalDocument], *words: str) -> LexicalResult:
    query = LexicalQuery(terms=("porto",), words=frozenset(words))
    return table_of(documents).rank(postings_of(documents), query=query, visibility=EVERYTHING, limit=10)


def test_the_one_participant_named_gives_first_person_and_share() -> None:
    told = document(0, term_counts={"porto": 1}, user_first_person=7, bot_first_person=1, user_share=0.8)
    by_user = rank_named([told], "where", "is", "ana").matches[0]
    assert by_user.first_person == 1.0
    assert by_user.share == pytest.approx(0.8, abs=0.002)
    by_bot = rank_named([told], "bruno").matches[0]
    assert by_bot.first_person == pytest.approx(1 / 3)
    assert by_bot.share == pytest.approx(0.2, abs=0.002)


@pytest.mark.parametrize("words", [("where",), ("ana", "bruno"), ("silva",)])
def test_none_or_several_participants_named_give_nothing(words: tuple[str, ...]) -> None:
    told = document(0, term_counts={"porto": 1}, user_first_person=3, bot_first_person=3, user_share=0.8)
    match = rank_named([told], *words).matches[0]
    assert (match.first_person, match.share) == (0.0, 0.0)


def test_a_participant_who_may_not_be_seen_is_not_known_by_name() -> None:
    told = document(0, term_counts={"porto": 1}, user_first_person=3)
    hidden = document(1, term_counts={"porto": 1}, user_name="Carla", place=PLACES[1])
    query = LexicalQuery(terms=("porto",), words=frozenset(("ana", "carla")))
    visibility = Visibility(bot_id=None, compartments=frozenset((PLACES[0].compartment,)))
    documents = [told, hidden]
    result = table_of(documents).rank(postings_of(documents), query=query, visibility=visibility, limit=10)
    assert result.matches[0].first_person == 1.0


def test_a_document_not_yet_indexed_scores_as_it_would_without_neighbours() -> None:
    indexed = [
        document(number, occurred_at=START + dt.timedelta(days=number), term_counts={"porto": 1, "tea": 2})
        for number in range(5)
    ]
    query = LexicalQuery(terms=("porto", "rain"), words=frozenset())
    result = table_of(indexed).rank(postings_of(indexed), query=query, visibility=EVERYTHING, limit=10)
    waiting = attrs.evolve(indexed[0], key=document(9).key)
    other = document(10, term_counts={"tea": 1})
    matches = match_unindexed([other, waiting], query=query, result=result)
    assert [match.conversation_id for match in matches] == [waiting.key.conversation_id]
    assert matches[0].score == pytest.approx(result.matches[0].score)


def test_the_first_document_of_all_is_found_before_it_is_indexed() -> None:
    query = LexicalQuery(terms=("porto",), words=frozenset())
    first = document(0, term_counts={"porto": 1})
    assert [match.conversation_id for match in match_unindexed([first], query=query, result=LexicalResult())] == [
        first.key.conversation_id
    ]
