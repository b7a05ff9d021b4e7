"""Sentences of chat texts."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.adapters.text.sentences import sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I moved. She stayed!", ["I moved.", "She stayed!"]),
        ("i moved to porto. then we ate", ["i moved to porto.", "then we ate"]),
        ("I met Dr. Smith at 3.5 km, e.g. here.", ["I met Dr. Smith at 3.5 km, e.g. here."]),
        ("We saw J. R. Tolkien's house.", ["We saw J. R. Tolkien's house."]),
        ("It costs 27. Then we left.", ["It costs 27.", "Then we left."]),
        ("well... maybe not. Fine... Let us go", ["well... maybe not.", "Fine...", "Let us go"]),
        ("Really?! Yes", ["Really?!", "Yes"]),
        ('He said "hi." Then he left.', ['He said "hi."', "Then he left."]),
        ("1. First do it.\n2. Then that.\n- a list", ["1. First do it.", "2. Then that.", "- a list"]),
        ("今日は。明日は！はい", ["今日は。", "明日は！", "はい"]),
        ("so happy 😀 We moved", ["so happy 😀", "We moved"]),
        ("a 😀 b", ["a 😀 b"]),
        ("see example.com/a.b please", ["see example.com/a.b please"]),
        ("¿Dónde vive? En Oporto.", ["¿Dónde vive?", "En Oporto."]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text(alphabet=st.sampled_from("aB1 .!?…\n😀。)\"'Dr")))
@settings(deadline=None)
def test_nothing_but_white_space_is_lost(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@pytest.mark.parametrize("piece", [".", ".) ", "a.b", "Dr. ", "😀", "x", "...a", "\n", "1. ", '."'])
def test_a_megabyte_takes_time_in_proportion(piece: str) -> None:
    # A quadratic rule would take minutes; the bound leaves room for a busy machine.
    text = (piece * (1_048_576 // len(piece)))[:1_048_576]
    started = time.process_time()
    sentences(text)
    assert time.process_time() - started < 10
