"""Work that keeps a processor busy, kept off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from ..domain.errors import MemoryClosed

_P = ParamSpec("_P")
_T = TypeVar("_T")
_R = TypeVar("_R")


class WorkerThread:
    """One thread of its own for batches of pure computation. To be entered with ``async with``, once.

    One, because several threads that are busy in Python stall the event loop for longer than a single one does, and are
    no faster. Batches go through in chunks, those of several callers in turn, so that a cancelled call occupies the
    thread for one chunk at most, and a short batch does not wait for a long one.
    """

    def __init__(self, *, name: str = "talktiers-worker") -> None:
        self._name = name
        self._executor: ThreadPoolExecutor | None = None

    async def __aenter__(self) -> Self:
        if self._executor is not None:
            raise MemoryClosed(f"{self._name} is open already")
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self._name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Drops what has not begun, and waits for the chunk at work."""
        executor, self._executor = self._executor, None
        if executor is not None:
            await asyncio.to_thread(executor.shutdown, wait=True, cancel_futures=True)

    async def run(self, function: Callable[_P, _R], /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """One short call in the thread.

        Raises:
            MemoryClosed: not open.
        """
        if self._executor is None:
            raise MemoryClosed(f"{self._name} is not open: use `async with`")
        return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: function(*args, **kwargs))

    async def in_chunks(
        self, function: Callable[[Sequence[_T]], _R], items: Sequence[_T], *, chunk_size: int
    ) -> list[_R]:
        """``function`` of each run of at most ``chunk_size`` items, in order; no items: an empty list.

        Raises:
            MemoryClosed: not open, or closed meanwhile.
        """
        return [
            await self.run(function, items[start : start + chunk_size]) for start in range(0, len(items), chunk_size)
        ]

    async def map(self, function: Callable[[_T], _R], items: Sequence[_T], *, chunk_size: int) -> list[_R]:
        """``function`` of every item, in order, ``chunk_size`` of them at a time.

        Raises:
            MemoryClosed: not open, or closed meanwhile.
        """

        def each(chunk: Sequence[_T]) -> list[_R]:
            return [function(item) for item in chunk]

        chunks = await self.in_chunks(each, items, chunk_size=chunk_size)
        return [result for chunk in chunks for result in chunk]
