import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from talktiers.adapters.sqlite.conversation_archive import SqliteConversationArchive
from talktiers.adapters.sqlite.database import Database
from talktiers.adapters.sqlite.import_runs import SqliteImportRuns
from talktiers.adapters.sqlite.lexical_index import SqliteLexicalIndex
from talktiers.adapters.sqlite.outbox import SqliteOutbox
from talktiers.adapters.sqlite.recent_cache import SqliteRecentCache
from talktiers.adapters.sqlite.relationship_graph import MAX_CONVERSATIONS, SqliteRelationshipGraph
from talktiers.adapters.sqlite.summary_index import SqliteSummaryIndex
from talktiers.ports.contracts.conversation_archive import ConversationArchiveContract
from talktiers.ports.contracts.import_runs import ImportRunsContract, RunsWithArchive
from talktiers.ports.contracts.lexical_index import LexicalIndexContract
from talktiers.ports.contracts.outbox import OutboxContract
from talktiers.ports.contracts.recent_cache import RecentCacheContract
from talktiers.ports.contracts.relationship_graph import RelationshipGraphContract
from talktiers.ports.contracts.stores import Stores, StoresContract
from talktiers.ports.contracts.summary_index import SummaryIndexContract

# Hundreds of files are made, and none has to survive a power cut: where the machine keeps files in memory, they go there.
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@contextlib.asynccontextmanager
async def database() -> AsyncIterator[Database]:
    """A file of its own, open."""
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        async with Database(Path(folder) / "memory.db", synchronous="NORMAL") as opened:
            yield opened


class SqliteStores(StoresContract):
    @contextlib.asynccontextmanager
    async def make(self) -> AsyncIterator[Stores]:
        async with database() as opened:
            yield Stores(archive=SqliteConversationArchive(database=opened), outbox=SqliteOutbox(database=opened))


class TestSqliteImportRuns(ImportRunsContract):
    @contextlib.asynccontextmanager
    async def make(self) -> AsyncIterator[RunsWithArchive]:
        async with database() as opened:
            yield RunsWithArchive(
                runs=SqliteImportRuns(database=opened), archive=SqliteConversationArchive(database=opened)
            )


class TestSqliteConversationArchive(SqliteStores, ConversationArchiveContract):
    pass


class TestSqliteOutbox(SqliteStores, OutboxContract):
    pass


class TestSqliteRecentCache(RecentCacheContract):
    @contextlib.asynccontextmanager
    async def make(self, *, ttl_s: float = 1800) -> AsyncIterator[SqliteRecentCache]:
        async with database() as opened:
            yield SqliteRecentCache(database=opened, ttl_s=ttl_s)


class TestSqliteLexicalIndex(LexicalIndexContract):
    @contextlib.asynccontextmanager
    async def make(self) -> AsyncIterator[SqliteLexicalIndex]:
        async with database() as opened:
            yield SqliteLexicalIndex(database=opened)


class TestSqliteSummaryIndex(SummaryIndexContract):
    @contextlib.asynccontextmanager
    async def make(self) -> AsyncIterator[SqliteSummaryIndex]:
        async with database() as opened:
            yield SqliteSummaryIndex(opened, fingerprint="test-1", dimensions=self.dimensions)


class TestSqliteRelationshipGraph(RelationshipGraphContract):
    most_conversations = MAX_CONVERSATIONS

    @contextlib.asynccontextmanager
    async def make(self) -> AsyncIterator[SqliteRelationshipGraph]:
        async with database() as opened:
            yield SqliteRelationshipGraph(opened)
