"""The contract of `OffLoop`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest

from ..off_loop import OffLoop


class OffLoopContract:
    """What a place for CPU-bound work promises."""

    def make(self) -> AbstractAsyncContextManager[OffLoop]:
        """A place for work."""
        raise NotImplementedError

    @pytest.fixture
    async def off_loop(self) -> AsyncIterator[OffLoop]:
        """A place for work, open for one test."""
        async with self.make() as off_loop:
            yield off_loop

    async def test_what_the_function_returns_comes_back(self, off_loop: OffLoop) -> None:
        assert await off_loop.run(divmod, 7, 2) == (3, 1)

    async def test_what_the_function_raises_comes_back_and_ends_nothing(self, off_loop: OffLoop) -> None:
        with pytest.raises(ZeroDivisionError):
            await off_loop.run(divmod, 7, 0)
        assert await off_loop.run(divmod, 7, 2) == (3, 1)

    async def test_the_event_loop_goes_on_meanwhile(self, off_loop: OffLoop) -> None:
        released = threading.Event()
        waiting = asyncio.create_task(off_loop.run(released.wait, 5))
        await asyncio.sleep(0)
        released.set()
        assert await waiting is True

    async def test_functions_run_one_at_a_time_in_the_order_of_asking(self, off_loop: OffLoop) -> None:
        ran: list[tuple[int, str]] = []

        def work(number: int) -> None:
            ran.append((number, "begins"))
            ran.append((number, "ends"))

        await asyncio.gather(*(off_loop.run(work, number) for number in range(50)))
        assert ran == [(number, step) for number in range(50) for step in ("begins", "ends")]

    async def test_a_batch_comes_back_in_its_order(self, off_loop: OffLoop) -> None:
        assert await off_loop.map(str, range(100)) == [str(number) for number in range(100)]
        assert await off_loop.map(str, []) == []

    async def test_what_one_item_raises_ends_the_batch(self, off_loop: OffLoop) -> None:
        with pytest.raises(ZeroDivisionError):
            await off_loop.map(_inverse, [1, 0, 1])


def _inverse(number: int) -> float:
    return 1 / number
