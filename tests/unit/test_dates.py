"""Dates in questions."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talktiers.domain.dates import MAX_DATE_SCORE, NamedDate, date_score, named_dates
from talktiers.domain.indexing import date_words


def at(year: int, month: int, day: int) -> dt.datetime:
    return dt.datetime(year, month, day, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "year", "month", "day"),
    [
        ("What happened on 2023-05-08?", 2023, 5, 8),
        ("in 2023-05", 2023, 5, None),
        ("on 8 May 2023", 2023, 5, 8),
        ("on 8th of May, 2023", 2023, 5, 8),
        ("on May 8, 2023", 2023, 5, 8),
        ("May 8th", None, 5, 8),
        ("on 1 February, 2023", 2023, 2, 1),
        ("in June", None, 6, None),
        ("in June of 2022", 2022, 6, None),
        ("late december", None, 12, None),
        ("Sept 2021", 2021, 9, None),
        ("5 Jan", None, 1, 5),
        ("in 2022", 2022, None, None),
        ("the summer of 2021?", 2021, None, None),
        ("on 29 February", None, 2, 29),
        ("am 8. Mai 2023", 2023, 5, 8),
        ("le 8 mai 2023", 2023, 5, 8),
        ("el 8 de mayo de 2023", 2023, 5, 8),
        ("8 мая 2023", 2023, 5, 8),
        ("which outdoor spot did she visit in May?", None, 5, None),
        ("what did Ana do that May?", None, 5, None),
        ("in march", None, 3, None),
    ],
)
def test_a_date_is_understood(text: str, year: int | None, month: int | None, day: int | None) -> None:
    assert named_dates(text) == (NamedDate(year=year, month=month, day=day),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "May I ask what she may want?",
        "the protest march",
        "Jan and Dec are friends of mar",
        "yesterday, last week",
        "call 555-2023-11",
        "it cost $2000 or 1,995.50 dollars",
        "3/4/22",
        "mayo and mars bars",
        "room 12023",
    ],
)
def test_no_date_is_read_into_other_words(text: str) -> None:
    assert named_dates(text) == ()


def test_several_dates_are_all_found() -> None:
    assert named_dates("between May 2022 and July 2023") == (
        NamedDate(year=2022, month=5),
        NamedDate(year=2023, month=7),
    )


@pytest.mark.parametrize("text", ["on 31 February 2023", "on 2023-02-31"])
def test_a_day_that_does_not_exist_leaves_its_month(text: str) -> None:
    assert named_dates(text) == (NamedDate(year=2023, month=2),)


@given(st.integers(0, 73_000))
def test_the_date_words_of_a_conversation_name_its_date(days: int) -> None:
    moment = at(1900, 1, 1) + dt.timedelta(days=days)
    dates = named_dates(date_words(moment))
    assert dates == (NamedDate(year=moment.year, month=moment.month, day=moment.day),)
    assert date_score(moment, dates) == pytest.approx(MAX_DATE_SCORE)


def test_the_month_and_the_one_after_it() -> None:
    may = named_dates("in May 2023")
    assert date_score(at(2023, 5, 31), may) == 1.0
    assert date_score(at(2023, 6, 30), may) == 0.3
    assert date_score(at(2023, 4, 30), may) == date_score(at(2023, 7, 1), may) == 0.0


def test_a_named_year_must_match() -> None:
    assert date_score(at(2022, 5, 8), named_dates("in May 2023")) == 0.0
    assert date_score(at(2022, 5, 8), named_dates("in May")) == 1.0
    assert date_score(at(2022, 5, 8), named_dates("in 2022")) == 0.3
    assert date_score(at(2023, 5, 8), named_dates("in 2022")) == 0.0


def test_december_is_followed_by_january_of_the_next_year() -> None:
    december = named_dates("in December 2022")
    assert date_score(at(2023, 1, 5), december) == 0.3
    assert date_score(at(2022, 1, 5), december) == 0.0


def test_a_named_day_counts_within_a_week_across_months_and_years() -> None:
    day = named_dates("on 31 December 2022")
    assert date_score(at(2022, 12, 31), day) == pytest.approx(1.7)
    assert date_score(at(2023, 1, 1), day) == pytest.approx(0.3 + 0.7 * 6 / 7)
    assert date_score(at(2022, 12, 24), day) == pytest.approx(1.0)
    assert date_score(at(2023, 1, 1), named_dates("31 December")) == pytest.approx(0.3 + 0.7 * 6 / 7)


def test_the_day_is_that_of_the_conversation_itself() -> None:
    tokyo = dt.datetime(2023, 6, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=9)))
    assert date_score(tokyo, named_dates("in June 2023")) == 1.0


@given(
    st.datetimes(timezones=st.just(dt.UTC)),
    st.text(max_size=40) | st.sampled_from(["1 January", "29 February", "December"]),
)
def test_a_score_stays_within_its_bounds_for_any_time(moment: dt.datetime, text: str) -> None:
    assert 0 <= date_score(moment, named_dates(text)) <= MAX_DATE_SCORE


@pytest.mark.parametrize(
    "text", ["1 " * 500_000, "May " * 250_000, " " * 1_000_000, "1" * 1_000_000, "2023-05-08 " * 90_000]
)
def test_a_huge_question_is_read_quickly(text: str) -> None:
    start = time.perf_counter()
    named_dates(text)
    assert time.perf_counter() - start < 2
