"""A Redis server: the connections to it, the limits on them, and its check-up."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias

from redis import exceptions as driver
from redis.asyncio.connection import AbstractConnection, BlockingConnectionPool, Connection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ...domain.errors import BackendError, BackendMisconfigured, ConfigurationError, MemoryClosed
from ...domain.recent_window import WindowKey
from ...ports.backend_server import BackendServer, ServerState
from .errors import BACKEND, pool_exhausted, raise_translated, translation, wrong_type
from .scripts import ALL, DROP, MERGE
from .server_url import ServerUrl
from .tls import TlsConnection, verifying_context
from .window_keys import WindowKeys, checked_prefix

Command: TypeAlias = tuple[bytes | str | int, ...]
Reply: TypeAlias = Any
"""As redis-py gives it: bytes, int, a list of replies, or ``None``."""

OLDEST_VERSION = (6, 2)
"""The oldest series that its makers still mended when this was written. Access control lists and HELLO came with 6.0."""

_POOL_WAIT_S = 0.25
"""For a free connection. A round trip takes less than a millisecond: whoever waits that long had better do without."""
_IDLE_BEFORE_PING_S = 30
"""A connection that was idle that long is tried before it is used: a firewall may have dropped it without a word."""
_FAILURE_STANDS_S = 1.0
"""For so long a failed check-up is not tried again."""
_LAST_CALLS_S = 0.5
"""For calls that are under way when the server is closed; then they end as timed out."""
_CLOSING_S = 1.0
_SECOND_MS = 1000

_LOADING: tuple[Command, ...] = tuple(("SCRIPT", "LOAD", script.text) for script in ALL)
_NOBODYS = WindowKey(tenant_id="", user_id="", bot_id=None, compartment=None)
"""No user's id is empty."""
_VERSION = re.compile(r"(\d+)\.(\d+)[\d.]*")


class RedisServer(BackendServer):
    """Connections that are opened when they are needed, and an async context manager that closes them.

    Args:
        url: ``redis://[[user]:password@]host[:port][/database]``; ``rediss://``: over TLS, the certificate verified.
        key_prefix: of all keys; two memories on one server need two.
        pool_size: how many connections there are at most.
        timeout_s: of one round trip, connecting included.
        connect_timeout_s: of opening one connection.
        ca_file: certificates of the authorities to trust instead of the system's, PEM; only with ``rediss://``.

    Raises:
        ConfigurationError: a malformed url or prefix, or a ca_file without TLS; at entering, one that cannot be used.
    """

    backend = BACKEND

    def __init__(
        self,
        *,
        url: str,
        key_prefix: str = "talktiers",
        pool_size: int = 16,
        timeout_s: float = 1.0,
        connect_timeout_s: float = 1.0,
        ca_file: str | None = None,
    ) -> None:
        self._url = ServerUrl.parse(url)
        self.address = self._url.address
        self.keys = WindowKeys(checked_prefix(key_prefix))
        if ca_file is not None and not self._url.tls:
            raise ConfigurationError("ca_file is for TLS alone; write rediss:// in url, or leave ca_file out")
        self._ca_file = ca_file
        self._pool_size = pool_size
        self._timeout_s = timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._pool: BlockingConnectionPool | None = None
        self._state: ServerState | None = None
        self._failure: BackendError | None = None
        self._failure_stands_until = 0.0
        self._running: set[asyncio.Timeout] = set()

    async def __aenter__(self) -> Self:
        self._state = self._failure = None
        # Of this loop: what redis-py opens cannot be used on another.
        self._pool = await self._new_pool()
        self._checking = asyncio.Lock()
        self._idle = asyncio.Event()
        self._idle.set()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        soon = asyncio.get_running_loop().time() + _LAST_CALLS_S
        for limit in self._running:
            if not limit.expired():
                limit.reschedule(min(soon, limit.when() or soon))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_CALLS_S + _CLOSING_S):
                await self._idle.wait()
        # A peer that does not answer need not hear of it: our end is closed all the same.
        with contextlib.suppress(TimeoutError, driver.RedisError, OSError):
            async with asyncio.timeout(_CLOSING_S):
                await pool.disconnect()

    async def check(self) -> ServerState:
        """Connects, signs in, and tries the version and what the tier will do; loads its scripts."""
        self._opened()
        async with self._checking:
            return await self._verify("check")

    async def run(
        self, operation: str, commands: Sequence[Command], *, wrong_type_is_none: bool = False
    ) -> list[Reply]:
        """The replies to commands that may be run twice, in their order, in one round trip.

        Args:
            operation: what they are for, for errors.
            wrong_type_is_none: a key that holds another type than its command is for gives ``None``.

        Raises:
            MemoryClosed: not open.
            BackendError: what went wrong, with one of the commands or before.
        """
        self._opened()
        if self._state is None:
            await self._check_first(operation)
        replies = await self._round_trip(operation, commands, limit_s=self._timeout_s)
        if any(isinstance(reply, driver.NoScriptError) for reply in replies):
            # The server was started anew, or somebody flushed its scripts.
            reloaded = await self._round_trip(operation, [*_LOADING, *commands], limit_s=self._timeout_s)
            replies = reloaded[len(_LOADING) :]
        for at, reply in enumerate(replies):
            if isinstance(reply, driver.RedisError):
                if not (wrong_type_is_none and wrong_type(reply)):
                    raise_translated(reply, operation=operation, address=self.address)
                replies[at] = None
        return replies

    async def _check_first(self, operation: str) -> None:
        """One check-up for all who wait for it; one that failed a moment ago has failed for them too."""
        async with self._checking:
            if self._state is not None:
                return
            if self._failure is not None and asyncio.get_running_loop().time() < self._failure_stands_until:
                failure = self._failure
                raise type(failure)(BACKEND, operation, failure.reason) from failure.__cause__
            await self._verify(operation)

    async def _verify(self, operation: str) -> ServerState:
        self._state = self._failure = None
        try:
            self._state = await self._tried(operation)
        except BackendError as error:
            self._failure = error
            self._failure_stands_until = asyncio.get_running_loop().time() + _FAILURE_STANDS_S
            raise
        return self._state

    async def _tried(self, operation: str) -> ServerState:
        window, register = self.keys.window_and_register(_NOBODYS)
        # What nobody's window takes, anybody's will: a user without the right to write, a replica and a full server are
        # found out here, and not by the first store.
        probe: tuple[Command, ...] = (
            ("EVALSHA", MERGE.sha, 2, window, register, 0, 0, 1, _SECOND_MS),
            ("EVALSHA", DROP.sha, 2, window, register),
        )
        limit_s = self._connect_timeout_s + self._timeout_s
        hello, *others = await self._round_trip(operation, [("HELLO",), *_LOADING, *probe], limit_s=limit_s)
        version = _version(hello)
        if version is None or tuple(map(int, version.split(".")[:2])) < OLDEST_VERSION:
            oldest = ".".join(map(str, OLDEST_VERSION))
            found = "is too old to tell its version" if version is None else f"is version {version}"
            raise BackendMisconfigured(
                BACKEND, operation, f"{self.address} {found}; install Redis {oldest} or newer, or name another server"
            )
        for reply in others:
            if isinstance(reply, driver.RedisError):
                raise_translated(reply, operation=operation, address=self.address)
        return ServerState(version=version)

    async def _round_trip(self, operation: str, commands: Sequence[Command], *, limit_s: float) -> list[Reply]:
        """The replies, errors among them, within the limit."""
        pool = self._opened()
        limit = asyncio.timeout(limit_s)
        self._running.add(limit)
        self._idle.clear()
        try:
            with translation(operation=operation, address=self.address):
                async with limit:
                    try:
                        return await _exchange(pool, commands)
                    except driver.ConnectionError as error:
                        if type(error) is not driver.ConnectionError or pool_exhausted(error):
                            raise
                    # Broken while it was in use, as by a server that was started anew. Whether the commands were run
                    # is unknown, and no matter: all of ours may be run twice.
                    return await _exchange(pool, commands)
        finally:
            self._running.discard(limit)
            if not self._running:
                self._idle.set()

    def _opened(self) -> BlockingConnectionPool:
        if self._pool is None:
            raise MemoryClosed(f"{self.address} is not open: use `async with`")
        return self._pool

    async def _new_pool(self) -> BlockingConnectionPool:
        url = self._url
        tls: dict[str, Any] = {"context": await asyncio.to_thread(verifying_context, self._ca_file)} if url.tls else {}
        return BlockingConnectionPool(
            connection_class=TlsConnection if url.tls else Connection,
            max_connections=self._pool_size,
            timeout=min(_POOL_WAIT_S, self._timeout_s),
            host=url.host,
            port=url.port,
            db=url.database,
            username=url.username,
            password=url.password,
            # A round trip has its limit here. redis-py's own sends in a task of its own, by `asyncio.wait_for`, which on
            # Python 3.11 may swallow the cancellation of its caller.
            socket_timeout=None,
            socket_connect_timeout=self._connect_timeout_s,
            # What may be tried again, and how often, is decided here and not by the driver.
            retry=Retry(NoBackoff(), 0),
            health_check_interval=_IDLE_BEFORE_PING_S,
            # With version 3 of the protocol redis-py asks every new connection for notices that we do not need.
            protocol=2,
            **tls,
        )


async def _exchange(pool: BlockingConnectionPool, commands: Sequence[Command]) -> list[Reply]:
    """All commands in one packet, then all replies.

    Not by a pipeline of redis-py's, which writes the commands, and with them what people said, into the errors.
    """
    connection: AbstractConnection = await pool.get_connection()  # type: ignore[no-untyped-call]
    try:
        await connection.send_packed_command(connection.pack_commands(commands))
        return [await _reply(connection) for _ in commands]
    finally:
        await pool.release(connection)


async def _reply(connection: AbstractConnection) -> Reply:
    try:
        return await connection.read_response()
    except driver.ResponseError as error:
        return error


def _version(hello: Reply) -> str | None:
    """The version of a reply to HELLO: names and values by turns, or an error of a server that does not know it."""
    if not isinstance(hello, list):
        return None
    version = dict(zip(hello[::2], hello[1::2], strict=False)).get(b"version", b"")
    found = _VERSION.match(version.decode("ascii", "replace"))
    return None if found is None else found[0]
