"""The contract of `TextAnalyser`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..text_analyser import TextAnalyser
from . import examples
from .strategies import ANY_ADAPTER, texts

SCRIPTS = {
    "latin": "The quick fox jumps",
    "german": "Der schnelle Fuchs springt über den Zaun",
    "cyrillic": "Моя сестра переехала в Порту",
    "greek": "Η αδελφή μου μετακόμισε",
    "arabic": "انتقلت أختي إلى بورتو",
    "hebrew": "אחותי עברה לפורטו",
    "hindi": "मेरी बहन पोर्टो चली गई",
    "thai": "พี่สาวของฉันย้ายไปปอร์โต",
    "chinese": "我姐姐搬到波尔图了",
    "japanese": "姉がポルトに引っ越した",
    "korean": "언니가 포르투로 이사했다",
    "digits": "2026 42",
}


class TextAnalyserContract:
    """What a text analyser promises."""

    def make(self) -> TextAnalyser:
        """An analyser."""
        raise NotImplementedError

    def test_it_names_itself(self) -> None:
        assert self.make().fingerprint
        assert self.make().fingerprint == self.make().fingerprint

    def test_the_empty_text_has_no_tokens(self) -> None:
        assert self.make().analyse(text="").tokens == ()

    @ANY_ADAPTER
    @given(text=texts())
    def test_the_same_text_gives_the_same_analysis(self, text: str) -> None:
        analyser = self.make()
        once = analyser.analyse(text=text)
        analyser.analyse(text="Etwas ganz anderes, auf Deutsch gesagt")
        assert analyser.analyse(text=text) == once == self.make().analyse(text=text)

    @ANY_ADAPTER
    @given(text=texts())
    def test_words_are_in_lower_case_and_never_empty(self, text: str) -> None:
        for token in self.make().analyse(text=text).tokens:
            assert token.word
            assert token.word == token.word.lower()
            assert token.term != ""

    @pytest.mark.parametrize("script", SCRIPTS)
    def test_no_script_is_left_out(self, script: str) -> None:
        assert self.make().analyse(text=SCRIPTS[script]).terms

    def test_words_keep_their_order_and_their_repetitions(self) -> None:
        words = [token.word for token in self.make().analyse(text="Porto, guitar; PORTO fox").tokens]
        assert words == ["porto", "guitar", "porto", "fox"]

    def test_case_makes_no_difference_to_a_term(self) -> None:
        analyser = self.make()
        assert analyser.analyse(text="GUITAR").terms == analyser.analyse(text="guitar").terms

    @pytest.mark.parametrize("text", examples.HOSTILE_TEXTS, ids=range(len(examples.HOSTILE_TEXTS)))
    def test_no_text_breaks_it(self, text: str) -> None:
        assert len(self.make().analyse(text=text).tokens) <= 2 * len(text)

    def test_a_megabyte_is_analysed_whole(self) -> None:
        words = [token.word for token in self.make().analyse(text=examples.MEGABYTE_TEXT).tokens]
        assert words.count("fox") == examples.MEGABYTE_TEXT.count("fox")

    @ANY_ADAPTER
    @given(word=st.sampled_from(("guitar", "sister", "porto", "weather")), data=st.data())
    def test_a_word_is_near_to_every_single_typing_error_of_it(self, word: str, data: st.DataObject) -> None:
        letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
        at = data.draw(st.integers(0, len(word) - 1))
        inserted = word[:at] + letter + word[at:]
        deleted = word[:at] + word[at + 1 :]
        substituted = word[:at] + letter + word[at + 1 :]
        swapped = word[:at] + word[at : at + 2][::-1] + word[at + 2 :]
        for typed in {inserted, deleted, substituted, swapped} - {word}:
            assert word in self.make().words_near(word=typed)

    @ANY_ADAPTER
    @given(word=st.sampled_from(("guitar", "a", "", "é", "傘", "' OR 1=1")))
    def test_a_word_is_not_near_to_itself(self, word: str) -> None:
        assert word not in self.make().words_near(word=word)
