"""What several backends of one memory share."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from ...domain.errors import ConfigurationError
from ...ports.backend_server import BackendServer
from ...ports.clock import Clock
from ...ports.import_runs import ImportRuns
from ...ports.off_loop import OffLoop
from ..settings import Settings

if TYPE_CHECKING:
    from ...adapters.chroma.server import ChromaServer
    from ...adapters.in_memory.store import InMemoryStore
    from ...adapters.neo4j.server import Neo4jServer
    from ...adapters.postgres.database import PostgresDatabase
    from ...adapters.redis.server import RedisServer
    from ...adapters.sqlite.database import Database
    from ...adapters.user_arrays import UserArrays

_MEGABYTE = 1024 * 1024


class SharedResources:
    """Each is opened once, when the first backend asks for it, and closed after all of them.

    Args:
        stack: what it is entered on.

    Attributes:
        servers: the server behind each tier that has one, by the tier's name.
        import_runs: set by an archive that keeps them.
    """

    def __init__(self, *, settings: Settings, stack: AsyncExitStack, off_loop: OffLoop, clock: Clock) -> None:
        self.off_loop = off_loop
        self.clock = clock
        self._settings = settings
        self._stack = stack
        self.servers: dict[str, BackendServer] = {}
        self._database: Database | None = None
        self._redis: RedisServer | None = None
        self._postgres: PostgresDatabase | None = None
        self._chroma: ChromaServer | None = None
        self._neo4j: Neo4jServer | None = None
        self._arrays: UserArrays | None = None
        self._store: InMemoryStore | None = None
        self.import_runs: ImportRuns | None = None

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

    async def redis(self, *, tier: str) -> RedisServer:
        """The Redis server, as that of a tier."""
        if self._redis is None:
            server = _driver("redis", "server").RedisServer
            redis = self._settings.redis
            with section("redis"):
                opened: RedisServer = await self._stack.enter_async_context(
                    server(
                        url=redis.url,
                        key_prefix=redis.key_prefix,
                        pool_size=redis.pool_size,
                        timeout_s=redis.timeout_s,
                        ca_file=redis.ca_file,
                    )
                )
            self._redis = opened
        self.servers[tier] = self._redis
        return self._redis

    async def postgres(self, *, tier: str) -> PostgresDatabase:
        """The PostgreSQL database, as that of a tier."""
        if self._postgres is None:
            database = _driver("postgres", "database").PostgresDatabase
            postgres = self._settings.postgres
            with section("postgres"):
                opened: PostgresDatabase = await self._stack.enter_async_context(
                    database(
                        url=postgres.url,
                        schema=postgres.schema,
                        pool_size=postgres.pool_size,
                        timeout_s=postgres.timeout_s,
                        ca_file=postgres.ca_file,
                        allow_unsafe_commit=postgres.allow_unsafe_commit,
                    )
                )
            self._postgres = opened
        self.servers[tier] = self._postgres
        return self._postgres

    async def chroma(self, *, tier: str) -> ChromaServer:
        """The Chroma server, as that of a tier."""
        if self._chroma is None:
            server = _driver("chroma", "server").ChromaServer
            chroma = self._settings.chroma
            with section("chroma"):
                opened: ChromaServer = await self._stack.enter_async_context(
                    server(
                        url=chroma.url,
                        token=chroma.token,
                        tenant=chroma.tenant,
                        database=chroma.database,
                        timeout_s=chroma.timeout_s,
                        ca_file=chroma.ca_file,
                    )
                )
            self._chroma = opened
        self.servers[tier] = self._chroma
        return self._chroma

    async def neo4j(self, *, tier: str) -> Neo4jServer:
        """The Bolt server, as that of a tier."""
        if self._neo4j is None:
            server = _driver("neo4j", "server").Neo4jServer
            neo4j = self._settings.neo4j
            with section("neo4j"):
                opened: Neo4jServer = await self._stack.enter_async_context(
                    server(
                        url=neo4j.url,
                        user=neo4j.user,
                        password=neo4j.password,
                        database=neo4j.database,
                        pool_size=neo4j.pool_size,
                        timeout_s=neo4j.timeout_s,
                        ca_file=neo4j.ca_file,
                    )
                )
            self._neo4j = opened
        self.servers[tier] = self._neo4j
        return self._neo4j

    def user_arrays(self) -> UserArrays:
        """What the indexes keep in memory."""
        if self._arrays is None:
            from ...adapters.user_arrays import UserArrays

            self._arrays = UserArrays(max_bytes=self._settings.arrays.memory_mb * _MEGABYTE)
        return self._arrays

    def in_memory_store(self) -> InMemoryStore:
        """What the archive and the outbox in memory share."""
        if self._store is None:
            from ...adapters.in_memory.store import InMemoryStore

            self._store = InMemoryStore(clock=self.clock)
        return self._store


@contextlib.contextmanager
def section(name: str) -> Iterator[None]:
    """Lets a fault in a section of the settings say which section it is."""
    try:
        yield
    except ConfigurationError as error:
        raise ConfigurationError(f"settings of {name}: {error}") from error


def _driver(backend: str, module: str) -> Any:
    """A module of an adapter whose driver is an extra."""
    package = __name__.partition(".")[0]
    try:
        return importlib.import_module(f"{package}.adapters.{backend}.{module}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == package:
            raise
        raise ConfigurationError(
            f"backend {backend}: its driver is not installed ({error.name} is missing): pip install 'talktiers[{backend}]'"
        ) from error
