"""One spelling for what people type in several: case, width, diacritics, ligatures, digits."""

from __future__ import annotations

import unicodedata

_LATIN_BEYOND_MARKS = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ł": "l",
        "ı": "i",
        "ħ": "h",
        "ŋ": "n",
    }
)
"""Letters that Unicode does not take apart into a plain letter and a mark."""

_IGNORED = dict.fromkeys(map(ord, "\u00ad\u200d\u2060\ufeff\u0640"))
"""Soft hyphen, joiners, byte-order mark and the Arabic stretch: they stand inside words and mean nothing."""

_YO = str.maketrans({"ё": "е"})


def normalised_text(text: str) -> str:
    """A text in lower case and compatibility form (full-width letters narrow, ligatures taken apart).

    Linear in the length of the text. ASCII is only turned into lower case.
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).lower().translate(_IGNORED)


def folded_word(word: str) -> str:
    """A word of a normalised text without the marks that people leave out when they type.

    Latin and Greek lose their accents (``café`` is ``cafe``), Hebrew and Arabic their vowel points, Russian writes ё as
    е; in other scripts (Devanagari, Tamil …) marks are letters of their own and stay. Digits of any script become ASCII.
    """
    if word.isascii():
        return word
    first = word[0]
    if first < "\u0250" or "\u1e00" <= first < "\u2000":
        # Latin; the second range holds precomposed Latin and Greek.
        return _without_marks(word.translate(_LATIN_BEYOND_MARKS))
    if "\u0370" <= first < "\u0400":
        return _without_marks(word)
    if "\u0590" <= first < "\u0700":
        return "".join(str(unicodedata.digit(char, char)) for char in _without_marks(word))
    if "\u0400" <= first < "\u0530":
        return word.translate(_YO)
    return "".join(str(unicodedata.digit(char, char)) for char in word)


def _without_marks(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word)
    return unicodedata.normalize("NFC", "".join(char for char in decomposed if unicodedata.category(char) != "Mn"))
