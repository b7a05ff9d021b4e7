"""Batches are worked off one after the other, unless one of them hangs."""

import asyncio

from talktiers.application.turns import Turns


async def test_one_at_a_time_in_the_order_of_asking() -> None:
    turns = Turns(patience_s=30)
    steps: list[tuple[int, str]] = []

    async def work(number: int) -> None:
        async with turns.turn():
            steps.append((number, "begins"))
            await asyncio.sleep(0)
            steps.append((number, "ends"))

    await asyncio.gather(*(work(number) for number in range(5)))
    assert steps == [(number, step) for number in range(5) for step in ("begins", "ends")]


async def test_who_hangs_holds_nobody_up() -> None:
    turns = Turns(patience_s=0.01)
    hanging = asyncio.Event()

    async def hang() -> None:
        async with turns.turn():
            await hanging.wait()

    task = asyncio.create_task(hang())
    await asyncio.sleep(0)
    async with asyncio.timeout(10), turns.turn():
        assert not task.done()
    hanging.set()
    await task


async def test_a_cancelled_one_hands_its_turn_on() -> None:
    turns = Turns(patience_s=30)
    first = asyncio.create_task(_hold(turns))
    second = asyncio.create_task(_hold(turns))
    await asyncio.sleep(0)
    for task in (second, first):
        task.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    async with asyncio.timeout(10), turns.turn():
        pass


async def _hold(turns: Turns) -> None:
    async with turns.turn():
        await asyncio.Event().wait()
