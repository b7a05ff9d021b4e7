"""How edges are packed, and how labels are found: without a server."""

import re

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talktiers.adapters.neo4j.label_table import LabelTable
from talktiers.adapters.neo4j.packed_edges import KINDS, kind_of, packed_edges, unpacked_edges
from talktiers.domain.derived import Entity, EntityKind, Extraction, Topic
from talktiers.domain.errors import BackendCorruption, BackendError
from talktiers.domain.identifiers import id_texts
from talktiers.domain.mentions import Mention, mentions_of
from talktiers.ports.contracts import examples
from talktiers.ports.relationship_graph import GraphRecord

WORDS = st.text(st.sampled_from("aáß-_ 1.I\u0130"), max_size=6)
LABELS = st.one_of(WORDS, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12))


@st.composite
def extractions(draw: st.DrawFn) -> Extraction:
    topics = draw(st.lists(st.builds(Topic, label=LABELS, weight=st.floats(2**-20, 1, width=32)), max_size=4))
    entities = draw(st.lists(st.builds(Entity, name=LABELS, kind=st.sampled_from(EntityKind)), max_size=3))
    return Extraction(topics=tuple(topics), entities=tuple(entities))


def record(number: int, extraction: Extraction) -> GraphRecord:
    return attrs.evolve(examples.graph_record(examples.stored(number)), extraction=extraction)


@given(st.lists(extractions(), max_size=6))
def test_edges_come_back_as_they_were_packed(said: list[Extraction]) -> None:
    records = [record(number, extraction) for number, extraction in enumerate(said)]
    packed = [packed_edges(item, mentions_of(item.extraction)) for item in records]
    edges = unpacked_edges(
        [edges for edges, _ in packed], [header for _, header in packed], operation="read", address="here"
    )
    assert id_texts(edges.headers["id"].tobytes()) == tuple(item.key.conversation_id for item in records)
    assert edges.headers["sequence"].tolist() == [item.sequence for item in records]
    found = zip(edges.texts, edges.mentions["weight"].tolist(), edges.mentions["kind"].tolist(), strict=True)
    for extraction, count in zip(said, edges.counts.tolist(), strict=True):
        here = [next(found) for _ in range(count)]
        assert {
            text.lower(): Mention(weight=weight or None, entity=Entity(name=text, kind=kind_of(kind)) if kind else None)
            for text, weight, kind in here
        } == mentions_of(extraction)


def test_a_kind_of_entity_keeps_its_stored_number() -> None:
    assert {kind.value: number for kind, number in KINDS.items()} == {"person": 1, "place": 2, "thing": 3}
    assert set(KINDS) == set(EntityKind)


@pytest.mark.parametrize(
    ("edges", "texts"),
    [
        (b"", "porto"),
        (b"x" * 47, ""),
        (b"\0" * 64, "porto"),
        (b"\0" * 52 + b"\x09\0\0\0", "porto"),
        ("text", "porto"),
    ],
)
def test_damaged_edges_are_an_error_that_says_what_mends_them(edges: bytes, texts: str) -> None:
    with pytest.raises(BackendCorruption, match="talktiers rebuild graph"):
        unpacked_edges([edges], [texts], operation="read", address="here")


def test_values_that_do_not_belong_together_are_damaged() -> None:
    good = packed_edges(record(1, Extraction(topics=(Topic(label="porto"),))), {"porto": Mention(weight=1)})
    with pytest.raises(BackendCorruption):
        unpacked_edges([good[0], good[0]], [good[1]], operation="read", address="here")
    with pytest.raises(BackendCorruption):
        unpacked_edges([good[0]], ["porto\0lisbon"], operation="read", address="here")


def test_a_label_that_could_not_be_told_apart_is_refused() -> None:
    with pytest.raises(BackendError, match="NUL"):
        packed_edges(record(1, Extraction()), {"a\0b": Mention(weight=1)})


@given(labels=st.sets(LABELS, max_size=8), wanted=LABELS)
def test_a_label_matches_whole_words_as_a_regular_expression_does(labels: set[str], wanted: str) -> None:
    table = LabelTable(labels)
    whole = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)")
    expected = [label for label in sorted(labels) if wanted and whole.search(label)]
    assert [table.labels[number] for number in table.matching(wanted)] == expected
    assert table.matching("") == []
