"""What each word of an English chat text can be: a small tagger that knows nouns by what they are not.

It needs no model: closed classes, verbs, adjectives and generic nouns are listed, word endings tell some more, and the
word before decides where a word can be verb or noun. What remains is taken for a noun, which a topic can be made of.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from . import lexicon, nouns, verbs
from .tags import Tag, is_listed, tag_of
from .word_forms import singular


class Word(NamedTuple):
    """One token: as written, in lower case, its tag, whether it begins a sentence, whether a possessive 's followed."""

    text: str
    low: str
    tag: Tag
    initial: bool
    possessive: bool


_WORD = r"[^\W_]+(?:['’&-]?[^\W_]+)*"
_PLAIN_TOKEN = re.compile(rf"{_WORD}|\n+|[^\w\s]")
_ANY_TOKEN = re.compile(
    r"```.*?```|`[^`\n]{1,200}`"  # code
    r"|(?:https?://|www\.)\S+|(?<![\w.+-])[\w.+-]{1,64}@\w[\w.-]*"  # addresses
    r"|<[@#:a][^>\s]{0,80}>|(?<!\w)[@#][^\W_][\w.-]*|(?<!\w):[a-z0-9_+-]{2,32}:(?!\w)"  # mentions, emoji names
    rf"|({_WORD})"
    r"|\n+|[^\w\s]",
    re.DOTALL,
)
_NOT_PLAIN = re.compile(r"[`@#:<]|www\.")
"""Something of each of those; most texts hold none, and are taken apart in half the time."""
_SENTENCE_STARTERS = frozenset('.!?:;…"“„«»(*-–—•>|')

_BEFORE_NOUN = frozenset(
    {Tag.DETERMINER, Tag.PREPOSITION, Tag.ADJECTIVE, Tag.KIND, Tag.NOUN, Tag.HEAD, Tag.GENERIC, Tag.NAME, Tag.NUMBER,
     Tag.VERB, Tag.BE, Tag.ACTIVITY}
)  # fmt: skip
_NOUN_LIKE = frozenset({Tag.NOUN, Tag.HEAD, Tag.GENERIC, Tag.NAME})
_AFTER_VERB = frozenset({Tag.DETERMINER, Tag.SUBJECT, Tag.NUMBER, Tag.OTHER, Tag.BEFORE_VERB, Tag.ADJECTIVE})
_TAKES_VERB = lexicon.words("help helps helped helping let make makes made go gonna come and")


def tagged(text: str) -> list[Word]:
    """The words of a text with their tags; punctuation and line breaks come as `Tag.BREAK`."""
    found = _words(text)
    result: list[Word] = []
    before = Tag.BREAK
    joined = Tag.BREAK  # what stood before an "and"
    for index, word in enumerate(found):
        tag = word.tag
        if tag is Tag.UNDECIDED:
            following = found[index + 1].tag if index + 1 < len(found) else Tag.BREAK
            context = joined if before is Tag.AND else before
            previous_low = result[-1].low if result else ""
            if _is_noun(word, context, following, previous_low):
                tag = Tag.HEAD if word.low in nouns.HEADS_ONLY else Tag.NOUN
            else:
                tag = Tag.ACTIVITY if word.low in verbs.ACTIVITY_FORMS else Tag.VERB
        elif tag is Tag.NOUN and before is Tag.SUBJECT and not word.text[0].isupper() and not word.low.endswith("ing"):
            tag = Tag.VERB  # an unknown verb: "we schlep"
        elif tag is Tag.KIND and before in (Tag.SUBJECT, Tag.PERSON) and word.low in verbs.ACTIVITY_FORMS:
            tag = Tag.ACTIVITY  # "we baked", but "baked beans"
        if tag is Tag.AND:
            joined = before
        result.append(word if tag is word.tag else word._replace(tag=tag))
        before = tag
    return result


def _is_noun(word: Word, before: Tag, following: Tag, previous_low: str) -> bool:
    if before is Tag.BREAK:
        if following in _NOUN_LIKE:
            return word.low in nouns.HEADS_ONLY  # "book tips", but "share photos"
        return following not in _AFTER_VERB and following not in (Tag.PREPOSITION, Tag.KIND)
    if before not in _BEFORE_NOUN or previous_low in _TAKES_VERB:
        return False
    if (
        before in _NOUN_LIKE
        and (following in _AFTER_VERB or following is Tag.PREPOSITION)
        and (word.low in verbs.AMBIGUOUS_S)
    ):
        return False  # "the cat drinks the milk"
    is_plural_subject = before in _NOUN_LIKE and singular(previous_low) != previous_low
    return not (is_plural_subject and word.low in verbs.AMBIGUOUS)  # "the kids drink"


def _words(text: str) -> list[Word]:
    found: list[Word] = []
    initial = True
    for token, is_word in _tokens(text):
        if is_word:
            found.append(_word(token, initial=initial))
            initial = False
        else:
            mark = token[0]
            found.append(Word(mark, mark, Tag.BREAK, initial, False))
            initial = initial or mark == "\n" or mark in _SENTENCE_STARTERS
    return found


def _tokens(text: str) -> list[tuple[str, bool]]:
    """The tokens in their order, and whether each is a word."""
    if _NOT_PLAIN.search(text):
        return [(match[0], match[1] is not None) for match in _ANY_TOKEN.finditer(text)]
    return [(token, token[0].isalnum()) for token in _PLAIN_TOKEN.findall(text)]


@functools.lru_cache(maxsize=32_768)
def _word(written: str, *, initial: bool) -> Word:
    """A word by itself; most words of a text were met before."""
    low = written.lower().replace("’", "'")
    possessive = False
    if not is_listed(low) and low.endswith("'s"):
        low, written, possessive = low[:-2], written[:-2], True
    return Word(written, low, tag_of(low), initial, possessive)
