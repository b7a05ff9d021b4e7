"""What a word of English can be, by itself: listed, or shown by its form, or else taken for a noun."""

from __future__ import annotations

import enum
import functools
import re

from . import lexicon, nouns, verbs
from .folding import folded_word
from .languages import ENGLISH, LANGUAGES
from .word_forms import singular


class Tag(enum.Enum):
    """The part that a word plays."""

    __hash__ = object.__hash__  # members are singletons; the inherited one is written in Python and slow

    DETERMINER = enum.auto()
    PREPOSITION = enum.auto()
    AND = enum.auto()
    SUBJECT = enum.auto()
    """A pronoun that a verb follows, e.g. "we"."""
    BEFORE_VERB = enum.auto()
    """Auxiliaries, "to", "never": a verb follows, or a noun."""
    BE = enum.auto()
    OTHER = enum.auto()
    """Function words, adverbs, greetings, fillers."""
    VERB = enum.auto()
    ACTIVITY = enum.auto()
    """A verb whose -ing form is a topic."""
    ADJECTIVE = enum.auto()
    KIND = enum.auto()
    """An adjective that belongs to the noun: "electric"."""
    GENERIC = enum.auto()
    HEAD = enum.auto()
    """A noun that says little alone."""
    NOUN = enum.auto()
    NAME = enum.auto()
    PERSON = enum.auto()
    NUMBER = enum.auto()
    BREAK = enum.auto()
    UNDECIDED = enum.auto()
    """Verb or noun; gone once the word before was looked at."""


_REPEATED = re.compile(r"(.)\1{2,}")
_HAS_DIGIT = re.compile(r"\d")
_MAX_WORD_CHARS = 40
"""Nothing longer is a word."""

_SUBJECTS = lexicon.words(
    """
    i we they he she i'll we'll they'll he'll she'll you'll i'd we'd they'd he'd she'd you'd i've we've they've you've
    who
    """
)
_ABLE_NOUNS = lexicon.words(
    """
    table vegetable cable stable fable timetable constable turntable bible convertible syllable
    """
)
_ED_NOUNS = lexicon.words("biped moped hundred shred sacred naked wicked")
_ATE_NOUNS = lexicon.words(
    """
    climate chocolate debate pirate estate candidate certificate graduate roommate flatmate classmate teammate playmate
    karate template senate palate primate delegate advocate associate pomegranate carbohydrate chordate soulmate
    workmate pilates nitrate sulfate phosphate intimate ultimate
    """
)
_IC_AL_IVE_ARY_NOUNS = lexicon.words(
    """
    music topic comic clinic ceramic mechanic magic traffic fabric picnic garlic plastic attic panic epic critic logic
    ethic mosaic acrylic lyric statistic cosmetic republic tonic relic metric rhetoric lunatic skeptic sceptic diabetic
    alcoholic pandemic epidemic graphic classic cleric arithmetic tunic aquatic hectic mimic antibiotic aerobic
    turmeric animal festival hospital metal crystal journal medal pedal cereal signal capital canal rental arrival
    proposal funeral mural manual material tutorial trial memorial terminal musical rehearsal survival coral individual
    criminal mammal ritual vocal carnival interval scandal sandal admiral arsenal cathedral cardinal chemical dial
    editorial mineral petal portal referral revival serial burial jackal narwhal offal opal oral royal rival decal
    recital diagonal detective archive olive beehive overdrive native executive relative motive alternative initiative
    adjective objective narrative incentive captive fugitive representative cooperative locomotive preservative
    sedative adhesive additive diary library dictionary documentary canary anniversary secretary salary summary
    boundary vocabulary glossary missionary century commentary sanctuary estuary mercenary rosary granary aviary
    apothecary obituary seminary notary dispensary infirmary ovary rotary
    """
)
_MODIFIER_ENDINGS = tuple(
    "-ish -like -looking -friendly -based -old -year -day -minute -hour -week -month -sized -style"
    " -ing -ed -up -off -out -down -in -to -er -est".split()
)
"""Of hyphenated words that say how something is."""


_ENGLISH_TOO = lexicon.words(
    """
    car bin war hay hat ham den sin sea van wart ware nun dove hem hen fur jag par mod haft tot son pan era hut
    mia ella ali
    """
)
_FOREIGN = (
    frozenset().union(*(other.stop_words for other in LANGUAGES.values() if other is not ENGLISH)) - _ENGLISH_TOO
) | frozenset(
    "danke bitte gracias merci grazie prego obrigado obrigada bedankt tack tak kiitos gern gerne klar genau vale claro"
    " oui nein tal va allora beh salut hei hoi moin servus hallo hola ciao bonjour bonsoir aurevoir adios"
    " adieu tschuss tschus bueno buenas buenos guten morgen abend dias noches tardes dia tarde noite ja ca sim nao si"
    .split()
)  # fmt: skip
"""Stop words and greetings of other languages, folded: a short message in one of them passes for English."""


def _known_tags() -> dict[str, Tag]:
    known: dict[str, Tag] = {}
    # Later lists give way to earlier ones.
    for listed, tag in (
        (_SUBJECTS, Tag.SUBJECT),
        (lexicon.words("and or & n"), Tag.AND),
        (lexicon.BEFORE_VERB, Tag.BEFORE_VERB),
        (lexicon.BE_FORMS, Tag.BE),
        (lexicon.PREPOSITIONS, Tag.PREPOSITION),
        (lexicon.DETERMINERS, Tag.DETERMINER),
        (lexicon.OTHER_FUNCTION_WORDS | lexicon.INTERJECTIONS, Tag.OTHER),
        (nouns.TIME_WORDS | nouns.GENERIC_NOUNS, Tag.GENERIC),
        (lexicon.ADVERBS, Tag.OTHER),
        (lexicon.ADJECTIVES, Tag.ADJECTIVE),
        (lexicon.CLASSIFYING_ADJECTIVES, Tag.KIND),
        (nouns.FAMILY_WORDS | nouns.PETS | lexicon.NOT_ADVERBS, Tag.NOUN),
        (verbs.AMBIGUOUS | verbs.AMBIGUOUS_S, Tag.UNDECIDED),
        (nouns.HEADS_ONLY, Tag.HEAD),
        (frozenset(form for form in verbs.ACTIVITY_FORMS if form.endswith("ing")) | verbs.NAMED_IN_ING, Tag.NOUN),
        (frozenset(verbs.ACTIVITY_FORMS), Tag.ACTIVITY),
        (verbs.VERBS, Tag.VERB),
    ):
        for word in listed:
            known.setdefault(word, tag)
    return known


_KNOWN = _known_tags()


def is_listed(low: str) -> bool:
    """Whether the word is known as something else than a name."""
    return low in _KNOWN


@functools.lru_cache(maxsize=32_768)
def tag_of(low: str) -> Tag:
    """The tag of a word in lower case by itself."""
    known = _KNOWN.get(low)
    if known is not None:
        return known
    if "'" in low:
        return Tag.BEFORE_VERB if low.endswith(("n't", "'ll", "'ve", "'re", "'d", "'m")) else Tag.OTHER
    if len(low) > _MAX_WORD_CHARS or (len(low) == 1 and low.isascii() and not low.isdigit()):
        return Tag.OTHER
    if _HAS_DIGIT.search(low):
        return Tag.NOUN if low[0].isalpha() and sum(map(str.isalpha, low)) >= 2 and len(low) >= 3 else Tag.NUMBER
    return _tag_by_form(low)


def _tag_by_form(low: str) -> Tag:
    if folded_word(low) in _FOREIGN:
        return Tag.OTHER
    if _REPEATED.search(low):
        shorter = _unstretched(low)
        if shorter is not None or len(set(low)) <= 3:
            return _KNOWN[shorter] if shorter else Tag.OTHER
    if low.endswith("ly"):
        return Tag.OTHER
    if "-" in low:
        return _tag_of_joined(low)
    by_ending = _tag_by_ending(low)
    if by_ending is not None:
        return by_ending
    if _is_adjective(low):
        return Tag.ADJECTIVE
    return _tag_by_prefix(low)


def _unstretched(low: str) -> str | None:
    """The known word of which this one is a drawn-out spelling: "cooool"."""
    shorter = (_REPEATED.sub(kept, low) for kept in (r"\1", r"\1\1"))
    return next((word for word in shorter if word in _KNOWN), None)


def _tag_of_joined(low: str) -> Tag:
    parts = low.split("-")
    last = _KNOWN.get(parts[-1])
    participle = last is Tag.VERB and parts[-1].endswith(("ing", "ed", "en", "ung", "ught"))
    if (
        low.endswith(_MODIFIER_ENDINGS)
        or participle
        or all(part in _KNOWN and _KNOWN[part] is not Tag.NOUN for part in parts)
    ):
        return Tag.ADJECTIVE
    return Tag.KIND if low.endswith("-free") else Tag.NOUN


def _is_adjective(low: str) -> bool:
    if low.endswith(("ous", "less", "ful", "esque", "iest")):
        return True
    if low.endswith(("able", "ible")) and singular(low) not in _ABLE_NOUNS:
        return True
    if low.endswith("ed") and len(low) > 4 and low[-3] != "e" and low not in _ED_NOUNS:
        return True
    return any(low.endswith(ending) and _is_compared(low[: -len(ending)]) for ending in ("er", "est"))


def _is_compared(stem: str) -> bool:
    """Whether a known adjective is left of its comparative or superlative."""
    undoubled = stem[:-1] if stem[-1:] == stem[-2:-1] else stem
    return any(base in lexicon.ADJECTIVES for base in (stem, stem + "e", undoubled, stem[:-1] + "y"))


def _tag_by_prefix(low: str) -> Tag:
    for prefix in ("un", "re", "over", "mis", "pre", "non", "out"):
        rest = low[len(prefix) :]
        if low.startswith(prefix) and len(rest) > 3 and _KNOWN.get(rest) in (Tag.VERB, Tag.ADJECTIVE):
            return Tag.ADJECTIVE if _KNOWN[rest] is Tag.ADJECTIVE else Tag.VERB
    return Tag.NOUN


def _tag_by_ending(low: str) -> Tag | None:
    noun = singular(low)
    if low.endswith(("ize", "izes", "izing", "ify", "ifies", "ifying")):
        return Tag.VERB
    if low.endswith("in") and _KNOWN.get(low + "g") is Tag.VERB:
        return Tag.VERB
    if len(low) > 6 and low.endswith(("ate", "ates", "ating")) and noun not in _ATE_NOUNS:
        return Tag.VERB
    if len(low) > 4 and low.endswith(("ic", "al", "ive", "ary")) and noun not in _IC_AL_IVE_ARY_NOUNS:
        return Tag.KIND
    if len(low) > 4 and low[-1] == "y" and not low.endswith(("ery", "ory", "ty")):
        for base in (low[:-1], low[:-1] + "e", low[:-2]):
            if len(base) > 2 and _KNOWN.get(base) in (Tag.VERB, Tag.UNDECIDED) and base not in ("man", "par", "cop"):
                return Tag.ADJECTIVE
    return None
