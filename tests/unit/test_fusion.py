"""One ranking out of two."""

from __future__ import annotations

import datetime as dt
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talktiers.domain.dates import NamedDate
from talktiers.domain.fusion import WITH_VECTORS, WITHOUT_VECTORS, Decay, FusionWeights, fused
from talktiers.domain.lexical import LexicalMatch

NOW = dt.datetime(2024, 6, 1, tzinfo=dt.UTC)


def match(
    conversation_id: str, score: float, *, days_ago: float = 1, first_person: float = 0.0, share: float = 0.0
) -> LexicalMatch:
    return LexicalMatch(
        conversation_id=conversation_id,
        score=score,
        occurred_at=NOW - dt.timedelta(days=days_ago),
        first_person=first_person,
        share=share,
    )


unit = st.floats(0, 1)
matches = st.lists(
    st.builds(
        match,
        st.integers(0, 9).map(str),
        st.floats(0.001, 50),
        days_ago=st.floats(0, 2000),
        first_person=unit,
        share=unit,
    ),
    unique_by=lambda item: item.conversation_id,
    max_size=8,
).map(lambda found: sorted(found, key=lambda item: -item.score))
similarities = st.dictionaries(st.integers(4, 14).map(str), st.floats(-1, 1), max_size=8)
dates = st.lists(
    st.builds(NamedDate, year=st.sampled_from((None, 2023, 2024)), month=st.integers(1, 12), day=st.integers(1, 28)),
    max_size=2,
)
decays = st.sampled_from(Decay)


@given(matches, similarities, dates, decays)
def test_every_candidate_is_ranked_once_between_0_and_1(
    found: list[LexicalMatch], close: dict[str, float], named: list[NamedDate], decay: Decay
) -> None:
    ranking = fused(found, similarities=close, dates=named, decay=decay, now=NOW)
    assert sorted(item.conversation_id for item in ranking) == sorted({m.conversation_id for m in found} | set(close))
    scores = [item.score for item in ranking]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


@given(matches, similarities, dates, decays)
def test_the_parts_of_a_score_make_it_up(
    found: list[LexicalMatch], close: dict[str, float], named: list[NamedDate], decay: Decay
) -> None:
    for item in fused(found, similarities=close, dates=named, decay=decay, now=NOW):
        parts = item.lexical + item.first_person + item.share + item.date + item.semantic
        assert item.score == pytest.approx(parts * item.decay)


@given(matches, similarities, st.randoms(use_true_random=False))
def test_the_order_of_the_vector_store_does_not_matter(
    found: list[LexicalMatch], close: dict[str, float], random: Random
) -> None:
    ids = list(close)
    random.shuffle(ids)
    shuffled = {identity: close[identity] for identity in ids}
    assert fused(found, similarities=shuffled) == fused(found, similarities=close)


def by_hand(weights: FusionWeights, *, fp: float, share: float, date: float, lexical: float, semantic: float) -> float:
    factor = 1 + weights.first_person * fp + weights.share * share + weights.date * date
    return lexical * factor + weights.first_person_alone * fp + weights.semantic * semantic


def test_the_formula_with_vectors() -> None:
    """L·(1 + .3·fp + .45·share + .6·date) + .05·fp + .45·V, over the most that it can be."""
    found = [match("a", 8.0), match("b", 4.0, first_person=1.0, share=0.5)]
    ranking = fused(found, similarities={"a": 0.2, "b": 0.8}, dates=[NamedDate(month=5)], now=NOW)
    scores = {item.conversation_id: item.score for item in ranking}
    limit = 1 + 0.3 + 0.45 + 0.6 * 1.7 + 0.05 + 0.45
    assert scores["a"] == pytest.approx((1.0 * (1 + 0.6) + 0.45 * 0.25) / limit)
    assert scores["b"] == pytest.approx((0.5 * (1 + 0.3 + 0.225 + 0.6) + 0.05 + 0.45) / limit)


def test_the_formula_without_vectors() -> None:
    """L·(1 + .15·fp + .3·share + 1.0·date) + .05·fp, over the most that it can be."""
    found = [match("a", 8.0), match("b", 4.0, first_person=1.0, share=0.5)]
    scores = {i.conversation_id: i.score for i in fused(found, similarities={}, dates=[NamedDate(month=5)])}
    limit = 1 + 0.15 + 0.3 + 1.7 + 0.05
    assert scores["a"] == pytest.approx(2.0 / limit)
    assert scores["b"] == pytest.approx((0.5 * (1 + 0.15 + 0.15 + 1.0) + 0.05) / limit)


@pytest.mark.parametrize("weights", [WITH_VECTORS, WITHOUT_VECTORS])
def test_nothing_scores_above_the_limit(weights: FusionWeights) -> None:
    assert by_hand(weights, fp=1, share=1, date=1.7, lexical=1, semantic=1) == pytest.approx(weights.limit())


def test_what_the_store_did_not_return_is_taken_to_be_as_far_as_its_last() -> None:
    ranking = fused([match("a", 1.0), match("b", 1.0)], similarities={"a": 0.4, "c": 0.1})
    semantic = {item.conversation_id: item.semantic for item in ranking}
    assert semantic["b"] == semantic["c"] == pytest.approx(semantic["a"] / 4)


def test_opposite_meanings_count_nothing() -> None:
    ranking = fused([match("a", 1.0)], similarities={"b": -0.5})
    assert [(item.conversation_id, item.semantic) for item in ranking] == [("a", 0.0), ("b", 0.0)]


def test_equal_ones_come_newest_first() -> None:
    found = [match("old", 2.0, days_ago=9), match("new", 2.0, days_ago=1)]
    assert [item.conversation_id for item in fused(found, similarities={})] == ["new", "old"]


def test_nothing_decays_unless_asked() -> None:
    found = [match("old", 2.0, days_ago=3000), match("new", 1.99, days_ago=1)]
    assert fused(found, similarities={}, now=NOW)[0].conversation_id == "old"


def test_mild_decay_takes_a_tenth_at_most() -> None:
    found = [match("ancient", 2.0, days_ago=3000), match("month", 1.0, days_ago=30)]
    decay = {item.conversation_id: item.decay for item in fused(found, similarities={}, decay=Decay.MILD, now=NOW)}
    assert decay == {"ancient": pytest.approx(0.9), "month": pytest.approx(0.97)}
    assert Decay.MILD.factor(age=dt.timedelta(days=-5)) == 1.0


def test_a_conversation_found_by_meaning_alone_decays_where_its_time_is_known() -> None:
    ranking = fused(
        [], similarities={"a": 0.5}, decay=Decay.MILD, now=NOW, occurred_at={"a": NOW - dt.timedelta(days=50)}
    )
    assert ranking[0].decay == pytest.approx(0.95)


def test_decay_without_a_present_is_refused() -> None:
    with pytest.raises(ValueError, match="now"):
        fused([], similarities={}, decay=Decay.MILD)
