"""Dates that a question names, and how well a conversation's time fits them."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator, Sequence

import attrs

MONTH = 1.0
NEXT_MONTH = 0.3
"""People tell in the following weeks what happened in a month."""
YEAR = 0.3
DAY = 0.7
DAY_REACH = 7.0
"""Days over which the score of a named day falls to 0. All measured on labelled conversations over months."""
MAX_DATE_SCORE = MONTH + DAY

_MAX_CHARS = 4096
"""A question names its dates in fewer."""

_MONTH_NAMES: tuple[str, ...] = (
    "january|janvier|januar|januari|enero|gennaio|janeiro|tammikuu|tammikuussa|январь|января|январе",
    "february|février|fevrier|februar|februari|febrero|febbraio|fevereiro|helmikuu|helmikuussa|февраль|февраля|феврале",
    "march|märz|maart|maaliskuu|maaliskuussa|março|marco|март|марта|марте|marzo|mars|marts",
    "april|avril|abril|aprile|huhtikuu|huhtikuussa|апрель|апреля|апреле",
    "may|mai|mei|maj|mayo|maggio|maio|toukokuu|toukokuussa|май|мая|мае",
    "june|juin|juni|junio|giugno|junho|kesäkuu|kesäkuussa|июнь|июня|июне",
    "july|juillet|juli|julio|luglio|julho|heinäkuu|heinäkuussa|июль|июля|июле",
    "august|août|aout|augustus|augusti|agosto|elokuu|elokuussa|август|августа|августе",
    "september|septembre|septiembre|settembre|setembro|syyskuu|syyskuussa|сентябрь|сентября|сентябре",
    "october|octobre|oktober|octubre|ottobre|outubro|lokakuu|lokakuussa|октябрь|октября|октябре",
    "november|novembre|noviembre|novembro|marraskuu|marraskuussa|ноябрь|ноября|ноябре",
    "december|décembre|decembre|dezember|diciembre|dicembre|dezembro|joulukuu|joulukuussa|декабрь|декабря|декабре",
)
"""Names of the months, by number - 1. A further language is added here."""
_ABBREVIATIONS: tuple[str, ...] = ("jan", "feb", "mar", "apr", "", "jun", "jul", "aug", "sep|sept", "oct", "nov", "dec")
"""Taken for months only beside a number: Jan and Mar are also names."""
_AMBIGUOUS = frozenset("may|march|mars|marts|marco|marzo|mayo|mai|maj|mei".split("|"))
"""Also other words: months beside a number or a word of time, and May and March where they are written as names."""

_MONTH_OF = {
    name: number
    for table in (_MONTH_NAMES, _ABBREVIATIONS)
    for number, names in enumerate(table, start=1)
    for name in names.split("|")
    if name
}
_ABBREVIATED = frozenset(name for names in _ABBREVIATIONS for name in names.split("|") if name)

_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_YEAR = r"(?:19|20)\d\d"
_NAME = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
_ISO = re.compile(rf"(?<![\w-])({_YEAR})-(0[1-9]|1[0-2])(?:-({_DAY}))?(?![\d-])")
_NAMED = re.compile(
    rf"\b(?:(?P<before>{_DAY})(?:st|nd|rd|th)?\.?\s+(?:of\s+|de\s+)?)?"
    rf"(?P<month>{_NAME})\b\.?"
    rf"(?:\s+(?:the\s+)?(?P<after>{_DAY})(?:st|nd|rd|th)?(?![\d:]))?"
    rf"(?:,?\s+(?:of\s+|de\s+)?(?P<year>{_YEAR})\b)?",
    re.IGNORECASE,
)
_BARE_YEAR = re.compile(rf"(?<![\w.,$€£-])({_YEAR})(?![\w$€£%-]|[.,]\d)")
_WORD_OF_TIME = re.compile(
    r"\b(?:in|of|on|since|until|till|before|after|during|by|around|from|between|last|this|next|early|late|mid|every"
    r"|im|en|em|au|i|de|di)[\s-]+(?:the\s+)?$",
    re.IGNORECASE,
)
_INSIDE_SENTENCE = re.compile(r"[\w,]\s+$")


@attrs.frozen(kw_only=True)
class NamedDate:
    """A date as far as a question names it; at least a year or a month.

    Attributes:
        day: day of the month; only with a month.
    """

    year: int | None = None
    month: int | None = None
    day: int | None = None


def named_dates(text: str) -> tuple[NamedDate, ...]:
    """The dates that a text names, each once: ISO forms first, then months, then years, each in their order.

    ISO ("2023-05-08", "2023-05"), names of months with or without day and year ("8 May 2023", "May 8th", "in May"), and
    years ("2023"). Dates relative to the day of asking are not understood, nor numeric forms that are read
    differently in different countries. Only the first 4,096 characters are read.
    """
    rest = text[:_MAX_CHARS]
    found: list[NamedDate] = []
    for form in (_iso_dates, _month_dates, _years):
        spans: list[tuple[int, int]] = []
        for date, span in form(rest):
            found.append(date)
            spans.append(span)
        for start, end in spans:
            rest = rest[:start] + "\0" * (end - start) + rest[end:]
    return tuple(dict.fromkeys(found))


def _iso_dates(text: str) -> Iterator[tuple[NamedDate, tuple[int, int]]]:
    for match in _ISO.finditer(text):
        year, month = int(match[1]), int(match[2])
        day = int(match[3]) if match[3] else None
        yield NamedDate(year=year, month=month, day=_possible(year, month, day)), match.span()


def _month_dates(text: str) -> Iterator[tuple[NamedDate, tuple[int, int]]]:
    for match in _NAMED.finditer(text):
        if not _is_month(text, match):
            continue
        month = _MONTH_OF[match["month"].lower()]
        year = int(match["year"]) if match["year"] else None
        day = int(match["before"] or match["after"] or 0) or None
        yield NamedDate(year=year, month=month, day=_possible(year, month, day)), match.span()


def _is_month(text: str, match: re.Match[str]) -> bool:
    if match["before"] or match["after"] or match["year"]:
        return True
    name = match["month"].lower()
    if name in _ABBREVIATED:
        return False
    if name not in _AMBIGUOUS:
        return True
    before = text[max(0, match.start() - 16) : match.start()]
    if _WORD_OF_TIME.search(before):
        return True
    # Capitals at the beginning of a sentence say nothing: "May I ...".
    return name in ("may", "march") and match["month"][0].isupper() and bool(_INSIDE_SENTENCE.search(before))


def _years(text: str) -> Iterator[tuple[NamedDate, tuple[int, int]]]:
    for match in _BARE_YEAR.finditer(text):
        yield NamedDate(year=int(match[1])), match.span()


def _possible(year: int | None, month: int, day: int | None) -> int | None:
    # Without a year the day may be 29 February.
    return day if day is not None and 1 <= day <= calendar.monthrange(year or 2000, month)[1] else None


def date_score(occurred_at: dt.datetime, dates: Sequence[NamedDate]) -> float:
    """How well a time fits the best fitting of these dates: 0 without any, at most `MAX_DATE_SCORE`.

    The month scores 1, the one after it .3, a year named without a month .3; a named day adds up to .7, falling to 0
    within a week either side. A named year must match. The calendar is that of ``occurred_at``'s own time zone.
    """
    return max((_fit(occurred_at.date(), date) for date in dates), default=0.0)


def _fit(day: dt.date, date: NamedDate) -> float:
    if date.month is None:
        return YEAR if day.year == date.year else 0.0
    if date.year is None:
        months_later = (day.month - date.month) % 12
    else:
        months_later = 12 * (day.year - date.year) + day.month - date.month
    score = MONTH if months_later == 0 else NEXT_MONTH if months_later == 1 else 0.0
    if date.day is not None:
        years = (date.year,) if date.year is not None else (day.year - 1, day.year, day.year + 1)
        distance = min((abs((day - named).days) for named in _days(years, date.month, date.day)), default=DAY_REACH)
        score += DAY * max(0.0, 1 - distance / DAY_REACH)
    return score


def _days(years: Sequence[int], month: int, day: int) -> Iterator[dt.date]:
    for year in years:
        if dt.MINYEAR <= year <= dt.MAXYEAR and day <= calendar.monthrange(year, month)[1]:
            yield dt.date(year, month, day)
