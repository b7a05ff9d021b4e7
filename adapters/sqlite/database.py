"""One SQLite file for many tasks of an event loop: reads on a few threads, writes in groups on one.

Nothing blocks the loop. Writes of concurrent callers share a commit, and each is acknowledged after it only.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from ...domain.errors import ConfigurationError, MemoryClosed, Overloaded
from .connections import Synchronous, check_owner, check_place, connect, create_private, use_write_ahead_log
from .errors import opening_error
from .migrations import checked_version, migrate
from .purging import empty_log, forget_erasures, note_erasure, noted_erasures, rewrite
from .table_sizes import bytes_of_tables
from .workers import HELP_S, Calls, Job, Jobs, Reader, Writer

T = TypeVar("T")

PURGE_TIMEOUT_S = 5.0
"""How long `Database.purge` tries while others are in its way."""
_PURGE_PAUSE_S = 0.02


class Database:
    """The file with its threads; an async context manager.

    Functions given to `read` and `write` run on another thread: they touch nothing but the connection and their own
    values, return values and no cursors, and leave transactions alone. What they raise reaches the caller, sqlite3's
    errors translated.

    Args:
        path: the file; created, readable by its owner only, if it is missing.
        synchronous: ``FULL``: what is acknowledged survives a power cut; ``NORMAL``: a crash of the process.
        busy_timeout_s: seconds to wait for another process's lock.
        readers: threads that read. One reads; the others help out while it is held up by a long read. Side by side
            they would take the interpreter from each other at every row: two are slower than one by a third.
        max_waiting: reads, and likewise writes, that may wait; further ones are refused.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        synchronous: Synchronous = "FULL",
        busy_timeout_s: float = 5,
        readers: int = 2,
        max_waiting: int = 1000,
    ) -> None:
        if synchronous not in ("FULL", "NORMAL"):
            raise ConfigurationError("synchronous must be FULL or NORMAL")
        if readers < 1 or max_waiting < 1 or busy_timeout_s < 0:
            raise ConfigurationError("readers and max_waiting must be at least 1, busy_timeout_s at least 0")
        self.path = Path(path).absolute()
        self._synchronous: Synchronous = synchronous
        self._busy_timeout_s = busy_timeout_s
        self._readers = readers
        self._max_waiting = max_waiting
        self._reads: Jobs = Jobs()
        self._writes: Jobs = Jobs()
        self._calls = Calls()
        self._waiting_reads = 0
        self._ended_reads = 0
        self._watching = False
        self._waiting_writes = 0
        self._purging = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Future[None] | None = None
        self._thread: threading.Thread | None = None

    async def __aenter__(self) -> Self:
        """Opens the file and brings its schema to this version.

        Raises:
            ConfigurationError: the path is no writable SQLite file of ours, or of a newer version.
            BackendError: the disk is full, or another process keeps the file locked.
        """
        if self._ended is not None:
            raise ConfigurationError(f"{self.path} is open already: make a Database of its own for a second use")
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[None] = loop.create_future()
        self._ended = loop.create_future()
        self._reads, self._writes, self._calls = Jobs(), Jobs(), Calls()
        self._watching = False
        self._purging = asyncio.Lock()  # of this loop
        self._thread = threading.Thread(
            target=self._serve, args=(loop, opened, self._ended), name="talktiers-sqlite-writer", daemon=True
        )
        self._thread.start()
        try:
            await opened
        except BaseException:
            await self.close()
            raise
        self._loop = loop
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Finishes what was asked before, closes all connections and ends the threads. Idempotent."""
        if (ended := self._ended) is None or (thread := self._thread) is None:
            return
        self._loop = None
        self._writes.put(None)
        await asyncio.shield(ended)
        thread.join()  # it told so with its last breath
        self._ended = self._thread = None

    async def read(self, operation: str, function: Callable[[sqlite3.Connection], T]) -> T:
        """Runs a function inside one read transaction: all its statements see one state, that of a commit.

        Args:
            operation: names the call in errors.

        Raises:
            Overloaded: too many reads wait.
            MemoryClosed: not open.
        """
        loop = self._open_loop()
        if self._waiting_reads >= self._max_waiting:
            raise Overloaded(f"{self._waiting_reads} reads of {self.path} wait already; call again later")
        future: asyncio.Future[T] = loop.create_future()
        self._waiting_reads += 1
        self._reads.put(Job(operation, function, future))
        if not self._watching and self._readers > 1:
            self._watching = True
            loop.call_later(HELP_S, self._watch_reads, self._ended_reads)
        return await future

    async def write(self, operation: str, function: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        """Runs a function inside a write transaction and returns after its commit.

        Should the function raise, what it did is undone and nothing else. A cancelled call has happened or not.

        Args:
            operation: names the call in errors.
            durable: ``False`` for what is derived and can be made again: its commit costs no fsync, waits for
                acknowledged ones, and survives a power cut from the next durable commit on.

        Raises:
            Overloaded: too many writes wait; nothing was done.
            MemoryClosed: not open.
        """
        return await self._write(operation, function, durable=durable)

    async def erase(self, operation: str, function: Callable[[sqlite3.Connection], T]) -> T:
        """As `write`, for a function that removes what people said: where it changed anything, the same commit notes that
        the next `purge` has something to do."""

        def erasing(connection: sqlite3.Connection) -> T:
            # Rows, not conversations: where somebody talked, with which bot, is erased too.
            before = connection.total_changes
            result = function(connection)
            if connection.total_changes != before:
                note_erasure(connection)
            return result

        return await self.write(operation, erasing)

    async def write_in_parts(self, operation: str, functions: Sequence[Callable[[sqlite3.Connection], None]]) -> None:
        """Runs functions that write what is derived, each atomic by itself; acknowledged writes go between them.

        When one of them raises, the others have happened or not.

        Raises:
            Overloaded: too many writes wait.
            MemoryClosed: not open.
        """
        await asyncio.gather(*(self.write(operation, function, durable=False) for function in functions))

    async def purge(self) -> bool:
        """Rewrites the file and empties its write-ahead log, so that nothing erased is left in either.

        Writes wait meanwhile, about a second for 200 MB. The disk needs room for another copy of the file. Where
        nothing was erased since the last time, in this process or another, there is nothing to do.

        Returns:
            Whether it was done; ``False`` where another process, or a reader, was in the way for 5 s.
        """
        async with self._purging:  # who has waited for another purge finds its own work done
            noted = await self.read("purge", noted_erasures)
            if not noted:
                return True
            if not await self._purge():
                return False
            await self.write("purge", lambda connection: forget_erasures(connection, up_to=noted))
            return True

    async def _purge(self) -> bool:
        deadline = time.monotonic() + PURGE_TIMEOUT_S
        for step in (rewrite, empty_log):
            while not await self._write("purge", step, alone=True):
                if time.monotonic() > deadline:
                    return False
                await asyncio.sleep(_PURGE_PAUSE_S)
        return True

    async def size_of_tables(self, operation: str, tables: Sequence[str]) -> int:
        """Bytes that these tables and their indexes take in the file."""
        return await self.read(operation, lambda connection: bytes_of_tables(connection, tables))

    def _open_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise MemoryClosed(f"{self.path} is not open: use `async with`")
        return self._loop

    async def _write(
        self,
        operation: str,
        function: Callable[[sqlite3.Connection], T],
        *,
        alone: bool = False,
        durable: bool = True,
    ) -> T:
        future: asyncio.Future[T] = self._open_loop().create_future()
        if self._waiting_writes >= self._max_waiting:
            raise Overloaded(f"{self._waiting_writes} writes to {self.path} wait already; call again later")
        self._waiting_writes += 1
        self._writes.put(Job(operation, function, future, alone=alone, durable=durable))
        return await future

    def _watch_reads(self, ended: int) -> None:
        """Calls for help when no read has ended since the last look, though some wait."""
        loop = self._loop
        self._watching = loop is not None and self._waiting_reads > 0
        if loop is None or not self._watching:
            return
        if self._ended_reads == ended and not self._reads.empty():
            for _ in range(self._readers - 1):
                self._calls.put(True)
        loop.call_later(HELP_S, self._watch_reads, self._ended_reads)

    def _settle_reads(self, jobs: list[Job]) -> None:
        self._waiting_reads -= len(jobs)
        self._ended_reads += len(jobs)
        for job in jobs:
            job.settle()

    def _settle_writes(self, jobs: list[Job]) -> None:
        self._waiting_writes -= len(jobs)
        for job in jobs:
            job.settle()

    def _serve(
        self, loop: asyncio.AbstractEventLoop, opened: asyncio.Future[None], ended: asyncio.Future[None]
    ) -> None:
        """The writer's thread, from opening to closing; the readers live within its life."""
        connections: list[sqlite3.Connection] = []
        threads: list[threading.Thread] = []
        reads, writes, calls = self._reads, self._writes, self._calls
        try:
            self._open(connections)
        except BaseException as error:  # noqa: BLE001 - it goes to the one who opens
            _tell(loop, opened, error)
        else:
            writer, *others = connections
            for connection in others:
                reader = Reader(path=self.path, jobs=reads, loop=loop, settle=self._settle_reads)
                serve = functools.partial(reader.help_out, calls=calls) if threads else reader.run
                threads.append(
                    threading.Thread(target=serve, args=(connection,), name="talktiers-sqlite-reader", daemon=True)
                )
                threads[-1].start()
            _tell(loop, opened, None)
            Writer(
                path=self.path, jobs=writes, loop=loop, settle=self._settle_writes, synchronous=self._synchronous
            ).run(writer)
        finally:
            reads.put(None)
            for _ in threads:
                calls.put(False)
            for thread in threads:
                thread.join()
            for connection in reversed(connections):  # the writer's last: it clears the write-ahead log away
                connection.close()
            _tell(loop, ended, None)

    def _open(self, connections: list[sqlite3.Connection]) -> None:
        try:
            check_place(self.path)
            create_private(self.path)
            for read_only in (False, *[True] * self._readers):
                connection = connect(
                    self.path,
                    busy_timeout_s=self._busy_timeout_s,
                    synchronous=self._synchronous,
                    read_only=read_only,
                )
                connections.append(connection)
                if not read_only:
                    # Looked at before anything is changed: what is not ours is left as it is.
                    check_owner(connection, self.path)
                    checked_version(connection, self.path)
                    use_write_ahead_log(connection, self.path, busy_timeout_s=self._busy_timeout_s)
                    migrate(connection, self.path)
        except (sqlite3.Error, OSError) as error:
            raise opening_error(error, path=self.path) from error


def _tell(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None], error: BaseException | None) -> None:
    def tell() -> None:
        with contextlib.suppress(asyncio.InvalidStateError):  # cancelled meanwhile
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(tell)
