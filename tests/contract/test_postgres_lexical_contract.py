import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from typing import ClassVar

import pytest

from talktiers.adapters.postgres.database import PostgresDatabase
from talktiers.adapters.postgres.lexical_index import PostgresLexicalIndex
from talktiers.adapters.postgres.lexical_writing import MAX_UNPACKED_BYTES
from talktiers.adapters.user_arrays import UserArrays
from talktiers.ports.contracts.lexical_index import LexicalIndexContract

pytestmark = pytest.mark.server

EMPTY = """
DELETE FROM lexical_users; DELETE FROM lexical_documents; DELETE FROM lexical_features; DELETE FROM lexical_postings;
DELETE FROM lexical_words
"""


class PostgresLexicalIndexes(LexicalIndexContract):
    max_unpacked_bytes: int

    url: ClassVar[str]
    made: ClassVar[int]
    free: ClassVar[list[str]]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def server(cls, postgres_url: str) -> Iterator[None]:
        """Creating tables takes longer than most tests: those of one are emptied and used by the next."""
        cls.url, cls.made, cls.free = postgres_url, 0, []
        yield
        asyncio.run(cls.drop())

    @classmethod
    async def drop(cls) -> None:
        for schema in cls.free:
            async with cls.database(schema) as opened, opened.connection(operation="test") as connection:
                await connection.execute(f'DROP SCHEMA "{schema}" CASCADE')

    @classmethod
    def database(cls, schema: str) -> PostgresDatabase:
        return PostgresDatabase(url=cls.url, schema=schema, allow_unsafe_commit=True)

    @contextlib.asynccontextmanager
    async def make(self) -> AsyncIterator[PostgresLexicalIndex]:
        cls = type(self)
        if not cls.free:
            cls.made += 1
            cls.free.append(f"{cls.__name__.lower()}_{os.getpid()}_{cls.made}")
        schema = cls.free.pop()
        try:
            async with cls.database(schema) as opened:
                async with opened.connection(operation="test") as connection:
                    await connection.execute(EMPTY)
                yield PostgresLexicalIndex(
                    database=opened, arrays=UserArrays(), max_unpacked_bytes=self.max_unpacked_bytes
                )
        finally:
            cls.free.append(schema)


class TestPostgresLexicalIndex(PostgresLexicalIndexes):
    max_unpacked_bytes = MAX_UNPACKED_BYTES


class TestPostgresLexicalIndexPacked(PostgresLexicalIndexes):
    """As it is for a user with many conversations: most are in blocks, which grow, and some are not yet."""

    max_unpacked_bytes = 300
