"""Bad input gets a typed error that says what to mend and tells nothing of the text; nothing is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools
import os
import random
import resource
import shutil
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from talktiers import (
    BackendUnavailable,
    ConfigurationError,
    HierarchicalMemoryManager,
    IdempotencyConflict,
    InvalidConversation,
    UnknownConversation,
    open_memory,
)
from talktiers.domain.projection import Projection
from talktiers.ports.contracts import examples

SECRET = "xylophonist"
"""In everything that is handed over; in no message."""
NOW = dt.datetime.now(dt.UTC)
UNKNOWN_ID = "0198f2c4-0000-7000-8000-000000000000"
SURROGATE = "\ud83e"


def settings(path: Path) -> dict[str, object]:
    return {
        "sqlite": {"path": str(path)},
        "embedder": {"backend": "off"},
        "projector": {"poll_s": 0.02, "lease_s": 0.5},
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.db"


@pytest.fixture
async def memory(path: Path) -> AsyncIterator[HierarchicalMemoryManager]:
    """One conversation, settled; whatever a test does, nothing else may be there when it ends."""
    async with open_memory(settings(path)) as memory:
        await memory.store_conversation("ana", "My sister moved to Porto", "How exciting!", idempotency_key="first")
        await memory.settle()
        before = rows(path)
        yield memory
        assert rows(path) == before
        assert await memory.store_conversation("ana", "My cat is sick", "Oh no!")


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the file but the windows that reading makes, the measurements, and SQLite's own counters."""
    connection = sqlite3.connect(path)
    try:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {
            name: connection.execute(f'SELECT * FROM "{name}"').fetchall()
            for name in tables
            if name not in ("recent_windows", "retrievals", "sqlite_sequence")
        }
    finally:
        connection.close()


def nested(levels: int) -> dict[str, Any]:
    value: Any = SECRET
    for _ in range(levels - 1):
        value = [value]
    return {"deep": value}


CYCLE: list[Any] = [SECRET]
CYCLE.append(CYCLE)

BAD_IDS: tuple[object, ...] = (
    "", f"{SECRET} ana", f"{SECRET}\tana", f"{SECRET}\n", f"\x00{SECRET}", f"{SECRET}\u2028", f"{SECRET}\x7f",
    f"{SECRET}{SURROGATE}", SECRET * 30, 42, b"ana", ["ana"],
)  # fmt: skip
IDS = ("user_id", "bot_id", "tenant_id", "channel_id", "server_id", "session_id", "thread_id")

BAD_STORES: dict[str, dict[str, Any]] = {
    "both texts empty": {"user_message": "", "bot_response": ""},
    "both texts blank": {"user_message": " \n", "bot_response": "\t\u2028"},
    "a text that is none": {"user_message": None},
    "a text of bytes": {"bot_response": SECRET.encode()},
    "a text over the limit": {"user_message": SECRET + "x" * 1_048_576},
    "a naive time": {"occurred_at": NOW.replace(tzinfo=None)},
    "a time more than a day in the future": {"occurred_at": NOW + dt.timedelta(days=2)},
    "a time before there were bots": {"occurred_at": dt.datetime(1, 1, 1, tzinfo=dt.UTC)},
    "a time as text": {"occurred_at": f"{SECRET} o'clock"},
    "metadata that are no object": {"metadata": [SECRET]},
    "metadata as text": {"metadata": SECRET},
    "metadata with a key that is a number": {"metadata": {1: SECRET}},
    "metadata with a key that is malformed": {"metadata": {f"The {SECRET}": 1}},
    "metadata with a set": {"metadata": {"likes": {SECRET}}},
    "metadata with bytes": {"metadata": {"likes": SECRET.encode()}},
    "metadata with a time": {"metadata": {"at": NOW}},
    "metadata with an object": {"metadata": {"it": object()}},
    "metadata with NaN": {"metadata": {"mood": float("nan")}},
    "metadata with an infinity": {"metadata": {"mood": [float("-inf")]}},
    "metadata with an integer of 65 bits": {"metadata": {"id": 2**64}},
    "metadata with a NUL": {"metadata": {"note": f"{SECRET}\x00"}},
    "metadata with a lone surrogate": {"metadata": {"note": f"{SECRET}{SURROGATE}"}},
    "metadata with a lone surrogate in a key": {"metadata": {"note": {f"{SECRET}{SURROGATE}": 1}}},
    "metadata nested 18 deep": {"metadata": nested(18)},
    "metadata nested 100,000 deep": {"metadata": nested(100_000)},
    "metadata that hold themselves": {"metadata": {"cycle": CYCLE}},
    "metadata of a megabyte": {"metadata": {"note": SECRET * 100_000}},
    "emotion data that are no object": {"metadata": {"emotion_data": SECRET}},
    "metadata of another user": {"metadata": {"user_id": SECRET}},
    "metadata of another conversation": {"metadata": {"conversation_id": UNKNOWN_ID}},
    "metadata of another time": {"metadata": {"timestamp": f"2020-01-01T00:00:00+00:00 {SECRET}"}},
    "metadata of a naive time": {"occurred_at": NOW, "metadata": {"timestamp": NOW.replace(tzinfo=None).isoformat()}},
    "a channel given twice": {"channel_id": "garden", "metadata": {"channel_id": f"{SECRET}"}},
    "a channel in metadata that is no id": {"metadata": {"channel_id": f"the {SECRET}"}},
    "an empty idempotency key": {"idempotency_key": ""},
    "an idempotency key that is a number": {"idempotency_key": 7},
    "an idempotency key over the limit": {"idempotency_key": SECRET * 100},
    "an idempotency key with a lone surrogate": {"idempotency_key": f"{SECRET}{SURROGATE}"},
    "an unknown audience": {"audience": SECRET},
    "a private channel without a channel": {"audience": "private_channel"},
    "a public channel without a channel or server": {"audience": "public_channel"},
    "a server without a channel": {"server_id": "town"},
    "a malformed message type": {"message_type": f"The {SECRET}"},
    "a name that is a number": {"user_name": 5},
    **{
        f"{name} {number}": {name: value, **({"channel_id": "c"} if name == "server_id" else {})}
        for name in IDS
        for number, value in enumerate(BAD_IDS if name == "user_id" else BAD_IDS[:2])
    },
}

Call = Callable[[HierarchicalMemoryManager], Awaitable[object]]


def searching(given: dict[str, Any]) -> Call:
    return lambda memory: memory.search(**{"user_id": "ana", "query": SECRET, **given})


def limited(call: str, limit: Any) -> Call:
    """One of the calls that take a limit."""

    def limited_call(memory: HierarchicalMemoryManager) -> Awaitable[object]:
        match call:
            case "search":
                return memory.search("ana", SECRET, limit)
            case "history":
                return memory.get_user_conversation_history("ana", limit)
            case "sessions":
                return memory.sessions("ana", limit)
            case "interests":
                return memory.interests("ana", limit)
            case "context":
                return memory.get_conversation_context("ana", SECRET, limit)
            case _:
                return memory.get_conversation_context("ana", SECRET, max_tokens=limit)

    return limited_call


def of_days(days: Any) -> Call:
    return lambda memory: memory.get_user_conversation_history("ana", since_days=days)


BAD_READS: dict[str, Call] = {
    **{
        f"{name} {number}": searching({name: value, **({"channel_id": "c"} if name == "server_id" else {})})
        for name in ("user_id", "bot_id", "tenant_id", "channel_id", "server_id")
        for number, value in enumerate(BAD_IDS if name == "user_id" else BAD_IDS[:2])
    },
    **{
        f"{call} with the limit {limit!r}": limited(call, limit)
        for call in ("search", "history", "sessions", "interests", "context", "tokens")
        for limit in (0, -1, 1.5, True, "5", float("nan"))
    },
    **{f"a deadline of {value!r}": searching({"deadline_ms": value}) for value in (0, -5, float("nan"), True, "100")},
    **{f"the last {value!r} days": of_days(value) for value in (0, -1, float("nan"), True, "30")},
    "a query that is none": lambda memory: memory.get_conversation_context("ana", None),  # type: ignore[arg-type]
    "a query of bytes": lambda memory: memory.search("ana", SECRET.encode()),  # type: ignore[arg-type]
    "an unknown audience": lambda memory: memory.search("ana", SECRET, audience=SECRET),
    "a page after what is no id": lambda memory: memory.get_user_conversation_history("ana", before=SECRET),
    "ids as one text": lambda memory: memory.get_conversations("ana", SECRET),
    "forgetting what is no id": lambda memory: memory.forget_conversation("ana", SECRET),
    "forgetting a conversation of nobody": lambda memory: memory.forget_conversation(f"the {SECRET}", UNKNOWN_ID),
    "forgetting nobody": lambda memory: memory.forget_user(f"the {SECRET}"),
    "forgetting in no tenant": lambda memory: memory.forget_user("ana", tenant_id=""),
    "exporting nobody": lambda memory: anext(memory.export_user(f"the {SECRET}")),
}


def assert_told_well(error: BaseException) -> None:
    """A sentence that says what to mend; neither it nor what it came from holds what was handed over."""
    text = str(error)
    assert len(text) > 10
    link: BaseException | None = error
    while link is not None:
        assert SECRET not in str(link).lower()
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


@pytest.mark.parametrize("given", BAD_STORES.values(), ids=BAD_STORES.keys())
async def test_what_cannot_be_stored_is_refused(memory: HierarchicalMemoryManager, given: dict[str, Any]) -> None:
    arguments = {"user_id": "ana", "user_message": f"I am a {SECRET}", "bot_response": "Play!", **given}
    with pytest.raises(InvalidConversation) as caught:
        await memory.store_conversation(**arguments)
    assert_told_well(caught.value)
    named = next(iter(given))
    assert named in str(caught.value) or "user_message and bot_response" in str(caught.value)


@pytest.mark.parametrize("call", BAD_READS.values(), ids=BAD_READS.keys())
async def test_what_cannot_be_asked_is_refused(memory: HierarchicalMemoryManager, call: Call) -> None:
    with pytest.raises(InvalidConversation) as caught:
        await call(memory)
    assert_told_well(caught.value)


@pytest.mark.parametrize(
    "other",
    [
        {"user_message": SECRET},
        {"bot_response": SECRET},
        {"user_id": "ben"},
        {"bot_id": SECRET},
        {"channel_id": SECRET},
        {"user_name": SECRET},
        {"metadata": {"note": SECRET}},
        {"occurred_at": NOW},
    ],
    ids=lambda other: next(iter(other)),
)
async def test_the_same_key_with_other_content_is_refused(
    memory: HierarchicalMemoryManager, other: dict[str, Any]
) -> None:
    same = {"user_id": "ana", "user_message": "My sister moved to Porto", "bot_response": "How exciting!"}
    with pytest.raises(IdempotencyConflict, match="idempotency key") as caught:
        await memory.store_conversation(**{**same, "idempotency_key": "first", **other})
    assert_told_well(caught.value)


async def test_a_page_after_a_conversation_that_is_not_there_is_refused(memory: HierarchicalMemoryManager) -> None:
    with pytest.raises(UnknownConversation) as caught:
        await memory.get_user_conversation_history("ana", before=UNKNOWN_ID)
    assert_told_well(caught.value)


async def test_a_tier_that_is_none_is_not_rebuilt(memory: HierarchicalMemoryManager) -> None:
    with pytest.raises(ConfigurationError, match="lexical") as caught:
        await memory.rebuild(SECRET)
    assert_told_well(caught.value)


@pytest.mark.parametrize("huge", [2**63, 10**30])
async def test_limits_beyond_everything_that_is_stored_mean_all(memory: HierarchicalMemoryManager, huge: int) -> None:
    assert len(await memory.search("ana", "Porto", huge)) == 1
    assert len(await memory.get_user_conversation_history("ana", huge, since_days=1e9)) == 1
    assert len(await memory.sessions("ana", huge)) == 1
    await memory.interests("ana", huge)
    assert (
        "Porto" in (await memory.get_conversation_context("ana", "Porto?", huge, deadline_ms=1e12)).to_context_string()
    )


# --- texts ---------------------------------------------------------------------------------------------------------


def megabyte(unit: str) -> str:
    return (unit * (1_048_576 // len(unit) + 1))[:1_048_576]


def distinct_words() -> str:
    """A megabyte in which hardly a word comes twice."""
    chance = random.Random(1)
    words = ("".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(3, 10))) for _ in itertools.count())
    return " ".join(itertools.islice(words, 140_000))[:1_048_576]


ODD_TEXTS: dict[str, str] = {
    "emoji": "I love my \U0001f431 and \U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1f5\U0001f1f9!",
    "right to left": "أختي انتقلت إلى بورتو \u202eabc שלום",
    "no spaces": "我妹妹搬到了波尔图。今天天气很好，我们去公园散步吧。",
    "markup": "<b>hi</b> ]]> ``` {{x}} %s \\n '; DROP TABLE conversations; --",
    "controls": "\x01\x07\x1b[31mred\x7f\x85\u2028\u2029\ufeff\uffff",
    "combining": "e" + "\u0301" * 500,
    "line breaks only around": "\r\n\r\n hello \n\n",
    **{f"hostile {number}": text for number, text in enumerate(examples.HOSTILE_TEXTS) if text.strip()},
}
HUGE_TEXTS: dict[str, str] = {
    "a megabyte of words": megabyte("naïve fox \U0001f98a and my sister Ana in Porto. "),
    "a megabyte of distinct words": distinct_words(),
    "a megabyte of one word": "a" * 1_048_576,
    "a megabyte of emoji": "\U0001f98a" * 1_048_576,
    "a megabyte without spaces": megabyte("我妹妹搬到了波尔图今天天气很好"),
    "a megabyte right to left": megabyte("أختي انتقلت إلى بورتو "),
    "a megabyte of line breaks": "\n" * 1_048_575 + "x",
    "a megabyte of digits": megabyte("3141592653 "),
    "a megabyte of capitals": megabyte("Ana Sousa Mirandova "),
    "a megabyte of hyphens": megabyte("well-known-and-"),
    "a megabyte of apostrophes": megabyte("don't "),
    "a megabyte of combining marks": "e" + "\u0301" * 1_048_575,
}


async def assert_goes_through_every_call(
    memory: HierarchicalMemoryManager, user_message: str, bot_response: str
) -> None:
    """Stored, in every tier, read back as it was by every call, and forgotten."""
    conversation_id = await memory.store_conversation("ana", user_message, bot_response)
    await memory.settle(timeout_s=60)
    tiers = memory._open.tiers
    assert await tiers.outbox.dead_letters() == []
    for projection, tier in tiers.derived.items():
        assert await tier.conversation_ids(tenant_id="default", user_id="ana") == {conversation_id}, projection
    for found in (
        await memory.get_user_conversation_history("ana"),
        await memory.get_conversations("ana", [conversation_id]),
        [item async for item in memory.export_user("ana")],
    ):
        (stored,) = found
        assert (stored.user_message, stored.bot_response) == (user_message, bot_response)
        assert "cleaned" not in stored.processing_metadata
    for query in (user_message[:200], user_message, bot_response):
        bundle = await memory.get_conversation_context("ana", query, 4000, deadline_ms=30_000)
        assert [item.conversation_id for item in bundle.recent_messages] == [conversation_id]
        assert 0 < len(bundle.to_context_string()) <= 4000
        bundle.to_messages()
        bundle.explain().to_json()
        await memory.search("ana", query, deadline_ms=30_000)
    assert (await memory.forget_user("ana")).complete
    assert [item async for item in memory.export_user("ana")] == []


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())
@pytest.mark.parametrize("backend", ["sqlite", "memory"])
async def test_odd_texts_break_no_tier(path: Path, text: str, backend: str) -> None:
    async with open_memory(settings(path) if backend == "sqlite" else "memory://") as memory:
        await assert_goes_through_every_call(memory, text, "Noted, I will remember it.")
        await assert_goes_through_every_call(memory, "Say something, please", text)


@pytest.mark.parametrize("text", HUGE_TEXTS.values(), ids=HUGE_TEXTS.keys())
async def test_a_megabyte_breaks_no_tier(path: Path, text: str) -> None:
    assert len(text) > 1_000_000
    async with open_memory(settings(path)) as memory:
        await assert_goes_through_every_call(memory, text, "Noted, I will remember it.")


@pytest.mark.parametrize("backend", ["sqlite", "memory"])
async def test_what_no_store_can_hold_is_replaced_and_that_is_noted(path: Path, backend: str) -> None:
    async with open_memory(settings(path) if backend == "sqlite" else "memory://") as memory:
        conversation_id = await memory.store_conversation(
            "ana",
            f"My\x00 cat {SURROGATE} is a \ud83e\udd8a",
            "Lovely!",
            user_name="An\x00a\u2028S.",
            metadata={"processing_metadata": {"by": "me"}},
        )
        await memory.settle(timeout_s=10)
        (stored,) = await memory.get_conversations("ana", [conversation_id])
        assert stored.user_message == "My\ufffd cat \ufffd is a \U0001f98a"
        assert stored.user_name == "An a S."
        assert stored.processing_metadata == {"by": "me", "cleaned": ["user_message"]}
        for query in ("cat\x00", f"cat {SURROGATE}"):
            assert [item.conversation_id for item in await memory.search("ana", query)] == [conversation_id]
            assert "cat" in (await memory.get_conversation_context("ana", query)).to_context_string()


class Watch:
    """How long the loop's own thread was busy at a stretch at most while the block ran, in seconds.

    Processor time: that other programs have their turn on this machine is none of the loop's doing.
    """

    def __init__(self) -> None:
        self.longest_s = 0.0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._look())
        await asyncio.sleep(0.05)
        self.longest_s = 0.0
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(0.02)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        while True:
            began = time.thread_time()
            await asyncio.sleep(0.001)
            self.longest_s = max(self.longest_s, time.thread_time() - began)


async def test_a_megabyte_of_distinct_words_as_a_question_does_not_hold_up_the_loop(path: Path) -> None:
    question = distinct_words()
    async with open_memory(settings(path)) as memory:
        for number in range(200):
            await memory.store_conversation("ana", f"My sister number {number} moved to Porto", "How exciting!")
        await memory.settle()
        await memory.get_conversation_context("ana", "where does my sister live?")
        async with Watch() as watch:
            for _ in range(3):
                await memory.get_conversation_context("ana", question)
                await memory.search("ana", question, deadline_ms=30_000)
        assert watch.longest_s < 0.05


# --- files ---------------------------------------------------------------------------------------------------------


def refusal(path: Path) -> str:
    async def opened() -> None:
        async with open_memory(str(path)):
            pass

    with pytest.raises(ConfigurationError) as caught:
        asyncio.run(opened())
    assert str(path) in str(caught.value)
    return str(caught.value)


def remember(path: Path) -> int:
    """Stores one conversation; how many there are."""

    async def store() -> int:
        async with open_memory(settings(path)) as memory:
            await memory.store_conversation("ana", "My sister moved to Porto", "How exciting!")
            return len(await memory.get_user_conversation_history("ana"))

    return asyncio.run(store())


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    content = b"Dear diary, " * 500
    path.write_bytes(content)
    assert "not an SQLite database" in refusal(path)
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_the_database_of_another_program_is_left_alone(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    content = path.read_bytes()
    assert "another program" in refusal(path)
    assert path.read_bytes() == content


def test_a_file_of_a_newer_version_is_left_alone(path: Path) -> None:
    remember(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    content = path.read_bytes()
    text = refusal(path)
    assert "99" in text
    assert "upgrade talktiers" in text
    assert path.read_bytes() == content


def test_a_read_only_file_is_refused(path: Path) -> None:
    assert remember(path) == 1
    path.chmod(0o400)
    assert "read-only" in refusal(path)
    path.chmod(0o600)
    assert remember(path) == 2


def test_a_read_only_folder_is_refused(path: Path) -> None:
    path.parent.chmod(0o500)
    try:
        assert "read-only" in refusal(path)
    finally:
        path.parent.chmod(0o700)
    assert list(path.parent.iterdir()) == []


def test_a_folder_that_is_not_there_and_a_folder_as_a_file_are_refused(path: Path) -> None:
    assert "does not exist" in refusal(path.parent / "missing" / "memory.db")
    assert "is a folder" in refusal(path.parent)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small file system")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


@contextlib.contextmanager
def file_size_limit(bytes_: int) -> Iterator[None]:
    """No file of this process may grow beyond that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def store_until_full(memory: HierarchicalMemoryManager, stored: dict[str, str]) -> BackendUnavailable:
    """Many callers at once, until one after the other is refused; ``stored`` is filled with what was acknowledged."""
    refused: list[BackendUnavailable] = []

    async def talk(caller: int) -> None:
        for number in itertools.count():
            key = f"{caller}-{number}-{len(stored)}"
            text = f"My sister told me the story {key} about Porto. " * 20
            try:
                stored[await memory.store_conversation("ana", text, "Go on!", idempotency_key=key)] = text
            except BackendUnavailable as error:
                refused.append(error)
                return

    await asyncio.wait_for(asyncio.gather(*map(talk, range(8))), timeout=60)
    return refused[0]


async def assert_whole(memory: HierarchicalMemoryManager, stored: dict[str, str]) -> None:
    """All that was acknowledged is there, in every tier."""
    await memory.settle(timeout_s=60)
    assert {item.conversation_id: item.user_message async for item in memory.export_user("ana")} == stored
    tiers = memory._open.tiers
    assert await tiers.outbox.dead_letters() == []
    for projection, tier in tiers.derived.items():
        if projection is not Projection.CACHE:
            assert await tier.conversation_ids(tenant_id="default", user_id="ana") == set(stored), projection


def assert_file_is_sound(path: Path) -> None:
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        connection.close()


async def test_a_full_disk_is_said_and_costs_nothing_that_was_acknowledged(small_disk: Path) -> None:
    path = small_disk / "memory.db"
    filler = small_disk / "filler"
    stored: dict[str, str] = {}
    filler.write_bytes(b"x" * 14_000_000)
    async with open_memory(settings(path)) as memory:
        error = await store_until_full(memory, stored)
        assert "full" in str(error)
        assert str(path) in str(error)
        assert stored
        found = await memory.get_conversations("ana", list(stored))
        assert {item.conversation_id: item.user_message for item in found} == stored
        bundle = await memory.get_conversation_context("ana", "what did my sister tell?", deadline_ms=10_000)
        assert bundle.recent_messages
        filler.unlink()
        stored[await memory.store_conversation("ana", "There is space again", "Good!")] = "There is space again"
        await assert_whole(memory, stored)
    assert_file_is_sound(path)


async def test_a_memory_that_is_closed_on_a_full_disk_opens_again(small_disk: Path) -> None:
    path = small_disk / "memory.db"
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 14_000_000)
    stored: dict[str, str] = {}
    async with open_memory(settings(path)) as memory:
        await store_until_full(memory, stored)
    filler.unlink()
    async with open_memory(settings(path)) as memory:
        await assert_whole(memory, stored)
    assert_file_is_sound(path)


async def test_forgetting_on_a_full_disk_is_completed_once_there_is_space(small_disk: Path) -> None:
    path = small_disk / "memory.db"
    filler = small_disk / "filler"
    async with open_memory(settings(path)) as memory:
        for number in range(100):
            text = f"The {SECRET} told me the story {number}. " * 40
            await memory.store_conversation("ben", text, "Go on!")
            await memory.store_conversation("ana", f"Story number {number}. " * 20, "Go on!")
        await memory.settle()
        with contextlib.suppress(OSError):
            filler.write_bytes(b"x" * 16_000_000)
        with contextlib.suppress(BackendUnavailable):
            receipt = await memory.forget_user("ben")
            # There may be just enough room in the log.
            assert not receipt.complete or SECRET.encode() not in bytes_of(small_disk).lower()
        filler.unlink()
        receipt = await memory.forget_user("ben")
        await memory.settle(timeout_s=60)
        assert receipt.complete
        assert SECRET.encode() not in bytes_of(small_disk).lower()
        assert len(await memory.get_user_conversation_history("ana", 1000)) == 100


async def test_a_limit_on_the_size_of_files_is_said_and_costs_nothing_that_was_acknowledged(path: Path) -> None:
    stored: dict[str, str] = {}
    async with open_memory(settings(path)) as memory:
        await memory.store_conversation("ben", "My cat is sick", "Oh no!")
        await memory.settle()
        with file_size_limit(600_000):
            error = await store_until_full(memory, stored)
            assert str(path) in str(error)
        assert stored
        await assert_whole(memory, stored)
    assert_file_is_sound(path)
