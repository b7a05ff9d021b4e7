"""Work that takes turns, as long as each turn is short."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

PATIENCE_S: Final = 1.0
"""A large batch takes half a second, unless its tier is slow."""


class Turns:
    """One at a time. Who has waited long goes on all the same: a slow one holds nobody up.

    Batches that are computed and written side by side in one interpreter are in each other's way: together they take
    a fifth longer than one after the other.

    Args:
        patience_s: the longest wait.
    """

    def __init__(self, *, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A turn, or at least the end of the wait for it."""
        has_turn = False
        try:
            async with asyncio.timeout(self._patience_s):
                has_turn = await self._lock.acquire()
        except TimeoutError:
            pass
        try:
            yield
        finally:
            if has_turn:
                self._lock.release()
