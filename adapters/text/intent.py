"""Intents by rules: fixed words and how a message is built."""

from __future__ import annotations

from ...domain.derived import Intent
from ...ports.intent_classifier import IntentClassifier
from . import intent_cues as cues

_MAX_READ_CHARS = 2_000
"""What is wanted stands at the beginning or at the end: of a longer message both are read."""
_MAX_SMALL_TALK_WORDS = 8
_SHORT_QUESTION_WORDS = 9
"""A message that begins as a question may, and is not longer, is one without a question mark too."""


class RuleIntentClassifier(IntentClassifier):
    """Greetings and thanks are seen where a message says nothing else; then problems, requests, questions, opinions."""

    def classify(self, *, text: str) -> Intent:
        """See the port. Some 20 µs for a chat message."""
        if len(text) > _MAX_READ_CHARS:
            text = f"{text[: _MAX_READ_CHARS // 2]}\n{text[-_MAX_READ_CHARS // 2 :]}"
        low = text.lower().replace("’", "'").strip()
        words = cues.WORD.findall(low)
        if not words:
            return Intent.QUESTION if "?" in low or "？" in low else Intent.GENERAL
        small_talk = _small_talk(words)
        if small_talk is not None:
            return small_talk
        if cues.REPORTS_PROBLEM.search(low) or cues.CJK_PROBLEM.search(low):
            return Intent.PROBLEM_REPORT
        if cues.ASKS_HELP.search(low) or cues.CJK_HELP.search(low):
            return Intent.HELP_REQUEST
        if _is_question(low, words):
            return Intent.QUESTION
        if cues.STATES_OPINION.search(low) or cues.CJK_OPINION.search(low):
            return Intent.ACKNOWLEDGEMENT if cues.AGREES_ONLY.match(low) and len(words) < 5 else Intent.OPINION
        if words[0] in cues.ACKNOWLEDGEMENTS and len(words) <= 3:
            return Intent.ACKNOWLEDGEMENT
        return Intent.GENERAL


def _small_talk(words: list[str]) -> Intent | None:
    if len(words) > _MAX_SMALL_TALK_WORDS:
        return None
    # One word besides, for a name: "hi Luna", "thanks Max".
    others_greeting = sum(word not in cues.GREETINGS and word not in cues.GREETING_COMPANY for word in words)
    if (words[0] in cues.GREETINGS or (words[0] == "good" and len(words) > 1 and words[1] in cues.GREETINGS)) and (
        others_greeting <= (1 if len(words) <= 4 else 0)
    ):
        return Intent.GREETING
    if words[:2] in (["what's", "up"], ["whats", "up"], ["how", "are"]) and not others_greeting:
        return Intent.GREETING
    others = sum(word not in cues.ACKNOWLEDGEMENTS and word not in cues.ACKNOWLEDGEMENT_COMPANY for word in words)
    if not cues.ACKNOWLEDGEMENTS.isdisjoint(words) and others <= (
        1 if words[0] in cues.ACKNOWLEDGEMENTS and len(words) > 1 else 0
    ):
        return Intent.ACKNOWLEDGEMENT
    if words in (
        ["i", "see"],
        ["got", "it"],
        ["makes", "sense"],
        ["will", "do"],
        ["sounds", "good"],
        ["that", "makes", "sense"],
    ):
        return Intent.ACKNOWLEDGEMENT
    return None


def _is_question(low: str, words: list[str]) -> bool:
    if "?" in low or "¿" in low or "？" in low or "؟" in low or "\u037e" in low:
        return True
    first = (
        words[1]
        if len(words) > 2 and words[0] in ("hey", "hi", "so", "and", "but", "ok", "und", "y", "et", "e")
        else words[0]
    )
    if first in cues.QUESTION_STARTS and (first not in cues.STATEMENT_ENGLISH or len(words) <= _SHORT_QUESTION_WORDS):
        return True
    return bool(cues.ASKS_INDIRECTLY.search(low) or cues.CJK_QUESTION.search(low))
