import contextlib
from collections.abc import AsyncIterator

from talktiers.adapters.in_memory.clock import ManualClock
from talktiers.adapters.in_memory.conversation_archive import InMemoryConversationArchive
from talktiers.adapters.in_memory.id_factory import CountingIdFactory
from talktiers.adapters.in_memory.import_runs import InMemoryImportRuns
from talktiers.adapters.in_memory.lexical_index import InMemoryLexicalIndex
from talktiers.adapters.in_memory.outbox import InMemoryOutbox
from talktiers.adapters.in_memory.recent_cache import InMemoryRecentCache
from talktiers.adapters.in_memory.relationship_graph import InMemoryRelationshipGraph
from talktiers.adapters.in_memory.store import InMemoryStore
from talktiers.adapters.in_memory.summary_index import InMemorySummaryIndex
from talktiers.ports.contracts.clock import ClockContract
from talktiers.ports.contracts.conversation_archive import ConversationArchiveContract
from talktiers.ports.contracts.id_factory import IdFactoryContract
from talktiers.ports.contracts.import_runs import ImportRunsContract, RunsWithArchive
from talktiers.ports.contracts.lexical_index import LexicalIndexContract
from talktiers.ports.contracts.outbox import OutboxContract
from talktiers.ports.contracts.recent_cache import RecentCacheContract
from talktiers.ports.contracts.relationship_graph import RelationshipGraphContract
from talktiers.ports.contracts.stores import Stores, StoresContract
from talktiers.ports.contracts.summary_index import SummaryIndexContract


class InMemoryStores(StoresContract):
    @contextlib.asynccontextmanager
    async def make(self) -> AsyncIterator[Stores]:
        self.clock = ManualClock()
        store = InMemoryStore(clock=self.clock)
        yield Stores(archive=InMemoryConversationArchive(store=store), outbox=InMemoryOutbox(store=store))

    async def let_pass(self, seconds: float) -> None:
        self.clock.advance(seconds)


class TestInMemoryConversationArchive(InMemoryStores, ConversationArchiveContract):
    pass


class TestInMemoryOutbox(InMemoryStores, OutboxContract):
    pass


class TestInMemoryImportRuns(ImportRunsContract):
    @contextlib.asynccontextmanager
    async def make(self) -> AsyncIterator[RunsWithArchive]:
        store = InMemoryStore(clock=ManualClock())
        yield RunsWithArchive(runs=InMemoryImportRuns(store=store), archive=InMemoryConversationArchive(store=store))


class TestInMemoryRecentCache(RecentCacheContract):
    @contextlib.asynccontextmanager
    async def make(self, *, ttl_s: float = 1800) -> AsyncIterator[InMemoryRecentCache]:
        self.clock = ManualClock()
        yield InMemoryRecentCache(clock=self.clock, ttl_s=ttl_s)

    async def let_pass(self, seconds: float) -> None:
        self.clock.advance(seconds)


class TestInMemoryLexicalIndex(LexicalIndexContract):
    @contextlib.asynccontextmanager
    async def make(self) -> AsyncIterator[InMemoryLexicalIndex]:
        yield InMemoryLexicalIndex()


class TestInMemorySummaryIndex(SummaryIndexContract):
    @contextlib.asynccontextmanager
    async def make(self) -> AsyncIterator[InMemorySummaryIndex]:
        yield InMemorySummaryIndex()


class TestInMemoryRelationshipGraph(RelationshipGraphContract):
    @contextlib.asynccontextmanager
    async def make(self) -> AsyncIterator[InMemoryRelationshipGraph]:
        yield InMemoryRelationshipGraph()


class TestManualClock(ClockContract):
    def make(self) -> ManualClock:
        return ManualClock()


class TestCountingIdFactory(IdFactoryContract):
    def make(self) -> CountingIdFactory:
        return CountingIdFactory()
