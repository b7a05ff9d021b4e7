"""The contract of `IntentClassifier`."""

from __future__ import annotations

import pytest
from hypothesis import given

from ...domain.derived import Intent
from ..intent_classifier import IntentClassifier
from . import examples
from .strategies import ANY_ADAPTER, texts

CLEAR = {
    "Where does my sister live?": Intent.QUESTION,
    "What time is it": Intent.QUESTION,
    "Can you help me set up my printer?": Intent.HELP_REQUEST,
    "Hello!": Intent.GREETING,
    "good morning": Intent.GREETING,
    "I think cats are better than dogs": Intent.OPINION,
    "My laptop keeps crashing with an error": Intent.PROBLEM_REPORT,
    "Thanks, got it": Intent.ACKNOWLEDGEMENT,
    "ok": Intent.ACKNOWLEDGEMENT,
    "We had pasta for dinner": Intent.GENERAL,
    "": Intent.GENERAL,
}


class IntentClassifierContract:
    """What a classifier of intents promises."""

    def make(self) -> IntentClassifier:
        """A classifier."""
        raise NotImplementedError

    @pytest.mark.parametrize("text", CLEAR)
    def test_a_clear_intent_is_recognised(self, text: str) -> None:
        assert self.make().classify(text=text) is CLEAR[text]

    @ANY_ADAPTER
    @given(text=texts())
    def test_the_same_text_gives_the_same_intent(self, text: str) -> None:
        assert self.make().classify(text=text) is self.make().classify(text=text)

    @pytest.mark.parametrize("text", [*examples.HOSTILE_TEXTS, examples.MEGABYTE_TEXT], ids=str.__len__)
    def test_no_text_breaks_it(self, text: str) -> None:
        assert isinstance(self.make().classify(text=text), Intent)
