"""Relations from a few sentence patterns that leave little doubt: "I moved to Porto", "my sister works at …"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...domain.derived import Relation
from . import lexicon, nouns
from .noun_phrases import Phrase
from .tagging import Word
from .tags import Tag

MAX_RELATIONS = 8

_FIRST_PERSON = {
    ("love",): "likes",
    ("like",): "likes",
    ("enjoy",): "likes",
    ("adore",): "likes",
    ("am", "into"): "likes",
    ("am", "a", "fan", "of"): "likes",
    ("hate",): "dislikes",
    ("dislike",): "dislikes",
    ("don't", "like"): "dislikes",
    ("can't", "stand"): "dislikes",
    ("live", "in"): "lives_in",
    ("am", "living", "in"): "lives_in",
    ("am", "based", "in"): "lives_in",
    ("moved", "to"): "moved_to",
    ("have", "moved", "to"): "moved_to",
    ("am", "from"): "comes_from",
    ("come", "from"): "comes_from",
    ("work", "at"): "works_at",
    ("work", "for"): "works_at",
    ("am", "working", "at"): "works_at",
    ("am", "working", "for"): "works_at",
    ("work", "as"): "works_as",
    ("am", "working", "as"): "works_as",
    ("have", "a"): "has",
    ("have", "an"): "has",
    ("have", "two"): "has",
    ("have", "three"): "has",
    ("have", "got", "a"): "has",
    ("have", "got", "an"): "has",
    ("play", "the"): "plays",
    ("play",): "plays",
    ("am", "learning"): "learns",
    ("am", "studying"): "learns",
    ("am", "allergic", "to"): "allergic_to",
}
_THIRD_PERSON = {
    ("loves",): "likes",
    ("likes",): "likes",
    ("hates",): "dislikes",
    ("lives", "in"): "lives_in",
    ("moved", "to"): "moved_to",
    ("has", "moved", "to"): "moved_to",
    ("is", "from"): "comes_from",
    ("comes", "from"): "comes_from",
    ("works", "at"): "works_at",
    ("works", "for"): "works_at",
    ("works", "as"): "works_as",
    ("plays", "the"): "plays",
    ("is", "allergic", "to"): "allergic_to",
}
_LONGEST = max(map(len, (*_FIRST_PERSON, *_THIRD_PERSON)))
_NAME_WANTED = frozenset({"lives_in", "moved_to", "comes_from"})
"""Kinds whose target is a name: "I live in fear" is no address."""

_SHORT_FORMS = {
    "i'm": ("i", "am"), "im": ("i", "am"), "i've": ("i", "have"), "ive": ("i", "have"), "dont": ("don't",),
    "she's": ("she", "is"), "he's": ("he", "is"), "cant": ("can't",),
}  # fmt: skip
_SKIPPED = lexicon.words(
    """
    really absolutely also just still totally both always actually currently now finally honestly recently only big
    huge  massive obviously super so very mostly already
    """
)
_DOUBTFUL = lexicon.words(
    """
    if when whether do did does should would could can might unless until once before wish or what  that where who how
    why than as
    """
)
_INSIDE_OBJECT = frozenset({Tag.DETERMINER, Tag.ADJECTIVE})
_NOT_AN_OBJECT = lexicon.words("no any this that these those your his her their its which what such")


def relations(
    words: Sequence[Word], phrases: Mapping[int, Phrase], *, user: str, banned: frozenset[str]
) -> list[Relation]:
    """What the user's own words say, in their order, each once; at most eight.

    Args:
        words: tagged, with names.
        phrases: noun phrases by the index of their first word.
        user: what "I" stands for.
        banned: words that are no subject nor object.
    """
    found: dict[Relation, None] = {}
    for index in range(len(words)):
        subject = _subject(words, index, user)
        if subject is None or (subject != user and subject.lower() in banned):
            continue
        patterns = _FIRST_PERSON if subject == user else _THIRD_PERSON
        verb, positions = _following(words, index)
        for length in range(min(_LONGEST, len(verb)), 0, -1):
            kind = patterns.get(tuple(verb[:length]))
            if kind is None:
                continue
            target = _object(words, positions[length - 1] + 1, phrases, kind)
            if target is not None and target.lower() != subject.lower():
                found[Relation(source=subject, kind=kind, target=target)] = None
            break
        if len(found) == MAX_RELATIONS:
            break
    return list(found)


def _subject(words: Sequence[Word], index: int, user: str) -> str | None:
    word = words[index]
    before = words[index - 1].low if index else ""
    if word.low in ("i", "i'm", "im", "i've", "ive"):
        return None if before in _DOUBTFUL else user
    if word.tag is Tag.PERSON:
        return None if word.possessive else word.text
    if before == "my" and word.low in nouns.FAMILY_WORDS and not word.possessive:
        return word.low
    return None


def _following(words: Sequence[Word], index: int) -> tuple[list[str], list[int]]:
    """The words after a subject, short forms written out, fillers left out, each with its index."""
    texts: list[str] = []
    positions: list[int] = []
    rest = _SHORT_FORMS.get(words[index].low, ("",))[1:]
    texts.extend(rest)
    positions.extend([index] * len(rest))
    for at in range(index + 1, min(index + 2 + _LONGEST + 3, len(words))):
        word = words[at]
        if word.tag is Tag.BREAK:
            break
        if word.low in _SKIPPED:
            continue
        texts.append(_SHORT_FORMS.get(word.low, (word.low,))[0])
        positions.append(at)
    return texts, positions


def _object(words: Sequence[Word], start: int, phrases: Mapping[int, Phrase], kind: str) -> str | None:
    for at in range(start, min(start + 4, len(words))):
        phrase = phrases.get(at)
        if phrase is not None:
            word = words[at]
            if word.tag in (Tag.NAME, Tag.PERSON):
                return word.text
            return None if kind in _NAME_WANTED or word.tag is Tag.ACTIVITY else phrase.label
        word = words[at]
        if word.tag is Tag.PERSON:
            return None if kind in _NAME_WANTED or word.possessive else word.text
        if word.low in _SKIPPED:
            continue
        if word.tag not in _INSIDE_OBJECT or word.low in _NOT_AN_OBJECT:
            return None
    return None
