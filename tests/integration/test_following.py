"""A manager that follows the moves of its memory: no call is lost, none is made twice, and none goes to the wrong home."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from command_line import line, write_lines

from talktiers import (
    BackendUnavailable,
    ConfigurationError,
    HierarchicalMemoryManager,
    MemoryClosed,
    Moved,
    Settings,
    open_memory,
)
from talktiers.adapters.sources.jsonl import JsonLines
from talktiers.adapters.sqlite.conversation_archive import SqliteConversationArchive
from talktiers.domain.conversation import Conversation
from talktiers.entrypoints import following
from talktiers.entrypoints.moving import NewHome, move_memory
from talktiers.entrypoints.settings import EmbedderSettings, SqliteSettings
from talktiers.ports.conversation_archive import ConversationArchive, Fence


def settings(path: Path) -> Settings:
    return Settings(sqlite=SqliteSettings(path=str(path)), embedder=EmbedderSettings(backend="off"))


def config(folder: Path, name: str) -> Path:
    """Settings of the database of that name."""
    path = folder / f"{name}.toml"
    path.write_text(f'[sqlite]\npath = "{folder / name}.db"\n[embedder]\nbackend = "off"\n', encoding="utf-8")
    return path


async def move(folder: Path, old: str, new: str) -> None:
    report = await move_memory(old=settings(folder / f"{old}.db"), home=NewHome.named(str(config(folder, new))))
    assert report.complete


@pytest.fixture
async def memory(tmp_path: Path) -> AsyncIterator[HierarchicalMemoryManager]:
    """One that follows, with a conversation of Ana in it."""
    async with open_memory(settings(tmp_path / "old.db"), follow_moves=True) as opened:
        await opened.store_conversation("ana", "My sister moved to Porto", "Lovely!", idempotency_key="porto")
        yield opened


def archive_of(memory: HierarchicalMemoryManager) -> ConversationArchive:
    return memory._open.tiers.archive


async def texts(memory: HierarchicalMemoryManager, user_id: str = "ana") -> list[str]:
    return [item.user_message async for item in memory.export_user(user_id)]


async def left(memory: HierarchicalMemoryManager) -> None:
    """The old home is closed."""
    while memory._leaving:
        await asyncio.wait(memory._leaving, timeout=5)


async def test_a_store_goes_on_in_the_new_home(memory: HierarchicalMemoryManager, tmp_path: Path) -> None:
    await move(tmp_path, "old", "new")
    conversation_id = await memory.store_conversation("ana", "She has a dog now", "Nice!", idempotency_key="dog")
    assert memory.settings.sqlite.path == str(tmp_path / "new.db")
    assert await texts(memory) == ["My sister moved to Porto", "She has a dog now"]
    assert (
        await memory.store_conversation("ana", "She has a dog now", "Nice!", idempotency_key="dog") == conversation_id
    )
    await left(memory)
    async with open_memory(settings(tmp_path / "old.db")) as old, open_memory(settings(tmp_path / "new.db")) as new:
        assert await texts(old) == ["My sister moved to Porto"]
        assert await texts(new) == ["My sister moved to Porto", "She has a dog now"]


async def test_every_call_is_answered_by_the_new_home(memory: HierarchicalMemoryManager, tmp_path: Path) -> None:
    await move(tmp_path, "old", "new")
    await memory.store_conversation("ana", "We play the violin", "Nice!")
    await memory.settle(timeout_s=20)
    bundle = await memory.get_conversation_context("ana", "violin", deadline_ms=5000)
    assert "violin" in bundle.to_context_string()
    assert (await memory.search("ana", "violin"))[0].conversation.user_message == "We play the violin"
    assert len(await memory.get_user_conversation_history("ana")) == 2
    assert (await memory.stats()).total_conversations == 2
    assert (await memory.health()).ok
    assert await memory.rebuild("lexical") == 2


async def test_forgetting_goes_on_in_the_new_home(memory: HierarchicalMemoryManager, tmp_path: Path) -> None:
    await move(tmp_path, "old", "new")
    receipt = await memory.forget_user("ana")
    assert (receipt.complete, receipt.removed) == (True, 1)
    async with open_memory(settings(tmp_path / "new.db")) as new:
        assert await texts(new) == []


async def test_an_import_that_is_under_way_goes_on_in_the_new_home(
    memory: HierarchicalMemoryManager, tmp_path: Path
) -> None:
    lines = [line(f"Story {number}", user_id="ana") for number in range(1500)]
    write_lines(tmp_path / "chats.jsonl", *lines)
    begun = asyncio.Event()
    importing = asyncio.create_task(
        memory.import_conversations(JsonLines(path=str(tmp_path / "chats.jsonl")), on_progress=lambda _: begun.set())
    )
    await begun.wait()
    await move(tmp_path, "old", "new")
    report = await importing
    assert (report.stored, report.rejected) == (1500, 0)
    await memory.store_conversation("bo", "Hello", "Hello!")
    assert sorted(await texts(memory)) == sorted(["My sister moved to Porto", *(f"Story {n}" for n in range(1500))])
    async with open_memory(settings(tmp_path / "new.db")) as new:
        assert (await new.stats()).total_conversations == 1502


async def test_without_following_the_error_reaches_the_caller(tmp_path: Path) -> None:
    async with open_memory(settings(tmp_path / "old.db")) as memory:
        await memory.store_conversation("ana", "My sister moved to Porto", "Lovely!")
        await move(tmp_path, "old", "new")
        for _ in range(2):
            with pytest.raises(Moved, match=r"new\.toml"):
                await memory.store_conversation("ana", "She has a dog now", "Nice!")
        assert await texts(memory) == ["My sister moved to Porto"]


async def test_a_fenced_file_opens_its_new_home_at_once(tmp_path: Path) -> None:
    for old, new in (("first", "second"), ("second", "third")):
        async with open_memory(settings(tmp_path / f"{old}.db")) as memory:
            await memory.store_conversation("ana", f"Said in the {old}", "I see")
        await move(tmp_path, old, new)
    async with open_memory(settings(tmp_path / "first.db"), follow_moves=True) as memory:
        assert memory.settings.sqlite.path == str(tmp_path / "third.db")
        assert await texts(memory) == ["Said in the first", "Said in the second"]
    async with memory:  # opened once more
        assert memory.settings.sqlite.path == str(tmp_path / "third.db")


async def test_a_store_follows_several_moves_in_a_row(memory: HierarchicalMemoryManager, tmp_path: Path) -> None:
    await move(tmp_path, "old", "second")
    await move(tmp_path, "second", "third")
    await memory.store_conversation("ana", "She has a dog now", "Nice!")
    assert memory.settings.sqlite.path == str(tmp_path / "third.db")
    assert len(await texts(memory)) == 2


async def test_a_process_that_only_reads_follows_too(
    memory: HierarchicalMemoryManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LOOK_S", 0.01)
    async with open_memory(settings(tmp_path / "old.db"), follow_moves=True) as reader:
        await move(tmp_path, "old", "new")
        await memory.store_conversation("ana", "She has a dog now", "Nice!")
        async with asyncio.timeout(10):
            while len(await texts(reader)) < 2:  # noqa: ASYNC110  # it follows by itself, and tells nobody
                await asyncio.sleep(0.01)


async def test_calls_at_the_same_time_open_the_new_home_once(
    memory: HierarchicalMemoryManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await move(tmp_path, "old", "new")
    opened = []
    enter = HierarchicalMemoryManager._enter

    async def counting(self: HierarchicalMemoryManager, destination: str) -> None:
        opened.append(destination)
        await enter(self, destination)

    monkeypatch.setattr(memory._follower, "_enter", lambda destination: counting(memory, destination))
    stores = [asyncio.create_task(memory.store_conversation("ana", f"Story {number}", "I see")) for number in range(50)]
    await asyncio.sleep(0.01)
    stores[0].cancel()  # the others do not depend on who came first
    outcomes = await asyncio.gather(*stores, return_exceptions=True)
    assert all(isinstance(outcome, str) for outcome in outcomes[1:])
    assert opened == [str(tmp_path / "new.toml")]
    stored = [text for text in await texts(memory) if text != "Story 0"]
    assert sorted(stored) == sorted(["My sister moved to Porto", *(f"Story {n}" for n in range(1, 50))])


async def test_calls_under_way_in_the_old_home_end_there(
    memory: HierarchicalMemoryManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()
    original = SqliteConversationArchive.history

    async def slow(self: SqliteConversationArchive, **given: Any) -> list[Conversation]:
        if not entered.is_set():
            entered.set()
            await leave.wait()
        return await original(self, **given)

    monkeypatch.setattr(SqliteConversationArchive, "history", slow)
    reading = asyncio.create_task(memory.get_user_conversation_history("ana"))
    await entered.wait()
    old = memory._open
    await move(tmp_path, "old", "new")
    await memory.store_conversation("ana", "She has a dog now", "Nice!")
    assert await old.tiers.archive.total_conversations() == 1  # still open
    leave.set()
    assert len(await reading) == 1
    await left(memory)
    with pytest.raises(MemoryClosed):
        await old.tiers.archive.total_conversations()


async def test_closing_waits_for_nobody_in_the_old_home(memory: HierarchicalMemoryManager, tmp_path: Path) -> None:
    exporting = memory.export_user("ana")
    assert isinstance(exporting, AsyncGenerator)
    assert (await anext(exporting)).user_message == "My sister moved to Porto"
    await move(tmp_path, "old", "new")
    await memory.store_conversation("ana", "She has a dog now", "Nice!")
    await asyncio.wait_for(memory.close(), 10)
    assert {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()} <= {"Task-1"}
    with contextlib.suppress(MemoryClosed):
        await exporting.aclose()
    async with memory:
        assert len(await texts(memory)) == 2


MOVING = Fence(destination="/nowhere/talktiers.toml", move_id="test", complete=False)


async def test_a_store_waits_for_the_end_of_a_move(memory: HierarchicalMemoryManager, tmp_path: Path) -> None:
    home = str(config(tmp_path, "new"))
    moving = Fence(destination=home, move_id="test", complete=False)
    archive = archive_of(memory)
    await archive.fence(before=None, after=moving)
    storing = asyncio.create_task(memory.store_conversation("ana", "She has a dog now", "Nice!"))
    done, _ = await asyncio.wait([storing], timeout=0.2)
    assert not done
    assert await texts(memory) == ["My sister moved to Porto"]
    await archive.fence(before=moving, after=Fence(destination=home, move_id="test", complete=True))
    await storing
    assert await texts(memory) == ["She has a dog now"]  # nothing was copied by this move


async def test_a_store_goes_on_in_the_old_home_where_a_move_was_given_up(memory: HierarchicalMemoryManager) -> None:
    archive = archive_of(memory)
    await archive.fence(before=None, after=MOVING)
    storing = asyncio.create_task(memory.store_conversation("ana", "She has a dog now", "Nice!"))
    await asyncio.wait([storing], timeout=0.1)
    await archive.fence(before=MOVING, after=None)
    await storing
    assert await texts(memory) == ["My sister moved to Porto", "She has a dog now"]


async def test_a_move_that_does_not_end_is_told_with_what_to_do(
    memory: HierarchicalMemoryManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "ARRIVAL_S", 0.05)
    await archive_of(memory).fence(before=None, after=MOVING)
    with pytest.raises(BackendUnavailable, match="talktiers move") as refused:
        await memory.store_conversation("ana", "She has a dog now", "Nice!")
    assert refused.value.retryable
    assert await texts(memory) == ["My sister moved to Porto"]


@pytest.mark.parametrize("when", ["already open", "opened later"])
async def test_a_new_home_that_cannot_be_opened_is_named_and_tried_again(tmp_path: Path, when: str) -> None:
    memory = open_memory(settings(tmp_path / "old.db"), follow_moves=True)
    async with memory:
        await memory.store_conversation("ana", "My sister moved to Porto", "Lovely!")
        await move(tmp_path, "old", "new")
        text = (tmp_path / "new.toml").read_text(encoding="utf-8")
        (tmp_path / "new.toml").unlink()
        if when == "already open":
            with pytest.raises(ConfigurationError, match=r"new\.toml"):
                await memory.store_conversation("ana", "She has a dog now", "Nice!")
            (tmp_path / "new.toml").write_text(text, encoding="utf-8")
            await memory.store_conversation("ana", "She has a dog now", "Nice!")
            assert len(await texts(memory)) == 2
            return
    with pytest.raises(ConfigurationError, match=r"new\.toml"):
        await memory.initialize()
    assert not memory.initialized
    (tmp_path / "new.toml").write_text(text, encoding="utf-8")
    async with memory:
        assert memory.settings.sqlite.path == str(tmp_path / "new.db")


async def test_two_memories_that_refer_to_each_other_are_no_endless_way(tmp_path: Path) -> None:
    for name, other in (("one", "two"), ("two", "one")):
        async with open_memory(settings(tmp_path / f"{name}.db")) as memory:
            await archive_of(memory).fence(
                before=None, after=Fence(destination=str(config(tmp_path, other)), move_id="test", complete=True)
            )
    with pytest.raises(ConfigurationError, match="in a row"):
        await open_memory(settings(tmp_path / "one.db"), follow_moves=True).initialize()


async def test_closing_in_the_midst_of_following_ends_it(
    memory: HierarchicalMemoryManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await move(tmp_path, "old", "new")
    begun = asyncio.Event()

    async def endless(_: str) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(memory._follower, "_enter", endless)
    storing = asyncio.create_task(memory.store_conversation("ana", "She has a dog now", "Nice!"))
    await begun.wait()
    await asyncio.wait_for(memory.close(), 10)
    with pytest.raises(MemoryClosed):
        await storing
