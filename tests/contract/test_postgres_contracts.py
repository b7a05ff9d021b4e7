import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from typing import ClassVar

import pytest

from talktiers.adapters.postgres.conversation_archive import PostgresConversationArchive
from talktiers.adapters.postgres.database import PostgresDatabase
from talktiers.adapters.postgres.import_runs import PostgresImportRuns
from talktiers.adapters.postgres.outbox import PostgresOutbox
from talktiers.ports.contracts.conversation_archive import ConversationArchiveContract
from talktiers.ports.contracts.import_runs import ImportRunsContract, RunsWithArchive
from talktiers.ports.contracts.outbox import OutboxContract
from talktiers.ports.contracts.stores import Stores, StoresContract

EMPTY = """
DELETE FROM users; DELETE FROM conversation_ids; DELETE FROM conversations; DELETE FROM outbox;
DELETE FROM dead_letters; DELETE FROM retrievals; DELETE FROM erasures; DELETE FROM fence;
DELETE FROM withdrawn;
DELETE FROM import_runs; DELETE FROM imported
"""


class PostgresSchema:
    """A schema for a suite."""

    url: ClassVar[str]
    schema: ClassVar[str]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def server(cls, postgres_url: str) -> Iterator[None]:
        """Creating tables takes longer than most tests: a suite makes them once, and empties them for each."""
        cls.url, cls.schema = postgres_url, f"{cls.__name__.lower()}_{os.getpid()}"
        yield
        asyncio.run(cls.drop())

    @classmethod
    def database(cls) -> PostgresDatabase:
        return PostgresDatabase(url=cls.url, schema=cls.schema)

    @classmethod
    async def drop(cls) -> None:
        async with cls.database() as opened, opened.connection(operation="test") as connection:
            await connection.execute(f'DROP SCHEMA "{cls.schema}" CASCADE')

    @contextlib.asynccontextmanager
    async def emptied(self) -> AsyncIterator[PostgresDatabase]:
        async with self.database() as opened:
            async with opened.connection(operation="test") as connection:
                await connection.execute(EMPTY)
            yield opened


class PostgresStores(PostgresSchema, StoresContract):
    @contextlib.asynccontextmanager
    async def make(self) -> AsyncIterator[Stores]:
        async with self.emptied() as opened:
            yield Stores(archive=PostgresConversationArchive(database=opened), outbox=PostgresOutbox(database=opened))


class TestPostgresImportRuns(PostgresSchema, ImportRunsContract):
    @contextlib.asynccontextmanager
    async def make(self) -> AsyncIterator[RunsWithArchive]:
        async with self.emptied() as opened:
            yield RunsWithArchive(
                runs=PostgresImportRuns(database=opened), archive=PostgresConversationArchive(database=opened)
            )


class TestPostgresConversationArchive(PostgresStores, ConversationArchiveContract):
    pass


class TestPostgresOutbox(PostgresStores, OutboxContract):
    pass
