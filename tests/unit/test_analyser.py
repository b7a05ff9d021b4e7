"""What texts in any language are taken apart into."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.adapters.text.analyser import SnowballAnalyser
from talktiers.domain.errors import ConfigurationError

ANALYSER = SnowballAnalyser()


def terms(text: str) -> tuple[str, ...]:
    return ANALYSER.analyse(text=text).terms


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_words_of_plain_text_are_runs_of_letters_and_digits(text: str) -> None:
    words = [token.word for token in ANALYSER.analyse(text=text).tokens]
    assert words == [word[:64] for word in re.findall("[a-z0-9]+", text.lower())]


def test_english_words_come_as_stems_without_stop_words() -> None:
    assert terms("Where did you go running with my sisters?") == ("go", "run", "sister")


def test_contractions_leave_no_parts_behind() -> None:
    assert terms("I don't think we'll go, it's what they've said") == ("think", "go", "said")
    assert terms("I don’t think we’ll go") == ("think", "go")


def test_the_month_of_may_is_indexed() -> None:
    assert terms("8 May 2023") == ("8", "may", "2023")


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("cafe", "café"), ("strasse", "Straße"), ("Istanbul", "İstanbul"), ("jose", "José"), ("ABC", "ＡＢＣ")],
)
def test_words_meet_with_and_without_their_marks(typed: str, stored: str) -> None:
    assert set(terms(typed)) & set(terms(stored))


SAME_LANGUAGE = [
    ("de", "Ich wohne seit einem Jahr mit meinen Katzen in der schönen Straße am Fluss", "Straße Katzen", "Katze"),
    ("es", "Mi hermana vive en una ciudad pequeña con las gatas de mi abuela", "hermana ciudad", "ciudades"),
    ("fr", "Ma sœur habite dans une maison près de la mer avec ses chats", "sœur maison", "maisons"),
    ("ru", "Моя сестра живёт в большом городе и любит кошек", "сестра живет кошек", "сестры"),
    ("ja", "私の妹は大きな猫が好きです", "妹 猫", "大きな猫"),
    ("zh", "我的妹妹住在上海，她很喜欢猫", "上海 猫", "住在上海"),
    ("ko", "나는 어제 학교에 갔다", "학교", "학교는"),
    ("ar", "أختي تعيش في مدينة كبيرة مع القطط", "أختي القطط", "مدينة"),
    ("hi", "मेरी बहन दिल्ली में रहती है और हिन्दी बोलती है", "बहन हिन्दी", "दिल्ली"),
    ("he", "אחותי גרה בעיר גדולה עם חתולים", "אחותי חתולים", "גדולה"),
    ("el", "Η αδελφή μου μένει στην Αθήνα με τις γάτες της", "αδελφη Αθηνα", "γάτες"),
    ("th", "ฉันชอบกินข้าวกับแมว", "แมว", "ข้าว"),
    ("ta", "என் சகோதரி சென்னையில் வசிக்கிறாள்", "சகோதரி", "சென்னையில்"),
]


@pytest.mark.parametrize(
    ("text", "question", "inflected"), [row[1:] for row in SAME_LANGUAGE], ids=[r[0] for r in SAME_LANGUAGE]
)
def test_a_question_of_two_words_meets_the_text_in_its_language(text: str, question: str, inflected: str) -> None:
    """Too short to tell its language, so that it is taken for another one than the text's."""
    stored = set(terms(text))
    for word in question.split():
        assert set(terms(word)) & stored, word
    assert set(terms(inflected)) & stored


@pytest.mark.parametrize(
    ("text", "language", "stem"),
    [
        ("Ich habe zwei Häuser und wohne in einem Haus", "de", "haus"),
        ("Mi hermano tiene tres gatos y yo tengo un gato", "es", "gat"),
        ("Nous avons une grande maison et des chevaux", "fr", "maison"),
        ("Ho comprato una casa con il mio amico e la sua moglie", "it", "cas"),
        ("Eu moro com a minha irmã em uma cidade pequena", "pt", "irma"),
        ("Ik woon met mijn zus in een grote stad en wij hebben katten", "nl", "kat"),
        ("Jag bor med min syster i en stor stad och vi har katter", "sv", "katt"),
        ("Minä asun siskoni kanssa ja meillä on kissa", "fi", "kissa"),
        ("Мы живём в большом городе", "ru", "город"),
        ("I live in a house", "en", "hous"),
    ],
)
def test_a_language_is_recognised_and_stemmed(text: str, language: str, stem: str) -> None:
    analysis = ANALYSER.analyse(text=text)
    assert analysis.language == language
    assert stem in analysis.terms


@pytest.mark.parametrize("text", ["Die Hard", "ha ha ha, no no no!", "Porto", "I saw Die Hard with Mia"])
def test_a_few_foreign_looking_words_do_not_change_the_language(text: str) -> None:
    assert ANALYSER.analyse(text=text).language == "en"


def test_the_default_language_is_a_choice() -> None:
    analyser = SnowballAnalyser(default_language="german")
    assert analyser.analyse(text="Häuser").terms == ("haus",)
    assert analyser.fingerprint != ANALYSER.fingerprint
    with pytest.raises(ConfigurationError, match="default_language"):
        SnowballAnalyser(default_language="klingon")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("I think my sister likes me", 3),
        ("You moved", 0),
        ("Ich wohne mit meiner Schwester und wir haben Katzen", 3),
        ("Моя сестра и я", 2),
        ("我的猫", 1),
        ("私の猫", 1),
    ],
)
def test_words_for_the_speaker_are_counted(text: str, count: int) -> None:
    assert ANALYSER.analyse(text=text).first_person == count


@settings(deadline=None)
@given(st.text())
def test_any_text_gives_storable_terms_and_the_same_ones_again(text: str) -> None:
    analysis = ANALYSER.analyse(text=text)
    assert all(token.word for token in analysis.tokens)
    assert all(term and len(term) <= 64 for term in analysis.terms)
    assert ANALYSER.analyse(text=text) == SnowballAnalyser().analyse(text=text)


@pytest.mark.parametrize("letter", ["ж", "ﷺ", "ก", "ሀ", "ქ", "가", "𝒳", "𐍈", "ཀ"])
def test_no_script_is_left_out(letter: str) -> None:
    assert terms(letter)


def test_signs_without_words_give_no_terms() -> None:
    assert ANALYSER.analyse(text="") == ANALYSER.analyse(text="🙂 — … !?")
    assert terms("") == ()


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "word " * 200_000,
        "猫が好き" * 250_000,
        "é\u0301" * 500_000,
        "\u0301" * 1_000_000,
        " \u200f" * 500_000,
    ],
    ids=["one word", "words", "unspaced", "marks", "only marks", "directions"],
)
def test_a_megabyte_takes_no_more_than_seconds(text: str) -> None:
    start = time.perf_counter()
    ANALYSER.analyse(text=text)
    assert time.perf_counter() - start < 10


@settings(deadline=None)
@given(st.text(alphabet="abcdefgh", min_size=4, max_size=24), st.data())
def test_every_single_typing_error_is_near(word: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from("abz09"))
    typed = data.draw(
        st.sampled_from(
            [
                word[:position] + letter + word[position:],
                word[:position] + word[position + 1 :],
                word[:position] + letter + word[position + 1 :],
                word[:position] + word[position + 1 : position + 2] + word[position] + word[position + 2 :],
            ]
        )
    )
    near = ANALYSER.words_near(word=word)
    assert typed in near or typed == word
    assert word not in near


@pytest.mark.parametrize(
    ("word", "meant"), [("сестар", "сестра"), ("αδελφι", "αδελφη"), ("חתוליס", "חתולים"), ("مدينه", "مدينة")]
)
def test_typing_errors_are_looked_for_in_the_script_of_the_word(word: str, meant: str) -> None:
    assert meant in ANALYSER.words_near(word=word)


@pytest.mark.parametrize("word", ["dog", "2023", "x" * 25, "猫猫猫猫", ""])
def test_short_long_and_unspaced_words_are_not_mended(word: str) -> None:
    assert ANALYSER.words_near(word=word) == frozenset()
