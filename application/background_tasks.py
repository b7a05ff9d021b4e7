"""Tasks that run beside the calls of a memory: owned, bounded in number, awaited when it closes."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any, Final

from .logs import get_logger
from .seldom import Seldom

CANCELLING_S: Final = 1.0
"""How long a cancelled task may take to end: a driver can hold one for a minute."""

_log = get_logger("background")


class BackgroundTasks:
    """Best-effort work after a call has returned. What fails is logged; nothing that must happen belongs here.

    Args:
        limit: how many may run at once; more are refused.
    """

    def __init__(self, *, limit: int = 256) -> None:
        self._limit = limit
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._failures = Seldom()

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> bool:
        """Starts the work, or refuses it when too much is under way, or when nobody would await it any more."""
        if self._closed or len(self._tasks) >= self._limit:
            work.close()
            return False
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return True

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if (left_out := self._failures.left_out(task.get_name())) is not None:
            _log.warning("background_work_failed", work=task.get_name(), error=type(error).__name__, left_out=left_out)

    async def close(self, *, timeout_s: float = 5.0) -> None:
        """Lets running work end, and cancels what takes longer than that. Nothing starts any more."""
        self._closed = True
        await ended(self._tasks, timeout_s=timeout_s)


async def ended(tasks: Collection[asyncio.Task[Any]], *, timeout_s: float) -> None:
    """Waits for tasks, then cancels those that still run; at once, when it is cancelled itself.

    A task that does not heed its cancellation is left behind after a second.
    """
    running = {task for task in tasks if not task.done()}
    if not running:
        return
    try:
        await asyncio.wait(running, timeout=timeout_s)
    finally:
        unfinished = {task for task in running if not task.done()}
        for task in unfinished:
            task.cancel()
    if unfinished:
        await asyncio.wait(unfinished, timeout=CANCELLING_S)
