"""Runs of nouns in tagged words, and the labels that they give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from . import lexicon, nouns, verbs
from .tagging import Word
from .tags import Tag
from .word_forms import singular

MAX_LABEL_WORDS = 3
_MIN_LABEL_CHARS = 3


@attrs.frozen(kw_only=True)
class Phrase:
    """One mention of something.

    Attributes:
        label: at most three words in lower case, nouns in the singular.
        parts: labels of the nouns in it that can stand alone; empty if the label is a single word.
        start: index of its first word.
        proper: whether it is a name.
        activity: whether it is something that people do for its own sake.
    """

    label: str
    parts: tuple[str, ...] = ()
    start: int
    proper: bool = False
    activity: bool = False


_RUN = frozenset({Tag.NOUN, Tag.HEAD, Tag.KIND, Tag.NAME})
_ACTIVITY_LABELS = frozenset(verbs.ACTIVITY_FORMS.values())
_COMPOUND_STARTS = frozenset(compound.split()[0] for compound in nouns.COMPOUNDS)
_RUNNING = frozenset({"running", "run", "ran"})
_PASSED = frozenset(Tag) - _RUN - {Tag.ACTIVITY}
"""What begins no phrase, unless the word is one of these."""
_LOOKED_AT = _COMPOUND_STARTS | _RUNNING
_BEFORE_GERUND = frozenset({Tag.VERB, Tag.BE, Tag.BREAK, Tag.SUBJECT, Tag.BEFORE_VERB, Tag.OTHER})
_LEARNT = lexicon.words(
    """
    learn learning learnt learned speak speaks speaking spoke study studying teach teaches teaching taught practice
    practise  practicing practising understand my some in fluent better of
    """
)
_MAX_RUN = 4
"""A longer run of nouns holds a verb that was not known as one."""
_RUNNER_FOLLOWS = lexicon.words(
    """
    out late low into away from on through a an the my over errands behind short around up
    """
)


def normal_noun(word: Word) -> str:
    """The label of a noun that stands alone: in the singular, "a hike" and "hikes" as "hiking"."""
    if word.tag is Tag.NAME:
        return word.low
    return _activity_or_same(word.low, singular(word.low))


def _activity_or_same(low: str, noun: str) -> str:
    return verbs.ACTIVITY_NOUNS.get(low, noun)


def phrases(words: Sequence[Word]) -> Iterator[Phrase]:
    """The noun phrases of a text in their order."""
    run = _Run(words)
    index = 0
    while index < len(words):
        word = words[index]
        if not run.words and word.tag in _PASSED and word.low not in _LOOKED_AT:  # most words: quickly
            index += 1
            continue
        compound = (
            _compound(word, words[index + 1]) if word.low in _COMPOUND_STARTS and index + 1 < len(words) else None
        )
        if compound is not None:
            run.add(compound, Tag.NOUN, at=index)
            if words[index + 1].possessive:
                yield from run.end()
            index += 2
            continue
        if word.tag in _RUN:
            if run.words and _is_new_thing(words, index, run.words):
                yield from run.end()
            run.add(word.low if word.tag in (Tag.KIND, Tag.NAME) else singular(word.low), word.tag, at=index)
            if word.possessive:
                yield from run.end()
        elif word.tag is not Tag.ADJECTIVE or run.words:
            if run.words:  # asked here: nearly every word ends nothing
                yield from run.end()
            if word.tag is Tag.ACTIVITY:
                yield Phrase(label=verbs.ACTIVITY_FORMS[word.low], start=index, activity=True)
        if word.low in _RUNNING and _is_sport(words, index):
            yield Phrase(label="running", start=index, activity=True)
        index += 1
    yield from run.end()


class _Run:
    """Nouns that follow each other, until something ends them."""

    def __init__(self, text: Sequence[Word]) -> None:
        self.words: list[tuple[str, Tag]] = []
        self._text = text
        self._start = 0

    def add(self, low: str, tag: Tag, *, at: int) -> None:
        if not self.words:
            self._start = at
        self.words.append((low, tag))

    def end(self) -> Iterator[Phrase]:
        """The phrases of what was added since the last end."""
        if self.words:
            ended, self.words = self.words, []
            yield from _phrases_of(ended, self._start, self._text[self._start - 1].low if self._start else "")


def _is_new_thing(words: Sequence[Word], index: int, run: list[tuple[str, Tag]]) -> bool:
    """Whether a noun that follows others begins a phrase of its own."""
    word, previous = words[index], words[index - 1]
    if word.tag is Tag.NAME:  # "my cat Pixel"
        return run[-1][1] not in (Tag.NAME, Tag.KIND)
    if word.low in _ACTIVITY_LABELS and singular(previous.low) != previous.low:  # "the kids camping"
        return True
    if len(run) == 1 and run[0][0] in _ACTIVITY_LABELS and word.tag is not Tag.HEAD:  # "I'm cooking carbonara"
        return index < 2 or words[index - 2].tag in _BEFORE_GERUND
    return False


def _compound(first: Word, second: Word) -> str | None:
    for last in (second.low, singular(second.low)):
        joined = f"{first.low} {last}"
        if joined in nouns.COMPOUNDS:
            return joined
    return None


def _is_sport(words: Sequence[Word], index: int) -> bool:
    """Whether a form of "run" means the sport: "went for a run", "I ran 8 km", "I love running"."""
    word = words[index]
    following = words[index + 1] if index + 1 < len(words) else None
    before = words[index - 1] if index else None
    if following is not None and (following.low in _RUNNER_FOLLOWS or following.tag in (Tag.NOUN, Tag.NAME)):
        return False
    if word.low == "running":
        return before is None or before.tag is not Tag.BE
    if following is not None and following.tag is Tag.NUMBER:
        return True
    return word.low == "run" and before is not None and before.low in ("a", "my", "the", "long", "morning", "evening")


def _phrases_of(run: list[tuple[str, Tag]], start: int, before: str = "") -> Iterator[Phrase]:
    while run and run[-1][1] is Tag.KIND:
        kind = run.pop()[0]
        if not run and kind in lexicon.LANGUAGE_NAMES and before in _LEARNT:
            yield Phrase(label=kind, start=start)
    if not run:
        return
    if len(run) > _MAX_RUN:
        run = run[-2:]
    alone = [
        text if tag is Tag.NAME else _activity_or_same(text, text)
        for text, tag in run
        if (tag in (Tag.NOUN, Tag.NAME) and _stands_alone(text)) or (tag is Tag.KIND and text in lexicon.LANGUAGE_NAMES)
    ]
    if not alone and not (run[-1][1] is Tag.HEAD and any(tag is Tag.KIND for _, tag in run)):
        return
    proper = any(tag is Tag.NAME for _, tag in run)
    if len(run) == 1:
        yield Phrase(label=alone[0], start=start, proper=proper, activity=alone[0] in _ACTIVITY_LABELS)
        return
    last = run[-MAX_LABEL_WORDS:]
    while len(last) > 1 and sum(text.count(" ") + 1 for text, _ in last) > MAX_LABEL_WORDS:
        last = last[1:]
    label = " ".join(text for text, _ in last)
    if len(set(label.split())) < len(label.split()):
        label = last[-1][0]
    yield Phrase(
        label=label,
        parts=tuple(dict.fromkeys(part for part in alone if part != label)),
        start=start,
        proper=proper,
        activity=any(part in _ACTIVITY_LABELS for part in alone),
    )


def _stands_alone(text: str) -> bool:
    return len(text) >= _MIN_LABEL_CHARS or (len(text) == 2 and not text.isascii())
