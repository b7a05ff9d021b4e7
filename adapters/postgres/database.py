"""One PostgreSQL database for many tasks of an event loop, over a pool of connections.

Nothing is connected before the first use. Every wait has a bound: for a connection, for signing in, for a statement.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import asyncpg

from ...domain.errors import BackendError, ConfigurationError, MemoryClosed
from ...ports.backend_server import BackendServer, ServerState
from .address import parsed_address
from .connection_pool import ConnectionPool
from .errors import BACKEND, DriverError, connection_died, translating
from .migrations import migrate
from .server_checks import ServerFacts, check_server
from .session import Connection, PooledConnection, set_up

T = TypeVar("T")

RETRY_CHECK_S = 1.0
"""For so long after a check has failed its error is raised again without asking the server."""
_SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")

_FACTS = """
SELECT current_setting('server_version') AS version, current_setting('server_version_num')::integer AS version_number,
    current_setting('synchronous_commit') AS synchronous_commit, current_setting('server_encoding') AS encoding,
    current_setting('transaction_read_only') AS read_only
"""
_NOT_DURABLE = "SET LOCAL synchronous_commit TO off"


class PostgresDatabase(BackendServer):
    """The database with its pool; an async context manager. Entering it connects to nothing.

    Every call makes sure first that `check` has once succeeded, which creates our tables or brings them up to date.
    All tables live in one schema of the database, so that several memories can share it.

    Prepared statements and session settings are used: a PgBouncer in between must pool by session.

    Args:
        url: ``postgresql://user:password@host:port/database``; ``sslmode`` may follow.
        pool_size: connections at most.
        timeout_s: seconds for a statement, and for waiting for a connection.
        connect_timeout_s: seconds for connecting and signing in.
        ca_file: certificates of the authorities to trust; TLS is demanded then.
        schema: PostgreSQL schema of our tables; created if it is missing.
        allow_unsafe_commit: take a server that acknowledges before it has written: a power cut or a crash of the
            server may then lose what was acknowledged.
        max_waiting: calls that may wait for a connection; further ones are refused.

    Raises:
        ConfigurationError: an argument is malformed.
    """

    backend = BACKEND

    def __init__(
        self,
        *,
        url: str,
        pool_size: int = 10,
        timeout_s: float = 5.0,
        connect_timeout_s: float = 5.0,
        ca_file: str | None = None,
        schema: str = "talktiers",
        allow_unsafe_commit: bool = False,
        max_waiting: int = 1000,
    ) -> None:
        if pool_size < 1 or max_waiting < 0 or timeout_s <= 0 or connect_timeout_s <= 0:
            raise ConfigurationError(
                "pool_size must be at least 1, max_waiting at least 0, timeout_s and connect_timeout_s above 0"
            )
        if not _SCHEMA_NAME.fullmatch(schema):
            raise ConfigurationError("schema must be of the form [a-z_][a-z0-9_]{0,62}")
        self._target = parsed_address(url, ca_file=ca_file)
        self.address = str(self._target)
        self.schema = schema
        self._pool_size = pool_size
        self._timeout_s = timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._allow_unsafe_commit = allow_unsafe_commit
        self._max_waiting = max_waiting
        self._pool: ConnectionPool | None = None
        self._state: ServerState | None = None
        self._failure: BackendError | None = None
        self._failed_at_s = 0.0
        self._checking = asyncio.Lock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address}, schema={self.schema})"

    async def __aenter__(self) -> Self:
        if self._pool is not None:
            raise ConfigurationError(f"{self.address} is open already: make a PostgresDatabase of its own")
        target = self._target
        self._checking = asyncio.Lock()  # of this loop
        self._state = self._failure = None
        pool = await asyncpg.create_pool(
            min_size=0,
            max_size=self._pool_size,
            init=functools.partial(set_up, schema=self.schema),
            connection_class=PooledConnection,
            max_cached_statement_lifetime=0,
            host=target.host,
            port=target.port,
            user=target.user,
            password=target.password,
            database=target.database,
            ssl=target.tls,
            timeout=self._connect_timeout_s,
            command_timeout=self._timeout_s,
            server_settings={"application_name": "talktiers"},
        )
        self._pool = ConnectionPool(
            pool,
            size=self._pool_size,
            acquire_timeout_s=max(self._timeout_s, self._connect_timeout_s),
            max_waiting=self._max_waiting,
            address=self.address,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Waits a moment for calls under way, then closes every connection. Idempotent."""
        if (pool := self._pool) is None:
            return
        self._pool = None
        await pool.close()

    async def check(self) -> ServerState:
        """As the port says; the version of the schema is that of all our tables there."""
        async with self._checking:
            return await self._check("check")

    @contextlib.asynccontextmanager
    async def connection(self, *, operation: str) -> AsyncIterator[Connection]:
        """A connection for statements that are transactions by themselves; asyncpg's errors become ours.

        Args:
            operation: names the call in errors.

        Raises:
            Overloaded: all connections are busy and too many calls wait, or one waited too long; nothing was sent.
            BackendError: whatever `check` or a statement ran into.
            MemoryClosed: not open.
        """
        await self._ensure_checked(operation)
        with translating(operation, address=self.address):
            async with self._open_pool().connection() as connection:
                yield connection

    @contextlib.asynccontextmanager
    async def transaction(self, *, operation: str, durable: bool = True) -> AsyncIterator[Connection]:
        """As `connection`, inside a transaction (READ COMMITTED) that is committed at the end, or undone by an error.

        Args:
            durable: ``False`` for what is derived and can be made again: the commit does not wait for the disk. A later
                durable commit makes it durable too.
        """
        async with self.connection(operation=operation) as connection, _transaction(connection, durable=durable):
            yield connection

    async def run(self, work: Callable[[Connection], Awaitable[T]], *, operation: str) -> T:
        """Runs idempotent work on a connection; once more on another where the connection had died.

        Raises:
            Overloaded, BackendError, MemoryClosed: as `connection`.
        """
        await self._ensure_checked(operation)
        with translating(operation, address=self.address):
            try:
                async with self._open_pool().connection() as connection:
                    return await work(connection)
            except DriverError as error:
                if not connection_died(error):
                    raise
                await self._open_pool().expire()  # a server that went down took all of them along
            async with self._open_pool().connection() as connection:
                return await work(connection)

    async def run_transaction(
        self, work: Callable[[Connection], Awaitable[T]], *, operation: str, durable: bool = True
    ) -> T:
        """As `run`, inside a transaction; ``durable`` as in `transaction`."""

        async def inside(connection: Connection) -> T:
            async with _transaction(connection, durable=durable):
                return await work(connection)

        return await self.run(inside, operation=operation)

    async def fetch(self, statement: str, *arguments: object, operation: str) -> list[Any]:
        """The rows of one idempotent statement."""
        return await self.run(lambda connection: connection.fetch(statement, *arguments), operation=operation)

    async def fetchrow(self, statement: str, *arguments: object, operation: str) -> Any:
        """The first row of one idempotent statement; ``None``: there is none."""
        return await self.run(lambda connection: connection.fetchrow(statement, *arguments), operation=operation)

    async def fetchval(self, statement: str, *arguments: object, operation: str) -> Any:
        """The first value of one idempotent statement's first row; ``None``: there is none."""
        return await self.run(lambda connection: connection.fetchval(statement, *arguments), operation=operation)

    async def _ensure_checked(self, operation: str) -> None:
        if self._state is None:
            async with self._checking:
                if self._state is None:
                    await self._check(operation)

    async def _check(self, operation: str) -> ServerState:
        failed = self._failure
        if failed is not None and time.monotonic() - self._failed_at_s < RETRY_CHECK_S:
            raise type(failed)(BACKEND, operation, failed.reason) from failed.__cause__
        try:
            with translating(operation, address=self.address):
                async with self._open_pool().connection() as connection:
                    self._state = await self._checked_state(connection)
        except BackendError as error:
            self._failure, self._failed_at_s = error, time.monotonic()
            raise
        self._failure = None
        return self._state

    async def _checked_state(self, connection: Connection) -> ServerState:
        facts = ServerFacts(**await connection.fetchrow(_FACTS))
        check_server(facts, address=self.address, allow_unsafe_commit=self._allow_unsafe_commit)
        version = await migrate(connection, schema=self.schema, address=self.address)
        return ServerState(version=facts.version.partition(" ")[0], schema=version)

    def _open_pool(self) -> ConnectionPool:
        if self._pool is None:
            raise MemoryClosed(f"{self.address} is not open: use `async with`")
        return self._pool


@contextlib.asynccontextmanager
async def _transaction(connection: Connection, *, durable: bool) -> AsyncIterator[None]:
    async with connection.transaction():
        if not durable:
            await connection.execute(_NOT_DURABLE)
        yield
