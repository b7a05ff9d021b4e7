"""Topics, entities and relations of conversations, without a model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import attrs

from ...domain.conversation import Conversation
from ...domain.derived import Entity, Extraction, Topic
from ...ports.off_loop import OffLoop
from ...ports.text_analyser import TextAnalyser
from ...ports.topic_extractor import TopicExtractor
from . import lexicon, nouns
from .noun_phrases import Phrase, normal_noun, phrases
from .other_languages import OTHER_LANGUAGES_SCHEME, other_topics
from .proper_names import MAX_ENTITIES, capitalised_inside, with_names
from .relations import relations
from .tagging import Word, tagged
from .tags import Tag, is_listed
from .word_forms import singular

MAX_TOPICS = 5
MAX_BOT_TOPICS = 2
"""Of those, the ones that only the bot brought up, where the user named any: a model's answer strays."""
MAX_BOT_TOPICS_ALONE = 3
MAX_QUERY_TOPICS = 8
MAX_READ_CHARS = 20_000
"""A text is judged by its beginning: what a megabyte is about is known after some ten pages."""

MAX_BOT_CHARS = 500
"""Of the bot's answer: what it is about stands at its beginning, and little of it counts."""

_SCHEME = 1

# Picked by eye on written chats.
_PHRASE = 1.1
_PART = 0.8
_REPEATED = 0.5
_ACTIVITY = 1.25
_NAME = 1.15
_FAMILY = 0.6
_LIKED = 0.4
_FROM_BOT = 0.35
_MOST_FROM_BOT = 0.9
_LEAST_FROM_BOT = 0.5
"""Two mentions by the bot."""
_COVERED = 0.6
"""Of the score that is left to a part once a phrase with it is among the topics, and the other way round."""

_LANGUAGE_CHARS = 400
"""Enough to tell a language by its stop words."""
_LETTER = re.compile(r"[^\W\d_]")
_LATIN_LETTER = re.compile("[A-Za-z]")

_LIKING = lexicon.words(
    """
    love loves like likes enjoy enjoys adore into about hobby learn learning playing play plays study studying teach
    teaching
    """
)


@attrs.define
class _Score:
    user: float = 0.0
    bot: float = 0.0
    first: int = 0

    @property
    def total(self) -> float:
        return self.user + min(self.bot, _MOST_FROM_BOT)


class LocalTopicExtractor(TopicExtractor):
    """Noun phrases by exclusion for English, nouns after articles for other languages; names by their capitals.

    What the user says counts about three times as much as what the bot does.

    Args:
        analyser: tells the language of a text.
        worker: where batches are worked off.
    """

    def __init__(self, *, analyser: TextAnalyser, worker: OffLoop) -> None:
        self.fingerprint = f"local-topics-{_SCHEME}.{OTHER_LANGUAGES_SCHEME}-{analyser.fingerprint}"
        self._analyser = analyser
        self._worker = worker

    async def extract(self, *, conversations: Sequence[Conversation]) -> list[Extraction]:
        """See the port. Some 0.2 ms for an exchange of 230 characters, 0.6 ms for one of 1,000."""
        return await self._worker.map(self.extraction, conversations)

    def extraction(self, conversation: Conversation) -> Extraction:
        """What one conversation is about."""
        user_text = conversation.user_message[:MAX_READ_CHARS]
        bot_text = conversation.bot_response[:MAX_BOT_CHARS]
        banned = _speaker_words(conversation.bot_name, user_text, bot_text) | _speaker_words(
            conversation.user_name, user_text, bot_text
        )
        if not self._is_english(user_text, bot_text):
            labels = other_topics(user_text, bot_text, analyser=self._analyser)
            return Extraction(topics=_weighted([(label, s) for label, s in labels if not _names(label, banned)]))
        return _english_extraction(
            tagged(user_text), tagged(bot_text), user_name=conversation.user_name or "user", banned=banned
        )

    def topics_of_query(self, *, text: str) -> tuple[str, ...]:
        """See the port. At most eight."""
        text = text[:MAX_READ_CHARS]
        if not self._is_english(text, ""):
            return tuple(label for label, _ in other_topics(text, "", analyser=self._analyser))[:MAX_QUERY_TOPICS]
        words = tagged(text)
        words, entities = with_names(words, inside=capitalised_inside(words), banned=frozenset())
        found = list(phrases(words))
        labels = [entity.name.lower() for entity in entities]
        labels += [phrase.label for phrase in found if phrase.parts]
        labels += [phrase.label for phrase in found if not phrase.parts]
        labels += [part for phrase in found for part in phrase.parts]
        labels += [word.low for word in words if word.low in lexicon.LANGUAGE_NAMES]
        labels += [normal_noun(word) for word in words if word.tag is Tag.HEAD]
        return tuple(dict.fromkeys(labels))[:MAX_QUERY_TOPICS]

    def _is_english(self, user_text: str, bot_text: str) -> bool:
        for text in (user_text, bot_text):
            if _LETTER.search(text):
                language = self._analyser.analyse(text=text[:_LANGUAGE_CHARS]).language
                return language == "en" or (language == "und" and _LATIN_LETTER.search(text) is not None)
        return True


def _english_extraction(
    user_words: Sequence[Word], bot_words: Sequence[Word], *, user_name: str, banned: frozenset[str]
) -> Extraction:
    inside = capitalised_inside(user_words) | capitalised_inside(bot_words)
    user_words, user_entities = with_names(user_words, inside=inside, banned=banned)
    bot_words, bot_entities = with_names(bot_words, inside=inside, banned=banned)
    user_phrases = list(phrases(user_words))
    scores: dict[str, _Score] = {}
    for phrase in user_phrases:
        liked = phrase.start > 0 and user_words[phrase.start - 1].low in _LIKING
        _count(scores, phrase, from_user=True, extra=_LIKED if liked else 0.0)
    for phrase in phrases(bot_words):
        _count(scores, phrase, from_user=False)
    persons = {entity.name.lower() for entity in (*user_entities, *bot_entities) if entity.kind.value == "person"}
    usable = {
        label: score for label, score in scores.items() if label not in persons and is_label(label, banned=banned)
    }
    entities: dict[str, Entity] = {}
    for entity in (*user_entities, *bot_entities):
        entities.setdefault(entity.name.lower(), entity)
    return Extraction(
        topics=_weighted(_best(usable)),
        entities=tuple(entities.values())[:MAX_ENTITIES],
        relations=tuple(
            relations(user_words, {phrase.start: phrase for phrase in user_phrases}, user=user_name, banned=banned)
        ),
    )


def is_label(label: str, *, banned: frozenset[str] = frozenset()) -> bool:
    """Whether something may be a topic: no stop word, greeting, weekday, number, nor one of the banned words."""
    if _names(label, banned) or len(label) < 2 or not any(map(str.isalpha, label)) or label.count(" ") > 2:
        return False
    return not (label in nouns.TIME_WORDS or label in nouns.GENERIC_NOUNS or label in lexicon.INTERJECTIONS)


def _count(scores: dict[str, _Score], phrase: Phrase, *, from_user: bool, extra: float = 0.0) -> None:
    weighted = [(phrase.label, _PHRASE if phrase.parts else 1.0)]
    weighted += [(part, _PART) for part in phrase.parts]
    kind = _ACTIVITY if phrase.activity else _NAME if phrase.proper else 1.0
    for label, share in weighted:
        weight = share * kind * (_FAMILY if label in nouns.FAMILY_WORDS else 1.0)
        score = scores.get(label)
        if score is None:
            score = scores[label] = _Score(first=len(scores))
        if from_user:
            score.user += weight * (_REPEATED if score.user else 1.0) + extra
        else:
            score.bot += weight * _FROM_BOT


def _best(scores: dict[str, _Score]) -> list[tuple[str, float]]:
    """The best topics with their scores; whatever the user named comes before what only the bot did."""
    # In the order of their first mention: of equal ones the first is taken.
    left = {label: score.total for label, score in sorted(scores.items(), key=lambda item: item[1].first)}
    words = {label: label.split() for label in left}
    anything_said = any(score.user for score in scores.values())
    bot_topics = MAX_BOT_TOPICS if anything_said else MAX_BOT_TOPICS_ALONE
    chosen: list[tuple[str, float]] = []
    while left and len(chosen) < MAX_TOPICS:
        label = max(left, key=left.__getitem__)
        value = left.pop(label)
        if not scores[label].user:
            if not bot_topics or (anything_said and value < _LEAST_FROM_BOT):
                continue
            bot_topics -= 1
        chosen.append((label, value))
        inside = words[label]
        for other in left:
            if other in inside or label in words[other]:
                left[other] *= _COVERED
    return chosen


def _weighted(scored: Sequence[tuple[str, float]]) -> tuple[Topic, ...]:
    total = sum(score for _, score in scored)
    return tuple(Topic(label=label, weight=round(score / total, 3)) for label, score in scored[:MAX_TOPICS])


def _names(label: str, banned: frozenset[str]) -> bool:
    return label in banned or not banned.isdisjoint(label.split())


def _speaker_words(name: str, *texts: str) -> frozenset[str]:
    """What a speaker's name bans from the topics, in lower case.

    Of a name of several words ("Chess Coach") those stay allowed that somebody uses as ordinary words.
    """
    low = name.lower().split()
    if not low:
        return frozenset()
    parts = [part.strip(".,!?'\"()") for part in low]
    if len(parts) > 1:
        used = frozenset(_lower_case_words(texts))
        parts = [part for part in parts if len(part) > 1 and part not in used and not is_listed(part)]
    return frozenset({" ".join(low), *parts, *(singular(part) for part in parts)} - {""})


def _lower_case_words(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        yield from (word.strip(".,!?;:'\"()") for word in text.split() if word[:1].islower())
