"""Closing ends everything that the memory began, whatever is under way, and a call afterwards is a clear error."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from talktiers import HierarchicalMemoryManager, MemoryClosed, open_memory
from talktiers.application.background_tasks import BackgroundTasks


def other_tasks() -> set[asyncio.Task[object]]:
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


async def test_nothing_starts_in_the_background_of_a_closed_memory() -> None:
    background = BackgroundTasks()
    await background.close()
    assert not background.start("late", asyncio.sleep(0))
    assert other_tasks() == set()


async def test_a_close_that_is_cancelled_leaves_no_task_behind_and_the_file_can_be_opened_again(tmp_path: Path) -> None:
    memory = open_memory(str(tmp_path / "bot.db"))
    await memory.initialize()
    await memory.store_conversation("ana", "My sister moved to Porto", "How exciting!")
    memory._open._background.start("endless", asyncio.sleep(1000))
    closing = asyncio.create_task(memory.close())
    await asyncio.sleep(0.02)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert other_tasks() == set()
    async with memory:
        assert len(await memory.get_user_conversation_history("ana")) == 1


@pytest.mark.parametrize("address", ["memory://", "sqlite:///{folder}/bot.db"])
async def test_calls_under_way_end_when_the_memory_is_closed(address: str, tmp_path: Path) -> None:
    async with open_memory(address.format(folder=tmp_path)) as memory:
        for number in range(20):
            await memory.store_conversation("ana", f"I saw violin {number}", "I see")
        calls = [
            asyncio.ensure_future(call)
            for _ in range(5)
            for call in (
                memory.store_conversation("ana", "One more violin", "I see"),
                memory.get_conversation_context("ana", "violin"),
                memory.search("ana", "violin"),
                memory.settle(),
                memory.rebuild("lexical"),
            )
        ]
        await asyncio.sleep(0)
    outcomes = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 5)
    for outcome in outcomes:
        assert not isinstance(outcome, asyncio.CancelledError)
    assert other_tasks() == set()
    with pytest.raises(MemoryClosed, match="not open"):
        await memory.search("ana", "violin")


def test_a_memory_of_another_event_loop_says_so(tmp_path: Path) -> None:
    memory = HierarchicalMemoryManager(str(tmp_path / "bot.db"))
    with asyncio.Runner() as first:
        first.run(memory.initialize())
        with asyncio.Runner() as second:
            for call in (memory.search("ana", "violin"), memory.close()):
                with pytest.raises(MemoryClosed, match="another event loop"):
                    second.run(call)
        first.run(memory.close())
