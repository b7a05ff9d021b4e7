"""Summaries made of a conversation's own sentences."""

from __future__ import annotations

import datetime as dt
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.adapters.off_loop import WorkerThread
from talktiers.adapters.text.analyser import SnowballAnalyser
from talktiers.adapters.text.summariser import LocalSummariser, shortened
from talktiers.domain.conversation import Conversation
from talktiers.domain.place import Place

_DATA = json.loads((pathlib.Path(__file__).parents[1] / "data" / "interests.json").read_text("utf-8"))
_SUMMARISER = LocalSummariser(analyser=SnowballAnalyser(), worker=WorkerThread())
_ANSWER = (
    "That would explain it very well. At 27 degrees everything happens almost twice as fast as in the spring, so the "
    "dough needs less time. If it ferments too long, the gluten weakens and the loaf spreads instead of rising. "
)


def conversation(user: str, bot: str, *, user_name: str = "", bot_name: str = "") -> Conversation:
    return Conversation(
        conversation_id="c", tenant_id="t", user_id="u", bot_id="b", place=Place.resolve(),
        occurred_at=dt.datetime(2024, 5, 8, tzinfo=dt.UTC), user_message=user, bot_response=bot,
        user_name=user_name, bot_name=bot_name,
    )  # fmt: skip


def summary(user: str, bot: str = "", *, user_name: str = "", bot_name: str = "") -> str:
    return _SUMMARISER.summary(conversation(user, bot, user_name=user_name, bot_name=bot_name))


@pytest.mark.parametrize(
    ("user", "bot", "fact"),
    [
        ("Hey Luna, how are you? My sister moved to Porto in May.", "How exciting!", "sister moved to Porto"),
        ("hi! what's up? i got the job at the hospital. so nervous lol", "Congrats! Well done.", "job at the hospital"),
        ("someone stole my bike. im so angry", f"I am sorry. {_ANSWER * 3}", "stole my bike"),
        ("Good evening. It rained all day. On 14 June we fly to Kyoto.", "", "14 June we fly to Kyoto"),
        ("Hallo! Wie geht's? Meine Schwester ist nach Hamburg gezogen.", "Wie schön!", "Hamburg gezogen"),
        ("yes please", "Sure! Six weeks before the last frost is the rule for tomatoes.", "before the last frost"),
    ],
)  # fmt: skip
def test_the_fact_is_kept_and_the_greeting_is_not(user: str, bot: str, fact: str) -> None:
    text = summary(user, bot, user_name="Ana", bot_name="Luna")
    assert fact in text
    assert "how are you" not in text.lower()
    assert "what's up" not in text.lower()


def test_each_speaker_is_named() -> None:
    text = summary("is honey vegan?", "Honey is made by bees.", user_name="Ana", bot_name="Luna")
    assert text == "Ana: is honey vegan? | Luna: Honey is made by bees."


def test_unnamed_speakers_are_user_and_bot() -> None:
    text = summary("is honey vegan?", "Honey is made by bees.")
    assert text == "User: is honey vegan? | Bot: Honey is made by bees."


def test_a_greeting_of_the_user_by_name_adds_nothing() -> None:
    text = summary("I bought a guitar yesterday", "Hello Ana! Good evening, Ana!", user_name="Ana", bot_name="Luna")
    assert text == "Ana: I bought a guitar yesterday"


def test_a_long_sentence_is_cut_after_a_word() -> None:
    sentence = "We drove from Lisbon " + "through another little village " * 20
    text = summary(sentence)
    assert len(text) <= 150
    assert text.endswith("…")
    assert text.removeprefix("User: ").removesuffix("…").split() == sentence.split()[: len(text.split()) - 1]


def test_a_cut_never_falls_within_a_visible_character() -> None:
    family = "👨‍👩‍👧‍👦"
    for length in range(8, 30):
        kept = shortened(family * 20, length).removesuffix("…")
        assert kept == "" or len(shortened(family * 20, length)) <= length
        assert not kept.endswith("\u200d")
    assert not shortened("e\u0301" * 100, 50).removesuffix("…").endswith("e")


def test_a_summary_is_less_than_a_fifth_where_answers_are_of_a_model_s_length() -> None:
    texts = [(e["user"], (_ANSWER * 5)[:900]) for user in _DATA["users"] for e in user["exchanges"]]
    summaries = [summary(user, bot) for user, bot in texts]
    assert sum(map(len, summaries)) < 0.2 * sum(len(user) + len(bot) for user, bot in texts)


async def test_the_same_conversation_has_the_same_summary_in_any_batch() -> None:
    conversations = [conversation(e["user"], e["bot"]) for e in _DATA["users"][0]["exchanges"]]
    async with WorkerThread() as worker:
        summariser = LocalSummariser(analyser=SnowballAnalyser(), worker=worker)
        together = await summariser.summarise(conversations=conversations)
        alone = [(await summariser.summarise(conversations=[c]))[0] for c in conversations]
    assert together == alone


def test_nothing_is_said_that_was_not_said() -> None:
    for user in _DATA["users"]:
        for exchange in user["exchanges"]:
            text = summary(exchange["user"], exchange["bot"], user_name="Ana", bot_name="Luna")
            said = f"{exchange['user']} {exchange['bot']} Ana: Luna: |".split()
            assert set(text.removesuffix("…").split()[:-1]) <= set(said)


@given(st.text(), st.text(), st.text(max_size=100), st.text(max_size=100))
@settings(deadline=None)
def test_a_summary_is_one_line_of_at_most_150_characters_and_never_empty(
    user: str, bot: str, user_name: str, bot_name: str
) -> None:
    text = summary(user, bot, user_name=user_name, bot_name=bot_name)
    assert 0 < len(text) <= 150
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize("piece", ["word ", "x", "😀", ".", "שלום ", "昨日", "Dr. ", "`", "-\n", "1. "])
def test_a_megabyte_is_no_trouble(piece: str) -> None:
    started = time.process_time()
    assert summary(piece * (1_000_000 // len(piece)), piece * (1_000_000 // len(piece)))
    assert time.process_time() - started < 2


def test_two_processes_with_different_hash_seeds_agree() -> None:
    program = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); import test_summariser as t\n"
        "print(json.dumps([t.summary(e['user'], e['bot']) for u in t._DATA['users'] for e in u['exchanges']]))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program, str(pathlib.Path(__file__).parent)],
            env={**os.environ, "PYTHONHASHSEED": seed}, cwd=tempfile.gettempdir(), check=True, capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(outputs) == 1
