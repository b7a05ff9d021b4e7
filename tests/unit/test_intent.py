"""Intents by rules."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.adapters.text.intent import RuleIntentClassifier
from talktiers.domain.derived import Intent

_CLASSIFIER = RuleIntentClassifier()


@pytest.mark.parametrize(
    ("intent", "texts"),
    [
        (
            Intent.GREETING,
            ["hi", "Hey Luna!", "good morning", "Hello there, how are you?", "yo", "what's up", "Good night!", "Hola",
             "Guten Morgen", "bonjour", "Buenos días", "ciao", "こんにちは", "hey, how's it going?"],
        ),
        (
            Intent.ACKNOWLEDGEMENT,
            ["thanks", "thanks Max, you've been a great help", "ok", "ok cool", "got it", "Thank you so much!", "yes",
             "makes sense", "haha nice", "danke dir", "gracias", "merci beaucoup", "sounds good", "I see"],
        ),
        (
            Intent.QUESTION,
            ["Where does my sister live?", "what did i say about the garden", "¿Dónde vive?", "wie heißt mein Hund",
             "por qué no vienes", "is honey vegan?", "pourquoi pas", "何時ですか", "my cat is called what?"],
        ),
        (
            Intent.HELP_REQUEST,
            ["can you help me with my thesis", "could you write me a list", "How do I fix a flat tyre?",
             "I need help with taxes", "any advice for moving?", "Kannst du mir helfen?", "¿puedes ayudarme?"],
        ),
        (
            Intent.PROBLEM_REPORT,
            ["my printer doesn't work", "the app keeps crashing", "La impresora no funciona", "Das Licht geht nicht",
             "I get an error message when I log in", "ma voiture est en panne"],
        ),
        (
            Intent.OPINION,
            ["I think pineapple is great on pizza", "Honestly the film was the worst", "ich finde das blöd",
             "creo que es mejor", "imo tabs are better"],
        ),
        (
            Intent.GENERAL,
            ["I moved to Porto yesterday", "My dog ate a crossword", "We had a baby in June",
             "Ich war gestern beim Arzt",
             "When I was young we had a horse that ran away from the farm every single week", "", "   ", "😀"],
        ),
    ],
)  # fmt: skip
def test_what_a_message_wants_is_seen(intent: Intent, texts: list[str]) -> None:
    assert {text: _CLASSIFIER.classify(text=text) for text in texts} == dict.fromkeys(texts, intent)


def test_a_greeting_before_a_question_does_not_hide_it() -> None:
    assert _CLASSIFIER.classify(text="Hi Luna! Where did I leave my keys?") is Intent.QUESTION


def test_case_and_typographic_apostrophes_make_no_difference() -> None:
    assert _CLASSIFIER.classify(text="IT DOESN’T WORK") is Intent.PROBLEM_REPORT


@given(st.text())
@settings(deadline=None)
def test_any_text_has_an_intent(text: str) -> None:
    assert isinstance(_CLASSIFIER.classify(text=text), Intent)


def test_a_question_at_the_end_of_a_megabyte_is_seen() -> None:
    assert _CLASSIFIER.classify(text="so it goes on " * 70_000 + "and what now?") is Intent.QUESTION
