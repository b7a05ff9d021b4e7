"""The best passage keeps what was asked and what answers it, within its length."""

from __future__ import annotations

from context_cases import analyse, question, texts
from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.domain.context_material import Question
from talktiers.domain.excerpts import MAX_ANALYSED_CHARS, excerpts, sentences
from talktiers.domain.passages import Passage, PassageReader
from talktiers.domain.question_terms import QuestionTerms
from talktiers.domain.sides import Sides

LABELS = (5, 6)


def reader(user: str, bot: str = "", *, asked: str = "where does my sister live") -> PassageReader:
    terms = QuestionTerms(question(asked))
    return PassageReader(
        Sides(user=user, bot=bot), terms=terms, label_chars=LABELS, speakers=frozenset({"ana", "tiro"})
    )


def cost(passage: Passage) -> int:
    return sum(len(text) + label for text, label in zip(passage.sides, LABELS, strict=True) if text)


@given(user=texts, bot=texts, max_chars=st.integers(0, 300))
@settings(deadline=None, max_examples=300)
def test_never_longer_than_asked_for_names_included(user: str, bot: str, max_chars: int) -> None:
    assert cost(reader(user, bot).passage(max_chars)) <= max_chars


@given(user=texts, bot=texts)
@settings(deadline=None)
def test_a_passage_said_to_be_whole_holds_every_word(user: str, bot: str) -> None:
    passage = reader(user, bot).passage(5000)
    if passage.whole:
        for side, message in zip(passage.sides, (user, bot), strict=True):
            kept = [c for c in side if c.isalnum()]
            assert kept == [c for c in message if c.isalnum()]


def test_the_matching_sentence_is_found_in_the_middle_of_others() -> None:
    text = "We had a long day. The car broke down. My sister lives in Porto now. Then it rained. We went home."
    assert reader(text).passage(45).sides.user == "My sister lives in Porto now."


def test_the_question_in_one_message_and_the_answer_in_the_other_stand_together() -> None:
    passage = reader(
        "Good morning! Did I tell you where my sister lives? I really like the weather today.",
        "Yes, you did! She moved to Porto in April 2019. Lovely weather indeed!",
    ).passage(110)
    assert "where my sister lives?" in passage.sides.user
    assert "Porto in April 2019" in passage.sides.bot


def test_small_talk_is_dropped_even_where_there_is_room() -> None:
    passage = reader("Hi there! How are you? My sister lives in Porto.", "Wow! Great!").passage(150)
    assert passage.sides == Sides(user="My sister lives in Porto.", bot="")


def test_pieces_keep_their_order_and_an_ellipsis_stands_for_what_is_left_out() -> None:
    text = "My sister called. Oh well. So it is. She will live in Porto from 3 May on."
    assert reader(text).passage(70).sides.user == "My sister called. … She will live in Porto from 3 May on."


def test_a_sentence_without_end_is_cut_between_words() -> None:
    passage = reader("sister " + "boats and harbours " * 30).passage(80)
    assert cost(passage) <= 80
    assert passage.sides.user.endswith("…")
    assert not passage.whole


def test_the_share_of_the_question_that_a_passage_holds_is_that_of_its_idf() -> None:
    terms = QuestionTerms(Question(text="sister Porto", idf={"sister": 3.0, "porto": 1.0}, analyse=analyse))
    said = Sides(user="My sister called.", bot="")
    found = PassageReader(said, terms=terms, label_chars=LABELS, speakers=frozenset()).passage(100)
    assert terms.mass(found.found) == 0.75
    assert QuestionTerms(Question(text="", idf={}, analyse=analyse)).mass(0) == 0.0


def test_a_word_that_does_not_begin_like_its_term_is_found_too() -> None:
    asked = Question(text="mice", idf={"mouse": 1.0}, analyse=lambda text: analyse(text.replace("mice", "mouse")))
    found = PassageReader(
        Sides(user="It rained all day in town 7. We saw mice there.", bot=""),
        terms=QuestionTerms(asked),
        label_chars=LABELS,
        speakers=frozenset(),
    ).passage(30)
    assert found.sides.user == "We saw mice there."


@given(text=texts)
def test_sentences_leave_no_character_out(text: str) -> None:
    assert "".join(sentences(text)) == text


@given(text=st.text(max_size=50), times=st.integers(1, 2000))
@settings(deadline=None)
def test_what_is_analysed_of_a_long_text_is_bounded_and_stood_there(text: str, times: int) -> None:
    message = text * times
    parts = excerpts(message, terms={text[:5] or "x": 1.0, "sister": 2.0})
    assert sum(map(len, parts)) <= max(len(text), MAX_ANALYSED_CHARS)
    assert all(part in message for part in parts)


def test_the_words_of_the_question_are_found_at_the_end_of_a_long_text() -> None:
    message = "nothing here " * 50_000 + "my sister lives in Porto"
    assert any("sister lives in Porto" in part for part in excerpts(message, terms={"sister": 2.0}))
