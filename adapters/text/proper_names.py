"""Names in tagged words: which capitalised words name something, and whether it is a person, a place or a thing."""

from __future__ import annotations

from collections.abc import Sequence

from ...domain.derived import Entity, EntityKind
from . import lexicon, nouns
from .names import FIRST_NAMES, PLACES
from .tagging import Word
from .tags import Tag, is_listed

_NOT_IN_NAMES = frozenset({Tag.OTHER, Tag.SUBJECT, Tag.BEFORE_VERB, Tag.BE, Tag.DETERMINER, Tag.PREPOSITION, Tag.AND,
                           Tag.BREAK, Tag.NUMBER})  # fmt: skip
_LINKS = lexicon.words("of de da do di del van von der den la le al el bin ter")
_TITLES = lexicon.words("mr mrs ms miss dr doctor prof professor sir lady aunt auntie uncle captain saint st")
_SAID_OF_PERSONS = lexicon.words(
    """
    said says told tells thinks thought asked asks called calls wants wanted loves loved hates hated likes liked
    laughed  smiled cried married invited visited recommended suggested taught works worked knows knew feels felt
    """
)
_PLACE_STARTS = lexicon.words(
    """
    new san santa los las el saint st mount lake cape puerto costa rio port north south east west  fort hong sri united
    saudi buenos tel
    """
)
_PLACE_ENDS = lexicon.words(
    """
    island islands beach street avenue park lake river mountain mountains castle valley coast bay  national-park city
    town county airport station university bridge square
    """
)
_PLACE_VERBS = lexicon.words(
    """
    live lives lived living move moved moving fly flew flying travel travelled traveled travelling traveling trip went
    go  going visit visited visiting born based stay stayed staying holiday vacation drive drove driving home back
    flight  flights here over arrived hometown studied
    """
)
_PLACE_PREPOSITIONS = lexicon.words("in to from near around through")
MAX_NAME_WORDS = 5
MAX_ENTITIES = 12
"""A conversation that names more is a list."""


def capitalised_inside(words: Sequence[Word]) -> frozenset[str]:
    """Words, in lower case, that stand capitalised within a sentence: names at the beginning of another one as well."""
    return frozenset(
        word.low
        for word in words
        if word.text != word.low and not word.initial and _is_title(word) and not is_listed(word.low)
    )


def with_names(
    words: Sequence[Word], *, inside: frozenset[str], banned: frozenset[str]
) -> tuple[list[Word], list[Entity]]:
    """The words with each name as one word, tagged as such, and the entities in their order.

    Args:
        inside: from `capitalised_inside`, over the whole conversation.
        banned: words in lower case that are nobody's topic: the names of those who talk. They become `Tag.OTHER`.
    """
    result: list[Word] = []
    entities: list[Entity] = []
    index = 0
    while index < len(words):
        word = words[index]
        if word.low in banned:
            result.append(word._replace(tag=Tag.OTHER))
            index += 1
            continue
        if word.text == word.low:  # the usual case, quickly
            result.append(word)
            index += 1
            continue
        end = _name_end(words, index, inside, banned)
        if end == index:
            result.append(word)
            index += 1
            continue
        span = words[index:end]
        name = " ".join(part.text for part in span)
        low = name.lower()
        kind = _kind(result, span, low, words[end] if end < len(words) else None)
        entities.append(Entity(name=name, kind=kind))
        tag = Tag.PERSON if kind is EntityKind.PERSON else Tag.NAME
        result.append(Word(name, low, tag, word.initial, span[-1].possessive))
        index = end
    return result, entities


def _is_title(word: Word) -> bool:
    text = word.text
    return word.tag is not Tag.BREAK and (text[0].isupper() or any(map(str.isupper, text[1:]))) and len(text) > 1


def _is_shouted(words: Sequence[Word], index: int) -> bool:
    """Whether a word in capitals is an emphasis, not an acronym: its neighbours are in capitals too, or it is long."""
    text = words[index].text
    if not text.isupper() or not text.isalpha():
        return False
    if len(text) > 5:
        return True
    around = [words[at].text for at in (index - 1, index + 1) if 0 <= at < len(words)]
    return any(other.isupper() and other.isalpha() and len(other) > 1 for other in around)


def _starts_name(words: Sequence[Word], index: int, inside: frozenset[str]) -> bool:
    word = words[index]
    low = word.low
    if not _is_title(word) or _is_shouted(words, index):
        return False
    if low in nouns.TIME_WORDS or low in nouns.FAMILY_WORDS or low in lexicon.CLASSIFYING_ADJECTIVES:
        return False
    following = words[index + 1] if index + 1 < len(words) else None
    goes_on = following is not None and _continues(following) and not _is_shouted(words, index + 1)
    if word.tag in _NOT_IN_NAMES:  # "Buenos Aires", but not "Buenos"
        return goes_on and not is_listed(low) and word.tag is Tag.OTHER and (not word.initial or low in _PLACE_STARTS)
    if low in FIRST_NAMES or low in PLACES:
        return not (word.initial and is_listed(low)) or (following is not None and following.low in _SAID_OF_PERSONS)
    if is_listed(low):
        return not word.initial and goes_on and word.tag is not Tag.GENERIC
    if not word.initial or low in inside or any(map(str.isupper, word.text[1:])):
        return True
    return goes_on and following is not None and not is_listed(following.low)


def _continues(word: Word) -> bool:
    return _is_title(word) and word.tag not in _NOT_IN_NAMES and word.low not in nouns.TIME_WORDS and not (word.initial)


def _name_end(words: Sequence[Word], start: int, inside: frozenset[str], banned: frozenset[str]) -> int:
    """Index after the last word of the name that begins at ``start``; ``start`` if none does."""
    if not _starts_name(words, start, inside):
        return start
    end = start + 1
    while end < len(words) and end - start < MAX_NAME_WORDS and not words[end - 1].possessive:
        word = words[end]
        if word.low in banned:
            break
        if _continues(word) and not _is_shouted(words, end):
            end += 1
            continue
        after_link = end + 2 if word.low == "of" and end + 1 < len(words) and words[end + 1].low == "the" else end + 1
        if (
            word.low in _LINKS
            and after_link < len(words)
            and after_link - start < MAX_NAME_WORDS
            and _continues(words[after_link])
            and words[after_link].low not in banned
        ):
            end = after_link + 1
            continue
        break
    return end


def _kind(before: Sequence[Word], span: Sequence[Word], low: str, following: Word | None) -> EntityKind:
    previous = before[-1].low if before else ""
    first = span[0].low
    if previous in nouns.PETS:
        return EntityKind.THING
    if low in PLACES and not (first in FIRST_NAMES and previous not in _PLACE_PREPOSITIONS):
        return EntityKind.PLACE
    if previous in nouns.FAMILY_WORDS or previous in ("friend", "friends") or previous in _TITLES:
        return EntityKind.PERSON
    if first in FIRST_NAMES or first in _TITLES:
        return EntityKind.PERSON
    if len(span) > 1 and (first in _PLACE_STARTS or span[-1].low in _PLACE_ENDS):
        return EntityKind.PLACE
    if previous in _PLACE_PREPOSITIONS and len(before) > 1 and before[-2].low in _PLACE_VERBS:
        return EntityKind.PLACE
    if previous in ("visit", "visited", "visiting"):
        return EntityKind.PLACE
    if following is not None and following.low in _SAID_OF_PERSONS and previous not in ("the", "a", "an", "my"):
        return EntityKind.PERSON
    return EntityKind.THING
