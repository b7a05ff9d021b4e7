"""Writing systems: which one a letter belongs to, which are written without spaces, what is stemmed and mended in each."""

from __future__ import annotations

import functools
import re
import unicodedata

import attrs


@attrs.frozen(kw_only=True)
class Script:
    """A writing system whose words are separated.

    Attributes:
        ranges: first and last character of its blocks.
        stemmer: of the language it is taken for; empty: words are indexed as they are.
        other_stemmers: used instead where one is the default language's.
        alphabet: letters among which typing errors are looked for; empty: they are not mended.
    """

    name: str
    ranges: tuple[tuple[str, str], ...]
    stemmer: str = ""
    other_stemmers: tuple[str, ...] = ()
    alphabet: str = ""


LATIN = Script(
    name="latin",
    ranges=(("0", "9"), ("a", "z"), ("\u00aa", "\u02ff"), ("\u1e00", "\u1eff"), ("\ua720", "\ua7ff")),
    alphabet="abcdefghijklmnopqrstuvwxyz0123456789",
)
"""Its language is recognised by stop words. Words are folded, hence the plain alphabet."""

_OTHERS = (
    Script(
        name="cyrillic",
        ranges=(("\u0400", "\u052f"),),
        stemmer="russian",
        other_stemmers=("serbian",),
        alphabet="абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґў",
    ),
    Script(
        name="greek",
        ranges=(("\u0370", "\u03ff"), ("\u1f00", "\u1fff")),
        stemmer="greek",
        alphabet="αβγδεζηθικλμνξοπρσςτυφχψω",
    ),
    Script(
        name="hebrew",
        ranges=(("\u0590", "\u05ff"),),
        other_stemmers=("yiddish",),
        alphabet="אבגדהוזחטיךכלםמןנסעףפץצקרשת",
    ),
    Script(
        name="arabic",
        ranges=(("\u0600", "\u06ff"), ("\u0750", "\u077f"), ("\u08a0", "\u08ff")),
        stemmer="arabic",
        other_stemmers=("persian",),
        alphabet="ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژکگی",
    ),
    Script(name="armenian", ranges=(("\u0530", "\u058f"),), stemmer="armenian"),
    Script(name="devanagari", ranges=(("\u0900", "\u097f"),), stemmer="hindi", other_stemmers=("nepali",)),
    Script(name="tamil", ranges=(("\u0b80", "\u0bff"),), stemmer="tamil"),
)

NOT_LATIN_STEMMERS = frozenset(name for script in _OTHERS for name in (script.stemmer, *script.other_stemmers) if name)

_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HANGUL = "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"
_KANA = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
_SOUTH_EAST_ASIAN = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e50-\u0e59\u0e81-\u0eff\u1000-\u1049\u1050-\u109f\u1780-\u17d3\u17dc-\u17e9"
    "\u1950-\u19df\ua980-\ua9c0"
)
"""Thai, Lao, Burmese, Khmer, Tai Le and Javanese."""
_UNSPACED = _HAN + _HANGUL + _KANA + _SOUTH_EAST_ASIAN
"""Written without spaces between words, or, as Korean, with endings that only character n-grams see through."""

_SINGLE = re.compile(f"[{_HAN}{_HANGUL}]")


@functools.cache
def runs() -> re.Pattern[str]:
    """Matches a run of unspaced script (group 1) or a word of any other script, its combining marks included (group 2)."""
    # Some 10 ms of work, so not at import: texts in ASCII never need it.
    marks: list[str] = []
    start = None
    for code in range(0x300, 0x1F000):
        is_mark = unicodedata.category(chr(code)) in ("Mn", "Mc")
        if is_mark and start is None:
            start = code
        elif not is_mark and start is not None:
            marks.append(f"{chr(start)}-{chr(code - 1)}")
            start = None
    letter = rf"[^\W_{_UNSPACED}]"
    return re.compile(f"([{_UNSPACED}]+)|({letter}+(?:[{''.join(marks)}]+{letter}*)*)")


def grams(run: str) -> list[str]:
    """What a run of unspaced script is indexed by: its character bigrams, and single characters that can be words.

    Those are Chinese and Korean ones, and the only character of a run of one.
    """
    if len(run) == 1:
        return [run]
    found: list[str] = []
    for index, char in enumerate(run):
        if _SINGLE.match(char):
            found.append(char)
        if index + 1 < len(run):
            found.append(run[index : index + 2])
    return found


@functools.lru_cache(maxsize=4096)
def script_of(char: str) -> Script | None:
    """The script of a lower-case letter or digit; ``None`` for one of which only the words are known."""
    for script in (LATIN, *_OTHERS):
        if any(first <= char <= last for first, last in script.ranges):
            return script
    return None
