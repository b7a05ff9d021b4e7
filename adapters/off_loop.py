"""Work that keeps a processor busy, in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

from ..domain.errors import MemoryClosed
from ..ports.off_loop import OffLoop

_R = TypeVar("_R")


class WorkerThread(OffLoop):
    """One thread for pure computation. To be entered with ``async with``, and again after it was left.

    One, because several threads that are busy in Python stall the event loop for longer than a single one does, and are
    no faster. A call holds it until the function returns: long work comes in pieces, so that others take their turn and
    a cancelled caller leaves no more than one piece behind.
    """

    def __init__(self, *, name: str = "talktiers-worker") -> None:
        self._name = name
        self._executor: ThreadPoolExecutor | None = None

    async def __aenter__(self) -> Self:
        if self._executor is not None:
            raise RuntimeError(f"{self._name} is open already")
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self._name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Drops what has not begun, and waits for the call at work."""
        executor, self._executor = self._executor, None
        if executor is not None:
            await asyncio.to_thread(executor.shutdown, wait=True, cancel_futures=True)

    async def run(self, function: Callable[..., _R], *arguments: object) -> _R:
        """See the port.

        Raises:
            MemoryClosed: not open.
        """
        if self._executor is None:
            raise MemoryClosed(f"{self._name} is not open: use `async with`")
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)
