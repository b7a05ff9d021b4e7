"""What several backends of one memory share."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from ...ports.clock import Clock
from ...ports.off_loop import OffLoop
from ..settings import Settings

if TYPE_CHECKING:
    from ...adapters.in_memory.store import InMemoryStore
    from ...adapters.sqlite.database import Database
    from ...adapters.sqlite.user_arrays import UserArrays

_MEGABYTE = 1024 * 1024


class SharedResources:
    """Each is opened once, when the first backend asks for it, and closed after all of them.

    Args:
        stack: what it is entered on.
    """

    def __init__(self, *, settings: Settings, stack: AsyncExitStack, off_loop: OffLoop, clock: Clock) -> None:
        self.off_loop = off_loop
        self.clock = clock
        self._settings = settings
        self._stack = stack
        self._database: Database | None = None
        self._arrays: UserArrays | None = None
        self._store: InMemoryStore | None = None

    async def database(self) -> Database:
        """The embedded file."""
        if self._database is None:
            from ...adapters.sqlite.database import Database

            sqlite = self._settings.sqlite
            self._database = await self._stack.enter_async_context(
                Database(
                    sqlite.path,
                    synchronous=sqlite.synchronous,
                    busy_timeout_s=sqlite.busy_timeout_s,
                    readers=sqlite.readers,
                )
            )
        return self._database

    def user_arrays(self) -> UserArrays:
        """What the indexes of the embedded file keep in memory."""
        if self._arrays is None:
            from ...adapters.sqlite.user_arrays import UserArrays

            self._arrays = UserArrays(max_bytes=self._settings.sqlite.memory_mb * _MEGABYTE)
        return self._arrays

    def in_memory_store(self) -> InMemoryStore:
        """What the archive and the outbox in memory share."""
        if self._store is None:
            from ...adapters.in_memory.store import InMemoryStore

            self._store = InMemoryStore(clock=self.clock)
        return self._store
