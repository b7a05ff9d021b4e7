"""Watching the event loop: how long it was held up."""

from __future__ import annotations

import asyncio
import contextlib
import time
from types import TracebackType
from typing import Self

_TICK_S = 0.001


class StallWatch:
    """A task that wants to run every millisecond, and notes how late it comes. To be used with ``async with``."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._tick())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _tick(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(_TICK_S)
            self.late_ms.append(1000 * (time.perf_counter() - began - _TICK_S))


class DetachedWatch(StallWatch):
    """Counts the calls that were given up and have not ended yet. To be used with ``async with``."""

    most = 0

    async def _tick(self) -> None:
        while True:
            # Whoever is given up is cancelled; whoever is cancelled in order ends within a moment.
            self.most = max(self.most, sum(task.cancelling() > 0 for task in asyncio.all_tasks()))
            await asyncio.sleep(_TICK_S)
