"""Summaries made of a conversation's own sentences."""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from collections.abc import Sequence

import attrs

from ...domain.conversation import Conversation
from ...domain.derived import MAX_SUMMARY_CHARS
from ...ports.off_loop import OffLoop
from ...ports.summariser import Summariser
from ...ports.text_analyser import TextAnalyser
from . import lexicon, nouns
from .folding import folded_word
from .sentences import sentences
from .tags import Tag, tag_of

MAX_READ_CHARS = 6_000
"""A summary of 150 characters is not better for reading more of a text than its first pages."""

_LANGUAGE_CHARS = 200
"""Enough to tell a language by its stop words."""

_SCHEME = 1
_MAX_NAME_CHARS = 30
_BETWEEN_SPEAKERS = " | "
_ELLIPSIS = "…"

# How much a word tells. Picked by eye on written chats, as all the factors below.
_TELLING = 1.0
_GENERIC = 0.45
_COMMON = 0.2
_LONG_WORD = 0.25
_LONG_WORD_CHARS = 8
_NAME = 0.8
_NUMBER = 0.8
_DATE = 0.6

_FIRST_PERSON = 1.35
_QUESTION = 0.65
_GREETING = 0.15
_CUT = 0.85
_ATTACHMENT = 0.4
"""A note in square brackets: "[shares photo: …]"."""
_BOT = 0.4
_DAMPING_WORDS = 4
"""Added to a sentence's length before its root is taken: a lone telling word is no fact yet."""
_TELLING_ENOUGH = 0.3
"""The user's best sentence leads if it scores this: "yes please" does not, "someone stole my bike" does."""
_WORTH_ADDING = 0.35
"""A further sentence is added if it scores at least this share of the best one."""

_WORD = re.compile(r"[^\W_]+(?:['’.,:-][^\W_]+)*")
_MARKUP = re.compile(r"```.*?```|^\s*(?:[-*•>#]+|\d{1,3}[.)])\s+|[*_`#]{1,3}", re.DOTALL | re.MULTILINE)
_I_WORDS = lexicon.words(
    """
    i i'm i've i'd i'll im ive my me mine we we're we've our us myself ich mein meine meinen wir unser je j'ai mon yo
    mi soy  io mio mia eu meu minha ik mijn jag min minä
    """
)
_QUESTION_MARKS = frozenset("?？؟")
_POLITE = lexicon.words("you your that's it's is are so very much how are what's up doing going")
_LIGHT_TAGS = frozenset({Tag.VERB, Tag.UNDECIDED, Tag.ACTIVITY, Tag.GENERIC, Tag.HEAD})
_CLOSED_TAGS = frozenset({Tag.OTHER, Tag.DETERMINER, Tag.PREPOSITION, Tag.AND, Tag.SUBJECT, Tag.BEFORE_VERB, Tag.BE})


@attrs.frozen
class _Sentence:
    text: str
    score: float
    by_bot: bool
    order: int


class LocalSummariser(Summariser):
    """Picks the sentences that tell most, the user's before the bot's, and packs them behind their speakers' names.

    A sentence is scored by its own words alone, so that a conversation has the same summary in any batch.

    Args:
        analyser: tells the stop words of languages other than English.
        worker: where batches are worked off.
    """

    def __init__(self, *, analyser: TextAnalyser, worker: OffLoop) -> None:
        self.fingerprint = f"local-summary-{_SCHEME}-{analyser.fingerprint}"
        self._analyser = analyser
        self._worker = worker

    async def summarise(self, *, conversations: Sequence[Conversation]) -> list[str]:
        """See the port. Some 0.1 ms for an exchange of 230 characters, 0.2 ms for one of 1,000."""
        return await self._worker.map(self.summary, conversations)

    def summary(self, conversation: Conversation) -> str:
        """The summary of one conversation."""
        user = _speaker(conversation.user_name, "User")
        bot = _speaker(conversation.bot_name, "Bot")
        room = MAX_SUMMARY_CHARS - max(len(user), len(bot))
        names = frozenset(f"{conversation.user_name} {conversation.bot_name}".lower().split())
        foreign = self._is_foreign(conversation)
        candidates = [
            *self._scored(conversation.user_message, by_bot=False, room=room, names=names, foreign=foreign),
            *self._scored(conversation.bot_response, by_bot=True, room=room, names=names, foreign=foreign),
        ]
        if not candidates:
            return f"{user}{_ELLIPSIS}"
        candidates.sort(key=lambda sentence: (-sentence.score, sentence.order))
        best = next((s for s in candidates if not s.by_bot and s.score >= _TELLING_ENOUGH), candidates[0])
        chosen = [attrs.evolve(best, text=shortened(best.text, room))]
        for sentence in candidates:
            if sentence is best:
                continue
            if sentence.score < _WORTH_ADDING * best.score or sentence.score <= 0:
                break
            if any(sentence.text == other.text for other in chosen):
                continue
            if len(_rendered([*chosen, sentence], user, bot)) <= MAX_SUMMARY_CHARS:
                chosen.append(sentence)
        return _rendered(chosen, user, bot)

    def _scored(self, text: str, *, by_bot: bool, room: int, names: frozenset[str], foreign: bool) -> list[_Sentence]:
        text = text[:MAX_READ_CHARS]
        stop = self._stop_words(text) if foreign else None
        first = MAX_READ_CHARS if by_bot else 0
        found = []
        for order, sentence in enumerate(sentences(_MARKUP.sub(" ", text) if _has_markup(text) else text)):
            line = " ".join(sentence.split())
            score = _score(line, room, names, stop) * (_BOT if by_bot else 1.0)
            found.append(_Sentence(line, score, by_bot, first + order))
        if not found and text.strip():
            found.append(_Sentence(" ".join(text.split()), 0.0, by_bot, first))
        return found

    def _is_foreign(self, conversation: Conversation) -> bool:
        text = conversation.user_message[:_LANGUAGE_CHARS]
        if len(text) < _LANGUAGE_CHARS:
            text += "\n" + conversation.bot_response[: _LANGUAGE_CHARS - len(text)]
        return self._analyser.analyse(text=text).language not in ("en", "und")

    def _stop_words(self, text: str) -> frozenset[str]:
        return frozenset(token.word for token in self._analyser.analyse(text=text).tokens if token.term is None)


def shortened(text: str, max_chars: int) -> str:
    """At most ``max_chars`` characters of a text, cut between words, never within a visible character."""
    if len(text) <= max_chars:
        return text
    end = max_chars - len(_ELLIPSIS)
    space = text.rfind(" ", end // 2, end + 1)
    if space > 0:
        end = space
    while end > 0 and (_joins(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return (text[:end].rstrip(" ,;:-–—(") or text[: max_chars - len(_ELLIPSIS)]) + _ELLIPSIS


def _joins(char: str) -> bool:
    """Whether a character belongs to the one before it."""
    return (
        char in "\u200d\ufe0f"
        or unicodedata.category(char) in ("Mn", "Me", "Mc")
        or "\U0001f3fb" <= char <= "\U0001f3ff"
    )


def _speaker(name: str, otherwise: str) -> str:
    return shortened(" ".join(name.split()), _MAX_NAME_CHARS) + ": " if name.strip() else f"{otherwise}: "


def _has_markup(text: str) -> bool:
    return "\n" in text or "*" in text or "`" in text or "#" in text or text[:1] in "->•"


def _rendered(chosen: Sequence[_Sentence], user: str, bot: str) -> str:
    in_order = sorted(chosen, key=lambda sentence: sentence.order)
    parts = []
    for name, by_bot in ((user, False), (bot, True)):
        said = " ".join(sentence.text for sentence in in_order if sentence.by_bot is by_bot)
        if said:
            parts.append(name + said)
    return _BETWEEN_SPEAKERS.join(parts)


def _score(sentence: str, room: int, names: frozenset[str], foreign_stop: frozenset[str] | None) -> float:
    """How much a sentence tells, as far as it would be shown; the names of those who talk tell nothing."""
    words = _WORD.findall(sentence[:room])
    if not words:
        return 0.0
    total = 0.0
    first_person = False
    polite = 0
    seen: set[str] = set()
    for index, word in enumerate(words):
        low = word.lower()
        if low in seen:
            continue
        seen.add(low)
        if low in names:
            polite += 1
            continue
        known = _known(low)
        first_person = first_person or known.first_person
        polite += known.polite
        value = known.value if foreign_stop is None else _TELLING * (folded_word(low) not in foreign_stop)
        if value and index and word[0].isupper():
            value += _NAME if foreign_stop is None else _NAME / 2
        total += value
    score = total / math.sqrt(len(words) + _DAMPING_WORDS)
    if first_person:
        score *= _FIRST_PERSON
    if sentence[0] == "¿" or not _QUESTION_MARKS.isdisjoint(sentence[-3:]):
        score *= _QUESTION
    if 2 * polite > len(words):
        score *= _GREETING
    if sentence[0] == "[":
        score *= _ATTACHMENT
    if len(sentence) > room:
        score *= _CUT
    return score


@attrs.frozen
class _KnownWord:
    value: float
    first_person: bool
    polite: bool


@functools.lru_cache(maxsize=32_768)
def _known(low: str) -> _KnownWord:
    low = low.replace("’", "'")
    first_person = low in _I_WORDS
    polite = low in lexicon.INTERJECTIONS or low in _POLITE
    tag = tag_of(low)
    if first_person:
        value = 0.0
    elif low[0].isdigit():
        value = _NUMBER
    elif low in nouns.TIME_WORDS:
        value = _DATE
    elif tag in _CLOSED_TAGS or (len(low) == 1 and low.isascii()):
        value = 0.0
    else:
        value = _GENERIC if tag in _LIGHT_TAGS else _COMMON if tag is Tag.ADJECTIVE else _TELLING
        value += _LONG_WORD if len(low) >= _LONG_WORD_CHARS else 0.0
    return _KnownWord(value, first_person, polite)
