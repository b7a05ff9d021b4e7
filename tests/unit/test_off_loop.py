"""The thread for computation."""

from __future__ import annotations

import asyncio
import threading

import pytest

from talktiers.adapters.off_loop import WorkerThread
from talktiers.domain.errors import MemoryClosed


async def test_everything_runs_in_the_same_other_thread() -> None:
    async with WorkerThread() as worker:
        threads = {await worker.run(threading.get_ident) for _ in range(3)}
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_a_call_before_or_after_is_refused() -> None:
    worker = WorkerThread()
    with pytest.raises(MemoryClosed):
        await worker.run(int)
    async with worker:
        assert await worker.run(int) == 0
    with pytest.raises(MemoryClosed):
        await worker.run(int)


async def test_a_cancelled_batch_stops_after_the_piece_at_work() -> None:
    begun, go_on = threading.Event(), threading.Event()
    done: list[int] = []

    def work(item: int) -> None:
        begun.set()
        assert go_on.wait(30)
        done.append(item)

    async with WorkerThread() as worker:
        batch = asyncio.create_task(worker.map(work, range(10_000)))
        await asyncio.to_thread(begun.wait, 30)
        batch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await batch
        go_on.set()
    assert 0 < len(done) < 100


async def test_a_batch_comes_back_in_order() -> None:
    async with WorkerThread() as worker:
        assert await worker.map(str, range(100)) == [str(number) for number in range(100)]
        assert await worker.map(str, []) == []
