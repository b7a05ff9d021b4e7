"""Connections for many callers: asyncpg's pool, bounded, with those that are free kept at hand.

asyncpg makes a task for each connection that is given back. So one that was used without a fault goes straight to the
next caller instead, as long as there are connections for all of them: 40 µs less, half of what a short read takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from ...domain.errors import Overloaded
from .errors import DriverError

CLOSE_TIMEOUT_S = 2.0
"""How long closing waits for calls under way before it cuts their connections."""
RELEASE_TIMEOUT_S = 1.0
"""How long giving a connection back waits for the cancelling of its statement before it is cut."""
MAX_IDLE_S = 300.0
"""A connection that was idle for longer is not trusted: something on the way may have forgotten it."""


class ConnectionPool:
    """Hands out connections. asyncpg's own errors get out.

    Args:
        pool: initialised, with at most ``size`` connections.
        acquire_timeout_s: how long a caller waits for a connection, or for its being made.
        max_waiting: callers that may wait; further ones are refused.
        address: for errors.
    """

    def __init__(
        self, pool: asyncpg.Pool, *, size: int, acquire_timeout_s: float, max_waiting: int, address: str
    ) -> None:
        self._pool = pool
        self._size = size
        self._acquire_timeout_s = acquire_timeout_s
        self._max_waiting = max_waiting
        self._address = address
        self._callers = 0
        self._at_hand: list[tuple[Any, float]] = []  # with the moment of their last use, on the clock `time.monotonic`

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """One for the caller alone.

        Raises:
            Overloaded: too many wait already, or all connections stayed busy; nothing was sent.
        """
        waiting = self._callers - self._size
        if waiting >= self._max_waiting:
            raise Overloaded(f"{waiting} calls to {self._address} wait for a connection already; call again later")
        self._callers += 1
        try:
            connection = await self._take() if self._at_hand else None
            if connection is None:
                connection = await self._acquire()
            try:
                yield connection
            except BaseException:
                await self._release(connection)
                raise
            # With more callers than connections somebody waits for one of the pool.
            if self._callers > self._size or connection.is_closed() or connection.is_in_transaction():
                await self._release(connection)
            else:
                self._at_hand.append((connection, time.monotonic()))
        finally:
            self._callers -= 1

    async def expire(self) -> None:
        """Gives up every connection that is not in use."""
        await self._pool.expire_connections()
        at_hand, self._at_hand = self._at_hand, []
        for connection, _ in at_hand:
            await self._release(connection)

    async def close(self) -> None:
        """Waits a moment for calls under way, then closes every connection."""
        self._size = 0  # none is kept at hand any more
        with contextlib.suppress(*DriverError):  # what cannot be closed in order has been cut
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self.expire()
                await self._pool.close()

    async def _take(self) -> Any:
        """The one that was used last; ``None``: none is alive."""
        while self._at_hand:
            connection, used_at_s = self._at_hand.pop()
            if time.monotonic() - used_at_s > MAX_IDLE_S:
                connection.terminate()
            if not connection.is_closed():
                return connection
            await self._release(connection)
        return None

    async def _acquire(self) -> Any:
        try:
            # Not by the pool's own limit: that makes a task of each call.
            async with asyncio.timeout(self._acquire_timeout_s):
                return await self._pool.acquire()
        except TimeoutError:
            if self._callers <= self._size:
                raise
            raise Overloaded(
                f"all {self._size} connections to {self._address} stayed busy; call again later,"
                " or raise the setting pool_size"
            ) from None

    async def _release(self, connection: Any) -> None:
        with contextlib.suppress(*DriverError):  # the pool has cut it then; the result stands
            await self._pool.release(connection, timeout=RELEASE_TIMEOUT_S)
