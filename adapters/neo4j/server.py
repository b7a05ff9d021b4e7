"""One database on a Neo4j server for many tasks of an event loop, over the driver's pool of connections.

Nothing is connected before the first use. Every wait has a bound: for a connection, for signing in, for an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, LiteralString, Self, TypeVar

from neo4j import (
    READ_ACCESS,
    WRITE_ACCESS,
    AsyncDriver,
    AsyncGraphDatabase,
    AsyncSession,
    AsyncTransaction,
    NotificationMinimumSeverity,
    Query,
)

from ...domain.errors import BackendConflict, BackendError, ConfigurationError, MemoryClosed
from ...ports.backend_server import BackendServer, ServerState
from .address import parsed_address
from .errors import BACKEND, DriverError, connection_died, is_transient, translating
from .owned_calls import OwnedCalls, Undertaking
from .schema import ensure_schema
from .server_checks import checked_version
from .warming import warm_up

T = TypeVar("T")

RETRY_CHECK_S: Final = 1.0
"""For so long after a check has failed its error is raised again without asking the server."""
SCHEMA_TIMEOUT_S: Final = 30.0
"""How long a check may take where constraints are missing: on a busy machine the first ones took 8 s."""
GRACE_S: Final = 0.5
"""How long closing waits for calls under way."""
CLOSE_TIMEOUT_S: Final = 2.0
"""How long closing may take to say goodbye on every connection."""

_LIVENESS_S: Final = 30.0
"""A connection that was idle for longer is tried before it is used; a call on one that broke before is made again."""
_PAUSES_S: Final = (0.005, 0.02, 0.08, 0.3, 1.0)
"""Between attempts of a transaction that another one was in the way of; each up to half as long again by chance."""

_CONNECTING_SHARE: Final = 0.9
"""Of the time limit, for reaching the server: where the limit ends a call that connects, the driver leaves a socket."""

_PROBE: Final = "RETURN 1"


class Neo4jServer(BackendServer):
    """A server, or a cluster, and one database there.

    To be entered with ``async with`` by the loop that uses it, and again after it was left.

    Args:
        url: ``bolt://host:port``, ``neo4j://`` for a cluster, ``bolt+s://`` and ``neo4j+s://`` with TLS, where the
            certificate is verified.
        user, password: both ``None``: the server asks for none.
        database: ``None``: the user's home database there.
        pool_size: connections at most.
        timeout_s: of every call, in seconds, its repetitions included.
        connect_timeout_s: for reaching the server and signing in.
        ca_file: PEM file of the authorities to trust, instead of the system's.

    Raises:
        ConfigurationError: a setting is malformed.
    """

    backend = BACKEND

    def __init__(
        self,
        *,
        url: str,
        user: str | None = None,
        password: str | None = None,
        database: str | None = None,
        pool_size: int = 16,
        timeout_s: float = 5.0,
        connect_timeout_s: float = 5.0,
        ca_file: str | None = None,
    ) -> None:
        if (user is None) != (password is None):
            raise ConfigurationError(
                "user and password belong together: set both, or none where the server asks for none"
            )
        self._target = parsed_address(url, database=database, ca_file=ca_file)
        self.address = str(self._target)
        self._auth = None if user is None or password is None else (user, password)
        self._database = database
        self._pool_size = pool_size
        self._timeout_s = timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._driver: AsyncDriver | None = None
        self._state: ServerState | None = None
        self._failure: BackendError | None = None
        self._failed_at_s = 0.0
        self._checking = asyncio.Lock()
        self._calls = OwnedCalls(address=self.address)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address})"

    async def __aenter__(self) -> Self:
        if self._driver is not None:
            raise ConfigurationError(f"{self.address} is open already: make a Neo4jServer of its own")
        trusted = self._target.trusted
        encryption: dict[str, Any] = {} if trusted is None else {"encrypted": True, "trusted_certificates": trusted}
        # What one session has written the next one reads on another member of a cluster. A single server needs no
        # bookmarks, and one that was restored from a backup would wait in vain for those of the time before.
        bookmarks = AsyncGraphDatabase.bookmark_manager() if self._target.routed else None
        self._checking = asyncio.Lock()  # of this loop
        self._state = self._failure = None
        self._driver = AsyncGraphDatabase.driver(
            self._target.url,
            auth=self._auth,
            max_connection_pool_size=self._pool_size,
            connection_timeout=min(self._connect_timeout_s, _CONNECTING_SHARE * self._timeout_s),
            connection_write_timeout=self._timeout_s,
            connection_acquisition_timeout=max(self._timeout_s, self._connect_timeout_s),
            liveness_check_timeout=_LIVENESS_S,
            notifications_min_severity=NotificationMinimumSeverity.OFF,
            telemetry_disabled=True,
            user_agent="talktiers",
            **encryption,
        )
        self._session_settings: dict[str, Any] = {
            "database": self._database,
            "bookmark_manager": bookmarks,
            "fetch_size": -1,  # what a statement returns is bounded by the statement, and comes in one answer
        }
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Waits a moment for calls under way, then closes every connection. Idempotent."""
        if (driver := self._driver) is None:
            return
        self._driver = None
        await self._calls.finished(within_s=GRACE_S)
        with contextlib.suppress(*DriverError):  # what cannot be closed in order has been cut
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await driver.close()
        await self._calls.close()

    async def check(self) -> ServerState:
        """As the port says; the version of the schema is that of all our nodes there."""

        async def check() -> ServerState:
            async with self._checking:
                return await self._check("check")

        return await self._calls.run(check())

    async def read(self, statement: LiteralString, *, operation: str, **parameters: object) -> list[list[Any]]:
        """The rows of one statement that changes nothing, in one round trip.

        Cancelled, it comes to its end by itself, within the time limit.

        Args:
            operation: names the call in errors.

        Raises:
            BackendError: whatever `check` or the statement ran into.
            MemoryClosed: not open.
        """

        async def attempt() -> list[list[Any]]:
            async with self._session(READ_ACCESS) as session:
                result = await session.run(Query(statement, timeout=self._timeout_s), parameters)
                return await result.values()

        return await self._calls.run(self._repeated(attempt, operation=operation))

    async def write(self, work: Callable[[AsyncTransaction], Awaitable[T]], *, operation: str) -> T:
        """Runs work in one transaction that is committed at its end.

        Where another transaction was in the way, which it may say itself by a `BackendConflict`, or the connection or
        the answer to the commit was lost, it is run again: made twice, it must end in the same state.

        Raises:
            BackendError: whatever `check` or the work ran into.
            MemoryClosed: not open.
        """
        undertaking = Undertaking()

        async def attempt() -> T:
            undertaking.begun = False
            async with (
                self._session(WRITE_ACCESS) as session,
                await session.begin_transaction(timeout=self._timeout_s) as transaction,
            ):
                undertaking.begin()
                done = await work(transaction)
                await transaction.commit()
                return done

        return await self._calls.run(self._repeated(attempt, operation=operation), undertaking=undertaking)

    def _session(self, access: str) -> AsyncSession:
        if self._driver is None:
            raise MemoryClosed(f"{self.address} is not open: use `async with`")
        return self._driver.session(default_access_mode=access, **self._session_settings)

    async def _repeated(self, attempt: Callable[[], Awaitable[T]], *, operation: str) -> T:
        """What an attempt returns, within the time limit; once more on another connection where the first had died."""
        await self._ensure_checked(operation)
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + self._timeout_s
        pauses_s = iter(_PAUSES_S)
        reconnected = False
        with translating(operation, address=self.address):
            async with asyncio.timeout_at(deadline_s):
                while True:
                    try:
                        return await attempt()
                    except (*DriverError, BackendConflict) as error:
                        if connection_died(error) and not reconnected:
                            reconnected = True
                            continue
                        pause_s = next(pauses_s, _PAUSES_S[-1]) * random.uniform(1, 1.5)  # noqa: S311 - no secret
                        if not is_transient(error) or loop.time() + pause_s >= deadline_s:
                            raise
                        await asyncio.sleep(pause_s)

    async def _ensure_checked(self, operation: str) -> None:
        if self._state is None:
            async with self._checking:
                if self._state is None:
                    await self._check(operation)

    async def _check(self, operation: str) -> ServerState:
        now_s = asyncio.get_running_loop().time()
        failed = self._failure
        if failed is not None and now_s - self._failed_at_s < RETRY_CHECK_S:
            raise type(failed)(BACKEND, operation, failed.reason) from failed.__cause__
        try:
            with translating(operation, address=self.address):
                self._state = await self._checked_state(operation)
        except BackendError as error:
            self._failure, self._failed_at_s = error, asyncio.get_running_loop().time()
            raise
        self._failure = None
        return self._state

    async def _checked_state(self, operation: str) -> ServerState:
        async with asyncio.timeout(self._connect_timeout_s + self._timeout_s) as limit:
            async with self._session(WRITE_ACCESS) as session:
                try:
                    agent = await _agent(session)
                except DriverError as error:
                    if not connection_died(error):
                        raise
                    agent = await _agent(session)  # the server was restarted since the last check
                version = checked_version(agent, operation=operation, address=self.address)
                limit.reschedule(asyncio.get_running_loop().time() + SCHEMA_TIMEOUT_S)
                schema = await ensure_schema(session, operation=operation, address=self.address)
                if self._state is None:
                    await warm_up(session)
        return ServerState(version=version, schema=schema)


async def _agent(session: AsyncSession) -> str:
    result = await session.run(_PROBE)
    return (await result.consume()).server.agent


async def rows(
    transaction: AsyncTransaction, statement: LiteralString, parameters: Mapping[str, object]
) -> Sequence[Sequence[Any]]:
    """The rows of one statement of a transaction."""
    result = await transaction.run(statement, dict(parameters))
    return await result.values()
