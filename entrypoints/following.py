"""Following a memory that has moved to other settings."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from ..application.background_tasks import ended
from ..application.logs import get_logger
from ..application.memory import Memory
from ..domain.errors import BackendUnavailable, ConfigurationError, MemoryClosed, TalktiersError

ARRIVAL_S: Final = 30.0
"""How long a call waits for a move to end: what comes last is mostly copied within a second."""
LOOK_S: Final = 1.0
"""How often it is looked whether the memory has moved, for a process that stores nothing."""
MAX_MOVES: Final = 8
"""In a row: more are two settings that refer to each other."""
_PAUSE_S: Final = 0.02

_log = get_logger("following")


class CallsUnderWay:
    """Counts the calls of each memory, so that one is closed when the last of them has ended."""

    def __init__(self) -> None:
        self._calls: Counter[Memory] = Counter()
        self._waiting: dict[Memory, asyncio.Event] = {}

    @contextlib.contextmanager
    def one(self, memory: Memory) -> Iterator[Memory]:
        """As long as a call lasts."""
        self._calls[memory] += 1
        try:
            yield memory
        finally:
            self._calls[memory] -= 1
            if not self._calls[memory]:
                del self._calls[memory]
                if memory in self._waiting:
                    self._waiting[memory].set()

    async def none(self, memory: Memory) -> None:
        """Returns when no call of a memory is under way, or nobody is to wait for them any more."""
        if memory in self._calls:
            await self._waiting.setdefault(memory, asyncio.Event()).wait()
        self._waiting.pop(memory, None)

    def wait_no_longer(self) -> None:
        """Lets go of everybody who waits."""
        for event in self._waiting.values():
            event.set()


class MoveFollower:
    """Lets a manager go on in the new home of its memory.

    Args:
        present: the memory that the manager uses; ``None``: it is closed.
        enter: opens the memory of that destination and makes the manager use it.
    """

    def __init__(self, *, present: Callable[[], Memory | None], enter: Callable[[str], Awaitable[None]]) -> None:
        self._present = present
        self._enter = enter
        self._following: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Goes where the memory has moved to before now, and looks from time to time from now on.

        Raises:
            ConfigurationError, BackendError: the new home cannot be opened.
        """
        for _ in range(MAX_MOVES):
            memory = self._present()
            fence = None if memory is None else await memory.tiers.archive.fenced()
            if fence is None or not fence.complete:
                break
            await self._enter(fence.destination)
        else:
            raise ConfigurationError(
                f"the memory has moved {MAX_MOVES} times in a row: its settings refer to each other"
            )
        self._looking = asyncio.get_running_loop().create_task(self._look(), name="look for moves")
        self._looking.add_done_callback(_looked_at)

    async def follow(self, memory: Memory) -> None:
        """Returns when the manager uses another memory than this one, or this one stores again.

        Callers share one opening, which goes on though one of them is cancelled.

        Raises:
            BackendUnavailable: the move did not end in time.
            ConfigurationError, BackendError: the new home cannot be opened.
            MemoryClosed: the manager was closed meanwhile.
        """
        if self._present() is not memory:
            return
        following = self._following
        if following is None or following.done():
            following = asyncio.get_running_loop().create_task(self._follow(memory), name="follow a move")
            following.add_done_callback(_looked_at)
            self._following = following
        await asyncio.wait([following])
        if following.cancelled():
            raise MemoryClosed("the memory was closed while it moved")
        following.result()

    async def close(self) -> None:
        """Ends what is under way."""
        tasks = [task for task in (self._looking, self._following) if task is not None]
        self._looking = None
        await ended(tasks, timeout_s=0)

    async def _follow(self, memory: Memory) -> None:
        give_up_s = time.monotonic() + ARRIVAL_S
        while (fence := await memory.tiers.archive.fenced()) is not None:
            if fence.complete:
                await self._enter(fence.destination)
                return
            if time.monotonic() > give_up_s:
                raise BackendUnavailable(
                    "archive",
                    "store",
                    f"its move to {fence.destination} has not ended; if it was interrupted, run `talktiers move` again",
                )
            await asyncio.sleep(_PAUSE_S)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            memory = self._present()
            if memory is None:
                return
            try:
                fence = await memory.tiers.archive.fenced()
                if fence is not None and fence.complete:
                    await self.follow(memory)
            except MemoryClosed:
                return
            except TalktiersError as error:
                _log.warning("move_not_followed", error=type(error).__name__)


def _looked_at(task: asyncio.Task[None]) -> None:
    """Whoever waits for a task has its error; nobody may wait any more."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.debug("following_failed", error=type(error).__name__)
