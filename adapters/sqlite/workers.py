"""The threads that hold the connections: one writes in groups, a few read.

A call crosses threads once each way. The writer takes what waits into one transaction, so that callers at the same
time share one fsync; results go back after the commit only, a whole group in one call.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from .connections import Synchronous
from .errors import DriverError, translated

MAX_GROUP_JOBS = 256
MAX_GROUP_S = 0.01
"""After this many jobs, or this long, a group is committed though others wait: no acknowledgement starves."""
HELP_S = 0.02
"""When no read has ended for so long though some wait, other readers help out, for as long."""
MAX_DERIVED_WAIT_S = 0.05
"""Derived writes let acknowledged ones go first for so long: neither starves the other."""


@attrs.define(eq=False)
class Job:
    """A function to be run on a connection, and the future of its caller.

    Attributes:
        alone: outside a transaction, e.g. a checkpoint.
        durable: whether its commit survives a power cut. A write of something derived need not: it is committed
            without an fsync of its own, and made durable by the next one that has one, since the log keeps their order.
        asked_at: monotonic seconds.
    """

    operation: str
    function: Callable[[sqlite3.Connection], Any]
    future: asyncio.Future[Any]
    alone: bool = False
    durable: bool = True
    asked_at: float = attrs.field(factory=time.monotonic)
    result: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        """Hands the outcome to the caller, if it still waits. On the loop's thread only."""
        # Not looked at first: a signal's handler cancels the caller at any moment, between a look and this too.
        with contextlib.suppress(asyncio.InvalidStateError):
            if self.error is None:
                self.future.set_result(self.result)
            else:
                self.future.set_exception(self.error)


Jobs = queue.SimpleQueue[Job | None]
"""What a worker takes its jobs from; ``None`` ends it."""
Calls = queue.SimpleQueue[bool]
"""By what a reader is called that helps out; ``False`` ends it."""


class Worker:
    """What writer and readers share: running a function, translating its errors, reporting to the loop.

    Args:
        settle: called on the loop with the jobs that are done.
    """

    def __init__(
        self, *, path: Path, jobs: Jobs, loop: asyncio.AbstractEventLoop, settle: Callable[[list[Job]], None]
    ) -> None:
        self._path = path
        self._jobs = jobs
        self._loop = loop
        self._settle = settle

    def _call(self, job: Job, connection: sqlite3.Connection) -> None:
        try:
            job.result = job.function(connection)
        except BaseException as error:  # noqa: BLE001 - the caller's, whatever it is: the thread goes on
            self._fail(job, error)

    def _fail(self, job: Job, error: BaseException) -> None:
        job.result = None
        if isinstance(error, DriverError):
            job.error = translated(error, operation=job.operation, path=self._path)
        elif isinstance(error, StopIteration):  # which a future refuses to carry
            job.error = RuntimeError(f"{job.operation} raised StopIteration")
            job.error.__cause__ = error
        else:
            job.error = error

    def _report(self, jobs: list[Job]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._settle, jobs)


class Reader(Worker):
    """Runs each job inside one read transaction, so that all its statements see the same state."""

    def run(self, connection: sqlite3.Connection) -> None:
        """Serves until it takes ``None``."""
        while (job := self._jobs.get()) is not None:
            if not job.future.cancelled():
                self._read(job, connection)
            self._report([job])
            del job  # nothing is held on to while nothing is asked

    def help_out(self, connection: sqlite3.Connection, calls: Calls) -> None:
        """Serves for a moment whenever it is called, until it takes ``False``."""
        while calls.get():
            until = time.monotonic() + HELP_S
            while time.monotonic() < until:
                try:
                    job = self._jobs.get(block=False)
                except queue.Empty:
                    break
                if job is None:
                    self._jobs.put(None)  # for the one whom it ends
                    break
                if not job.future.cancelled():
                    self._read(job, connection)
                self._report([job])
                del job

    def _read(self, job: Job, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("BEGIN")
        except sqlite3.Error as error:
            self._fail(job, error)
            return
        self._call(job, connection)
        with contextlib.suppress(sqlite3.Error):  # nothing was written: only the view ends
            connection.execute("ROLLBACK")


class Writer(Worker):
    """Runs what waits in one transaction, each job under its own savepoint; what is acknowledged goes first.

    Args:
        synchronous: of commits that somebody is told of; those of derived data are ``NORMAL``.
    """

    def __init__(
        self,
        *,
        path: Path,
        jobs: Jobs,
        loop: asyncio.AbstractEventLoop,
        settle: Callable[[list[Job]], None],
        synchronous: Synchronous,
    ) -> None:
        super().__init__(path=path, jobs=jobs, loop=loop, settle=settle)
        self._synchronous: Synchronous = synchronous
        self._current: Synchronous = synchronous
        self._durable: deque[Job] = deque()
        self._derived: deque[Job] = deque()
        self._ending = False

    def run(self, connection: sqlite3.Connection) -> None:
        """Serves until it takes ``None``; everything that was asked before is done by then."""
        while self._take():
            waiting = self._next()
            if waiting[0].alone:
                job = waiting.popleft()
                self._call(job, connection)
                self._report([job])
                del job  # nothing is held on to while nothing is asked
            else:
                self._report(self._group(waiting, connection))

    def _take(self) -> bool:
        """Waits for something to do; ``False`` when there is nothing left and nothing more will come."""
        while True:
            block = not (self._durable or self._derived or self._ending)
            try:
                job = self._jobs.get(block=block)
            except queue.Empty:
                return bool(self._durable or self._derived)
            self._sort(job)

    def _sort(self, job: Job | None) -> None:
        if job is None:
            self._ending = True
        else:
            (self._durable if job.durable else self._derived).append(job)

    def _next(self) -> deque[Job]:
        """Whose turn it is; one of them is not empty."""
        if not self._durable:
            return self._derived
        if self._derived and time.monotonic() - self._derived[0].asked_at > MAX_DERIVED_WAIT_S:
            return self._derived
        return self._durable

    def _acknowledged_wait(self) -> bool:
        """Whether a write has come in that somebody waits for to be told of."""
        with contextlib.suppress(queue.Empty):
            while not self._ending:
                self._sort(self._jobs.get(block=False))
        return bool(self._durable)

    def _group(self, waiting: deque[Job], connection: sqlite3.Connection) -> list[Job]:
        """Takes a group off what waits and runs it in one transaction; returns it with its outcomes."""
        group: list[Job] = []
        try:
            self._set_synchronous(connection, self._synchronous if waiting[0].durable else "NORMAL")
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            # Another process writes, as a rule: all of these have waited for it.
            while waiting and not waiting[0].alone:
                group.append(waiting.popleft())
            self._lose(group, error)
            return group
        deadline = time.monotonic() + MAX_GROUP_S
        yielding = not waiting[0].durable and not self._durable
        try:
            while waiting and not (job := waiting[0]).alone:
                group.append(waiting.popleft())
                if not job.future.cancelled():
                    # The first one needs no savepoint: should it fail, there is nothing else to lose.
                    self._call_within(job, connection, savepoint=len(group) > 1)
                    if not connection.in_transaction:
                        self._lose(group, job.error)
                        return group
                if len(group) >= MAX_GROUP_JOBS or time.monotonic() >= deadline:
                    break
                if yielding and self._acknowledged_wait():
                    break
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._lose(group, error)
            _roll_back(connection)
        return group

    def _set_synchronous(self, connection: sqlite3.Connection, synchronous: Synchronous) -> None:
        if synchronous != self._current:
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            self._current = synchronous

    def _call_within(self, job: Job, connection: sqlite3.Connection, *, savepoint: bool) -> None:
        if savepoint:
            connection.execute("SAVEPOINT job")
        self._call(job, connection)
        if job.error is None:
            if savepoint:
                connection.execute("RELEASE job")
        elif not savepoint:
            _roll_back(connection)
        elif connection.in_transaction:  # SQLite itself rolls everything back on a full disk
            connection.execute("ROLLBACK TO job")
            connection.execute("RELEASE job")

    def _lose(self, group: list[Job], error: BaseException | None) -> None:
        """The transaction is gone, and with it what its jobs had done."""
        for job in group:
            if job.error is None:
                self._fail(job, error or sqlite3.OperationalError("the transaction was ended by a job"))


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")
