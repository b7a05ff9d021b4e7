"""Tasks that run beside the calls of a memory: owned, bounded in number, awaited when it closes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from .logs import get_logger

_log = get_logger("background")


class BackgroundTasks:
    """Best-effort work after a call has returned. What fails is logged; nothing that must happen belongs here.

    Args:
        limit: how many may run at once; more are refused.
    """

    def __init__(self, *, limit: int = 256) -> None:
        self._limit = limit
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> bool:
        """Starts the work, or refuses it when too much is under way."""
        if len(self._tasks) >= self._limit:
            work.close()
            return False
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return True

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("background_work_failed", work=task.get_name(), error=type(error).__name__)

    async def wait(self) -> None:
        """Returns when nothing that was started before is running."""
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self, *, timeout_s: float = 5.0) -> None:
        """Lets running work end, and cancels what takes longer than that."""
        if not self._tasks:
            return
        _, unfinished = await asyncio.wait(set(self._tasks), timeout=timeout_s)
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished)
