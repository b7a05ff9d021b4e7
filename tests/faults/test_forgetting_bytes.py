"""Forgotten is gone from the bytes: no file of the database holds a trace of it, in whatever form it was kept."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import re
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

import attrs
import pytest
from storing_process import settings

from talktiers import Forgotten, HierarchicalMemoryManager, open_memory
from talktiers.adapters.sqlite import database
from talktiers.domain.projection import Projection

VICTIM, OTHERS = "victim", ("ana", "ben", "cleo", "dora")
OF_VICTIM, OF_EACH_OTHER = 400, 450
CANARY = "zorvexa"
"""Begins every word that may not survive; no other text has it. Stemming cuts endings, so the beginning stays."""
CANARY_CYRILLIC, CANARY_CHINESE = "зорвекса", "龘靐"


class Where(TypedDict, total=False):
    """The place of a call, as the manager takes it."""

    channel_id: str
    server_id: str


class Asked(Where):
    """With the bot that is asked."""

    bot_id: str


NOWHERE: Where = {}
PLACE: Where = {"channel_id": f"{CANARY}-channel", "server_id": f"{CANARY}-server"}
BOTS = ("default", f"{CANARY}-bot-id")
SINGLE = "quimbexa"
"""Begins the words of one conversation among many of a user who stays."""
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
WORDS = "garden violin harbour lantern marathon pottery sister bicycle kitchen mountain".split()
PIECE = 48
"""Bytes of a vector or of a compressed index by which a copy of it is recognised."""


def said(user_id: str, number: int) -> dict[str, Any]:
    """Canaries wherever a caller can put one, in many sizes, since long rows lie in pages of their own."""
    word = WORDS[number % len(WORDS)]
    key = f"{user_id}-{number}"
    common: dict[str, Any] = {
        "user_id": user_id,
        "occurred_at": START + dt.timedelta(minutes=7 * number),
        "idempotency_key": key,
    }
    if user_id != VICTIM:
        return {**common, "user_message": f"I like the {word} of {key}", "bot_response": f"Tell me about the {word}!"}
    return {
        **common,
        "user_message": f"My {CANARY}sister{number} and {CANARY.title()}ville: {word}. "
        f"{f'{CANARY}long{number} ' * (300 if number % 50 == 0 else 2)} {CANARY_CYRILLIC} {CANARY_CHINESE}",
        "bot_response": f"Is {CANARY.title()} Mirandova from {CANARY.upper()}, who likes {CANARY}ing, well?",
        "user_name": f"{CANARY.title()} Name",
        "bot_name": f"{CANARY.title()}bot",
        "bot_id": f"{CANARY}-bot-id" if number % 4 == 3 else "default",
        "channel_id": f"{CANARY}-channel" if number % 3 else None,
        "server_id": f"{CANARY}-server" if number % 3 else None,
        "audience": "public_channel" if number % 3 == 2 else None,
        "session_id": f"{CANARY}-session" if number % 2 else None,
        "thread_id": f"{CANARY}-thread",
        "message_type": f"{CANARY}_type",
        "metadata": {
            f"{CANARY}_key": f"{CANARY}-value",
            "emotion_data": {"mood": f"{CANARY}-mood"},
            "user_metadata": {"plan": f"{CANARY}-plan"},
        },
    }


def single() -> dict[str, Any]:
    return {
        "user_id": "ana",
        "user_message": f"My secret is the {SINGLE}word and {SINGLE.title()}ton, {SINGLE}ing",
        "bot_response": f"I keep the {SINGLE}",
        "user_name": f"{SINGLE.title()} Name",
        "occurred_at": START + dt.timedelta(minutes=7 * 200, seconds=1),
        "idempotency_key": "single",
        "session_id": f"{SINGLE}-session",
        "metadata": {"note": f"{SINGLE}-note"},
    }


async def store_all(memory: HierarchicalMemoryManager, conversations: list[dict[str, Any]]) -> list[str]:
    """In an order by chance, many at once."""
    return list(await asyncio.gather(*(memory.store_conversation(**item) for item in conversations)))


async def ask(memory: HierarchicalMemoryManager) -> None:
    """Fills windows and leaves measurements."""
    for user_id in (VICTIM, *OTHERS):
        await memory.get_conversation_context(user_id, f"what about the garden and {CANARY}ville?")
        await memory.search(user_id, f"{CANARY}ing")
    for bot_id in BOTS:
        await memory.get_conversation_context(VICTIM, f"where is {CANARY}ville?", bot_id=bot_id, **PLACE)


@attrs.frozen
class Prepared:
    """A file that is settled, and what the victim's rows looked like in it.

    Attributes:
        traces: pieces of the victim's vectors and compressed indexes.
    """

    path: Path
    single_id: str
    single_traces: frozenset[bytes]
    traces: frozenset[bytes]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    path = tmp_path_factory.mktemp("prepared") / "memory.db"

    async def fill() -> str:
        async with open_memory(settings(path, embedder="auto")) as memory:
            conversations = [said(VICTIM, number) for number in range(OF_VICTIM)]
            conversations += [said(user_id, number) for user_id in OTHERS for number in range(OF_EACH_OTHER)]
            random.Random(1).shuffle(conversations)
            for start in range(0, len(conversations), 200):
                await store_all(memory, conversations[start : start + 200])
                await ask(memory)
            (single_id,) = await store_all(memory, [single()])
            await memory.settle()
            await ask(memory)
            return single_id

    single_id = asyncio.run(fill())
    traces = blobs_of(path, VICTIM)
    assert len(traces) > OF_VICTIM
    assert found(path.parent, CANARY) > OF_VICTIM
    single_traces = blobs_of(path, "ana", single_id)
    assert single_traces
    return Prepared(path, single_id, single_traces, traces)


def blobs_of(path: Path, user_id: str, conversation_id: str | None = None) -> frozenset[bytes]:
    """Pieces of the vectors and compressed indexes of a user, or of one conversation."""
    packed = None if conversation_id is None else bytes.fromhex(conversation_id.replace("-", ""))
    chosen = "WHERE user_id = ?1 AND (?2 IS NULL OR conversation_id = ?2)"
    statements = (
        f"SELECT vector FROM summaries JOIN summary_users USING (user_no) {chosen}",
        "SELECT forward FROM lexical_forward JOIN lexical_users USING (user_no) JOIN lexical_documents USING (user_no, number) "
        + chosen,
    )
    connection = sqlite3.connect(path)
    try:
        blobs = [blob for text in statements for (blob,) in connection.execute(text, (user_id, packed))]
    finally:
        connection.close()
    # From the middle of each: its beginning may be the same for others.
    return frozenset(blob[len(blob) // 2 :][:PIECE] for blob in blobs if len(blob) >= 2 * PIECE)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def forms(word: str) -> frozenset[bytes]:
    """A word as it may be written: in either case, in UTF-8 and UTF-16."""
    spellings = {word, word.lower(), word.upper(), word.title()}
    return frozenset(text.encode(code) for text in spellings for code in ("utf-8", "utf-16-le", "utf-16-be"))


def unpacked(data: bytes) -> Iterator[bytes]:
    """Everything in a file that can be decompressed, wherever it lies."""
    for match in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data):
        try:
            yield zlib.decompressobj().decompress(data[match.start() : match.start() + 65_536])
        except zlib.error:
            continue


def found(folder: Path, *words: str) -> int:
    """How often a word stands in the files of a folder, compressed or not, in any spelling."""
    count = 0
    for data in files(folder).values():
        parts = [data.lower(), *(part.lower() for part in unpacked(data))]
        for part in parts:
            count += sum(part.count(form) for word in words for form in {form.lower() for form in forms(word)})
    return count


def assert_gone(prepared: Prepared, path: Path) -> None:
    assert found(path.parent, CANARY, CANARY_CYRILLIC, CANARY_CHINESE) == 0
    for name, data in files(path.parent).items():
        assert not [piece for piece in prepared.traces if piece in data], f"a vector or an index is left in {name}"


@pytest.fixture
def path(prepared: Prepared, tmp_path: Path) -> Path:
    """A copy of the settled file."""
    shutil.copy(prepared.path, tmp_path / "memory.db")
    return tmp_path / "memory.db"


@pytest.fixture
def new_path(tmp_path: Path) -> Path:
    return tmp_path / "memory.db"


async def everything(memory: HierarchicalMemoryManager, user_id: str) -> object:
    """All that can be read of a user."""
    tiers = memory._open.tiers
    ids = [item.conversation_id async for item in memory.export_user(user_id)]
    held = {
        projection: await tier.conversation_ids(tenant_id="default", user_id=user_id)
        for projection, tier in tiers.derived.items()
        if projection is not Projection.CACHE
    }
    searched = await memory.search(user_id, "the garden", 500)
    interests = await memory.interests(user_id, 50)
    return sorted(ids), held, [item.conversation_id for item in searched], interests


async def assert_nothing_comes_back(memory: HierarchicalMemoryManager, folder: Path) -> None:
    """By no call, by no rebuild and by no retry."""
    for projection in Projection:
        await memory.rebuild(projection)
    for number in range(5):
        with pytest.raises(Forgotten):
            await memory.store_conversation(**said(VICTIM, number))
    await memory.settle()
    assert found(folder, CANARY, CANARY_CYRILLIC, CANARY_CHINESE) == 0
    for place in (NOWHERE, PLACE):
        for bot_id in BOTS:
            scope: Asked = {**place, "bot_id": bot_id}
            bundle = await memory.get_conversation_context(VICTIM, "tell me everything", deadline_ms=10_000, **scope)
            assert bundle.to_context_string() == ""
            assert await memory.search(VICTIM, f"{CANARY}ing", **scope) == []
            assert await memory.get_user_conversation_history(VICTIM, 10, None, **scope) == []
            assert await memory.sessions(VICTIM, **scope) == []
            assert await memory.interests(VICTIM, **scope) == []
    assert [item async for item in memory.export_user(VICTIM)] == []
    tiers = memory._open.tiers
    for projection, tier in tiers.derived.items():
        assert await tier.conversation_ids(tenant_id="default", user_id=VICTIM) == frozenset(), projection


async def test_a_forgotten_user_is_in_no_byte_of_the_files_and_others_keep_everything(
    prepared: Prepared, path: Path
) -> None:
    async with open_memory(settings(path, embedder="auto")) as memory:
        await ask(memory)
        before = [await everything(memory, user_id) for user_id in OTHERS]
        receipt = await memory.forget_user(VICTIM)
        assert receipt.complete
        assert receipt.removed == OF_VICTIM
        assert_gone(prepared, path)  # as soon as the receipt says so
        assert [await everything(memory, user_id) for user_id in OTHERS] == before
        await assert_nothing_comes_back(memory, path.parent)


async def test_of_a_forgotten_user_the_id_alone_is_left_beside_the_epoch(prepared: Prepared, path: Path) -> None:
    async with open_memory(settings(path, embedder="auto")) as memory:
        await memory.forget_user(VICTIM)
        await memory.settle()
    assert found(path.parent, VICTIM) == 2  # the row of its epoch, and that row's index
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("SELECT epoch FROM users WHERE user_id = ?", (VICTIM,)).fetchall() == [(1,)]
    finally:
        connection.close()


async def test_a_forgotten_conversation_is_in_no_byte_and_its_user_keeps_the_rest(
    prepared: Prepared, path: Path
) -> None:
    async with open_memory(settings(path, embedder="auto")) as memory:
        await memory.get_conversation_context("ana", f"what is the {SINGLE}word?")
        best, *_ = await memory.search("ana", f"{SINGLE}word")
        assert best.conversation_id == prepared.single_id
        before = await memory.search("ana", "the garden", 500)
        receipt = await memory.forget_conversation("ana", prepared.single_id)
        assert receipt.complete
        for _ in range(2):
            assert found(path.parent, SINGLE) == 0
            for name, data in files(path.parent).items():
                assert not [piece for piece in prepared.single_traces if piece in data], name
            await memory.settle()
        assert [item.conversation_id for item in await memory.search("ana", "the garden", 500)] == [
            item.conversation_id for item in before if item.conversation_id != prepared.single_id
        ]
        assert await memory._open.tiers.archive.total_conversations(tenant_id="default", user_id="ana") == OF_EACH_OTHER
        with pytest.raises(Forgotten):
            await memory.store_conversation(**single())


async def test_forgetting_while_much_waits_to_be_projected_leaves_no_byte(new_path: Path) -> None:
    async with open_memory(settings(new_path)) as memory:
        conversations = [said(VICTIM, number) for number in range(OF_VICTIM)]
        conversations += [said("ana", number) for number in range(OF_VICTIM)]
        await store_all(memory, conversations)
        assert (await memory._open.tiers.outbox.backlog())[1].waiting > 0
        receipt = await memory.forget_user(VICTIM)
        assert receipt.removed == OF_VICTIM
        await memory.settle(timeout_s=60)
        assert found(new_path.parent, CANARY, CANARY_CYRILLIC, CANARY_CHINESE) == 0
        await assert_nothing_comes_back(memory, new_path.parent)
        assert await memory._open.tiers.archive.total_conversations() == OF_VICTIM


@pytest.mark.parametrize("projection", [Projection.LEXICAL, Projection.SUMMARIES, Projection.GRAPH])
async def test_forgetting_while_a_tier_is_rebuilt_leaves_no_byte(
    prepared: Prepared, path: Path, projection: Projection
) -> None:
    async with open_memory(settings(path, embedder="auto")) as memory:
        rebuilding = asyncio.create_task(memory.rebuild(projection))
        await asyncio.sleep(random.uniform(0, 0.2))  # at any moment of it
        await memory.forget_user(VICTIM)
        await rebuilding
        await memory.settle(timeout_s=60)
        assert_gone(prepared, path)
        for user_id in OTHERS:
            held = await memory._open.tiers.derived[projection].conversation_ids(tenant_id="default", user_id=user_id)
            assert len(held) == OF_EACH_OTHER + (user_id == "ana")


@pytest.mark.parametrize("projection", [Projection.CACHE, Projection.LEXICAL, Projection.SUMMARIES, Projection.GRAPH])
async def test_a_projection_that_lands_after_the_forgetting_leaves_no_byte(
    new_path: Path, projection: Projection
) -> None:
    async with open_memory(settings(new_path)) as memory:
        loaded, go_on = asyncio.Event(), asyncio.Event()
        projector = memory._open.projector
        projector._projections = {
            **projector._projections,
            projection: Late(projector._projections[projection], loaded, go_on),
        }
        await store_all(memory, [said(VICTIM, number) for number in range(20)])
        await store_all(memory, [said("ana", 1)])
        await loaded.wait()
        await memory.forget_user(VICTIM)
        go_on.set()
        await memory.settle(timeout_s=60)
        assert found(new_path.parent, CANARY, CANARY_CYRILLIC, CANARY_CHINESE) == 0
        await assert_nothing_comes_back(memory, new_path.parent)


class Late:
    """A projection that has the conversations in its hands and writes them only when it is told to."""

    def __init__(self, projecting: Any, loaded: asyncio.Event, go_on: asyncio.Event) -> None:
        self._projecting = projecting
        self._loaded = loaded
        self._go_on = go_on

    async def project(self, conversations: Any) -> None:
        self._loaded.set()
        await self._go_on.wait()
        await self._projecting.project(conversations)


async def test_dead_letters_of_a_forgotten_user_leave_no_byte(new_path: Path) -> None:
    async with open_memory(settings(new_path)) as memory:
        projector = memory._open.projector
        projector._projections = {**projector._projections, Projection.GRAPH: Chokes()}
        await store_all(memory, [said(VICTIM, number) for number in range(20)])
        await memory.settle(timeout_s=60)
        outbox = memory._open.tiers.outbox
        assert len(await outbox.dead_letters()) == 20
        assert (await memory.forget_user(VICTIM)).complete
        assert await outbox.dead_letters() == []
        assert found(new_path.parent, CANARY, CANARY_CYRILLIC, CANARY_CHINESE) == 0
        assert await outbox.revive() == 0


class Chokes:
    async def project(self, conversations: Any) -> None:
        raise ValueError(f"cannot be digested: {conversations[0].user_message}")


async def test_a_reader_of_another_process_puts_off_the_end_and_says_so(
    prepared: Prepared, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receipt tells; the rest is done in the background once the reader is gone."""
    monkeypatch.setattr(database, "PURGE_TIMEOUT_S", 0.1)
    async with open_memory(settings(path, embedder="auto")) as memory:
        reader = sqlite3.connect(path, isolation_level=None)
        try:
            reader.execute("BEGIN")
            reader.execute("SELECT COUNT(*) FROM conversations").fetchone()
            receipt = await memory.forget_user(VICTIM)
            assert not receipt.bytes_purged
            assert not receipt.complete
            assert receipt.completed_at is None
        finally:
            reader.close()
        await memory.settle(timeout_s=60)
        assert_gone(prepared, path)
        again = await memory.forget_user(VICTIM)
        assert again.complete
