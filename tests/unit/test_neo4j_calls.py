"""Calls on Neo4j's driver end as their callers expect, whoever ends them."""

import asyncio

import pytest

from talktiers.adapters.neo4j.owned_calls import MAX_CALLS, OwnedCalls
from talktiers.domain.errors import MemoryClosed, Overloaded

ADDRESS = "bolt://127.0.0.1:7687"


async def test_closing_ends_a_call_and_its_caller_is_told_why() -> None:
    calls = OwnedCalls(address=ADDRESS)
    call = asyncio.create_task(calls.run(asyncio.Event().wait()))
    await asyncio.sleep(0)
    await calls.close()
    with pytest.raises(MemoryClosed, match=ADDRESS):
        await call


async def test_a_caller_that_is_cancelled_at_the_same_moment_is_cancelled() -> None:
    before = asyncio.all_tasks()
    calls = OwnedCalls(address=ADDRESS)
    call = asyncio.create_task(calls.run(asyncio.Event().wait()))
    await asyncio.sleep(0)
    for task in asyncio.all_tasks() - before:
        task.cancel()
    await asyncio.wait([call])
    assert call.cancelled()


async def test_what_a_caller_gives_up_goes_on_and_is_waited_for_in_the_end() -> None:
    calls = OwnedCalls(address=ADDRESS)
    answer = asyncio.Event()
    answered: list[bool] = []

    async def read() -> None:
        answered.append(await answer.wait())

    call = asyncio.create_task(calls.run(read()))
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait([call])
    answer.set()
    await calls.finished(within_s=5)
    assert answered == [True]


async def test_calls_that_pile_up_at_a_silent_server_are_refused_in_the_end() -> None:
    calls = OwnedCalls(address=ADDRESS)
    callers = [asyncio.create_task(calls.run(asyncio.Event().wait())) for _ in range(MAX_CALLS)]
    await asyncio.sleep(0)
    for caller in callers:
        caller.cancel()
    await asyncio.wait(callers)
    with pytest.raises(Overloaded, match=ADDRESS):
        await calls.run(asyncio.Event().wait())
    await calls.close()
