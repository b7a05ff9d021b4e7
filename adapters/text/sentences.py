"""Sentences of chat texts."""

from __future__ import annotations

import re

_ABBREVIATIONS = frozenset(
    """
    mr mrs ms dr prof sr jr st mt vs etc e.g i.e eg ie a.m p.m approx dept est fig inc ltd co corp no vol pp ca cf al
    jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun u.s u.k z.b d.h usw bzw ca ggf evtl
    inkl     nr str tel hr fr sra srta ud uds ej p.ej av pág mme mlle m.d ph.d
    """.split()
)
"""Followed by a full stop that ends no sentence."""
_MAY_END = frozenset("etc a.m p.m usw inc ltd co corp al jr sr u.s u.k m.d ph.d no sat sun mar".split())
"""Of those, the ones that may end a sentence too: they do where a capital follows."""

_EMOJI = "\u2600-\u27bf\u2b50\U0001f300-\U0001faff"
_END = re.compile(
    r"\n+"
    r"|([.!?…‽]+)[\"'”’»)\]*_~]*"
    r"|[。！？｡．؟।]+[」』）”’)]*"
    rf"|[{_EMOJI}][{_EMOJI}\ufe0f\u200d]*"
)
"""Where a sentence may end. Every alternative takes a whole run at once, so that matching is linear."""
_WORD_BEFORE_CHARS = 24
_NOT_A_WORD = re.compile(r"[^\w.]+")
_MAX_LIST_NUMBER_CHARS = 3


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order, stripped, none of them empty.

    Line breaks end a sentence; abbreviations, initials, decimals, list numbers and an ellipsis that goes on in lower
    case do not. Nothing but white space is lost. Linear in the length of the text.
    """
    found: list[str] = []
    start = 0
    for match in _END.finditer(text):
        if match.start() < start or not _ends_sentence(text, start, match):
            continue
        _add(found, text[start : match.end()])
        start = match.end()
    _add(found, text[start:])
    return found


def _add(found: list[str], piece: str) -> None:
    stripped = piece.strip()
    if stripped:
        found.append(stripped)


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    first = text[match.start()]
    after = text[match.end() : match.end() + 2]
    if first == "\n" or not after:
        return True
    marks = match[1]
    if marks is None:
        # Full stops of scripts without spaces always end one; emoji do where a new one visibly begins.
        return first in "。！？｡．؟।" or (after[0].isspace() and after[1:].isupper())
    if not after[0].isspace():
        return False
    if marks in ("…", "..", "...") or (len(marks) > 1 and set(marks) <= {".", "…"}):
        return not after[1:].islower()
    if marks != ".":
        return True
    before = _NOT_A_WORD.split(text[max(start, match.start() - _WORD_BEFORE_CHARS) : match.start()])[-1].lower()
    if before.isdigit() and len(before) <= _MAX_LIST_NUMBER_CHARS:
        # "1. Shape it", but not "… in 27."
        line = text[start : match.start()].strip(" \t*-#>(")
        return line != before
    if len(before) == 1 and before.isalpha():
        # An initial; "I" and a lower-case letter are words, as in "plan b."
        written = text[match.start() - 1]
        return written == "I" or not written.isupper()
    if before in _ABBREVIATIONS:
        return before in _MAY_END and after[1:].isupper()
    return True
