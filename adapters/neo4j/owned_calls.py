"""Calls on the driver in tasks of their own, so that a caller who gives up breaks nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from ...domain.errors import MemoryClosed, Overloaded

T = TypeVar("T")

MAX_CALLS: Final = 1000
"""Under way at once, those that nobody waits for any more included; further ones are refused."""


class Undertaking:
    """How far a call has come that changes something.

    Attributes:
        given_up: the caller does not wait any more; nothing may be begun.
        begun: it has a connection; from now on cancelling it is safe, and undoes it.
    """

    def __init__(self) -> None:
        self.given_up = False
        self.begun = False

    def begin(self) -> None:
        """To be called once there is a connection.

        Raises:
            CancelledError: the caller has given up meanwhile.
        """
        if self.given_up:
            raise asyncio.CancelledError
        self.begun = True


class OwnedCalls:
    """The calls under way, each with a time limit of its own.

    The driver leaves a socket behind where it is cancelled while it connects, and closes the connection where it is
    cancelled later. So a call that reads goes on when its caller gives up, and its answer is dropped; one that writes is
    cancelled, but never while it connects.

    Args:
        address: named in errors.
    """

    def __init__(self, *, address: str) -> None:
        self._address = address
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self, call: Coroutine[Any, Any, T], *, undertaking: Undertaking | None = None) -> T:
        """What the call returns.

        Args:
            undertaking: of a call that writes.

        Raises:
            MemoryClosed: `close` has ended it.
            Overloaded: too many are under way; it was not begun.
        """
        if len(self._tasks) >= MAX_CALLS:
            call.close()
            raise Overloaded(f"{MAX_CALLS} calls to {self._address} are under way already; call again later")
        task = asyncio.create_task(call)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if task.cancelled() and (caller is None or not caller.cancelling()):
                raise MemoryClosed(f"{self._address} was closed during the call") from None
            if undertaking is not None:
                undertaking.given_up = True
                if undertaking.begun:
                    task.cancel()
                    await asyncio.wait([task])
            raise

    async def finished(self, *, within_s: float) -> None:
        """Waits for what is under way, but no longer than that."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=within_s)

    async def close(self) -> None:
        """Ends what is still under way."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whether or not somebody still waits for it
