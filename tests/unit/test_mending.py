"""Typing errors in a question."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from talktiers.adapters.text.analyser import SnowballAnalyser
from talktiers.domain.lexical import TermStatistics
from talktiers.domain.mending import mended_text, mended_word, suspect_words

ANALYSER = SnowballAnalyser()
STORED = TermStatistics(documents=9, document_frequency={"sister": 4, "porto": 1, "move": 2}, word_frequency={})


def suspects(question: str, *, vocabulary: frozenset[str] = frozenset()) -> tuple[str, ...]:
    return suspect_words(ANALYSER.analyse(text=question), statistics=STORED, knows=vocabulary.__contains__)


def test_only_words_that_nobody_here_wrote_are_suspect() -> None:
    assert suspects("Where did my sisetr go when she moved, mvoed to Porto?") == ("sisetr", "mvoed")


def test_a_word_is_not_suspect_in_another_inflection() -> None:
    assert suspects("sisters moving") == ()


def test_short_words_and_numbers_are_left_alone() -> None:
    assert suspects("the dgo 2023 a1b2c") == ()


def test_a_word_that_exists_elsewhere_is_no_typing_error() -> None:
    assert suspects("kangaroo kangaro", vocabulary=frozenset({"kangaroo"})) == ("kangaro",)


def test_a_word_met_by_its_form_in_the_default_language_is_not_suspect() -> None:
    statistics = TermStatistics(documents=1, document_frequency={"hauser": 1}, word_frequency={})
    question = ANALYSER.analyse(text="Wo sind meine Häuser")
    assert suspect_words(question, statistics=statistics, knows=lambda _: False) == ()


def test_the_first_letter_counts_before_the_frequency_and_that_before_the_alphabet() -> None:
    assert (
        mended_word("caroilne", candidates={"daroline": 90, "caroline": 2, "carolina": 2, "carolin": 1}) == "carolina"
    )


def test_without_a_stored_candidate_the_word_stays() -> None:
    assert mended_word("kangaro", candidates={}) == "kangaro"
    assert mended_word("kangaro", candidates={"kangaroo": 0}) == "kangaro"


@given(st.dictionaries(st.text("abc", min_size=3, max_size=5), st.integers(1, 5)), st.randoms(use_true_random=False))
def test_the_choice_does_not_depend_on_the_order_of_the_candidates(candidates: dict[str, int], random: Random) -> None:
    words = sorted(candidates)
    random.shuffle(words)
    shuffled = {word: candidates[word] for word in words}
    assert mended_word("abcd", candidates=shuffled) == mended_word("abcd", candidates=candidates)


def test_a_question_keeps_everything_but_the_mended_words() -> None:
    text = "Where does my SISETR live? sisetr's flat, not sisetrs."
    assert (
        mended_text(text, replacements={"sisetr": "sister"}) == "Where does my sister live? sister's flat, not sisetrs."
    )


def test_signs_in_a_replacement_mean_nothing() -> None:
    assert mended_text("abcd", replacements={"abcd": r"\1\g<0>"}) == r"\1\g<0>"


def test_a_word_that_was_indexed_without_its_accent_is_mended_all_the_same() -> None:
    typed = "Where is the cafétria?"
    assert "cafetria" in {token.word for token in ANALYSER.analyse(text=typed).tokens}
    mended = mended_text(typed, replacements={"cafetria": "cafeteria"})
    assert set(ANALYSER.analyse(text="cafeteria").terms) <= set(ANALYSER.analyse(text=mended).terms)


def test_an_edited_question_meets_the_stored_word_again() -> None:
    stored = {"caroline": 5, "support": 2, "group": 3}
    for typed in ("caorline", "suport", "grroup", "graup"):
        near = ANALYSER.words_near(word=typed)
        meant = mended_word(typed, candidates={word: stored[word] for word in stored if word in near})
        assert meant in stored
