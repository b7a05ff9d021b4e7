"""Work that keeps a processor busy, in a thread of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

from ..domain.errors import MemoryClosed
from ..ports.off_loop import OffLoop

_I = TypeVar("_I")
_R = TypeVar("_R")

_PIECE = 16
"""Items a call: some 10 ms of work, which is how long other calls wait and a cancelled batch goes on."""
_TURN_S = 0.002


class WorkerThread(OffLoop):
    """One thread for pure computation. To be entered with ``async with``, and again after it was left.

    One, because several threads that are busy in Python stall the event loop for longer than a single one does, and are
    no faster. A call holds it until the function returns: long work comes in pieces, so that others take their turn and
    a cancelled caller leaves no more than one piece behind.

    In a batch the interpreter is let go of every other millisecond. A thread that works in SQLite needs it back
    after every statement; from a thread that never lets go it gets it 5 ms later, and a write of twenty statements,
    which takes 1 ms by itself, would take 100.
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

    async def map(self, function: Callable[[_I], _R], items: Sequence[_I]) -> list[_R]:
        """See the port.

        Raises:
            MemoryClosed: not open.
        """

        def piece(part: Sequence[_I]) -> list[_R]:
            results = []
            since = time.perf_counter()
            for item in part:
                results.append(function(item))
                if time.perf_counter() - since > _TURN_S:
                    time.sleep(0)
                    since = time.perf_counter()
            return results

        results: list[_R] = []
        for start in range(0, len(items), _PIECE):
            results += await self.run(piece, items[start : start + _PIECE])
        return results
