"""Tiers that live as long as the process: for tests and for bots that may forget at a restart."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ...ports.conversation_archive import ConversationArchive
from ...ports.embedder import Embedder
from ...ports.lexical_index import LexicalIndex
from ...ports.outbox import Outbox
from ...ports.recent_cache import RecentCache
from ...ports.relationship_graph import RelationshipGraph
from ...ports.summary_index import SummaryIndex
from ..settings import Settings
from .resources import SharedResources


@asynccontextmanager
async def archive(settings: Settings, resources: SharedResources) -> AsyncIterator[tuple[ConversationArchive, Outbox]]:
    """The archive with its outbox."""
    from ...adapters.in_memory.conversation_archive import InMemoryConversationArchive
    from ...adapters.in_memory.import_runs import InMemoryImportRuns
    from ...adapters.in_memory.outbox import InMemoryOutbox

    store = resources.in_memory_store()
    resources.import_runs = InMemoryImportRuns(store=store)
    yield (
        InMemoryConversationArchive(store=store, session_gap=dt.timedelta(seconds=settings.sessions.gap_s)),
        InMemoryOutbox(store=store),
    )


@asynccontextmanager
async def cache(settings: Settings, resources: SharedResources) -> AsyncIterator[RecentCache]:
    """Tier 1."""
    from ...adapters.in_memory.recent_cache import InMemoryRecentCache

    yield InMemoryRecentCache(clock=resources.clock, size=settings.cache.size, ttl_s=settings.cache.ttl_s)


@asynccontextmanager
async def lexical(settings: Settings, _: SharedResources) -> AsyncIterator[LexicalIndex]:
    """The lexical index."""
    from ...adapters.in_memory.lexical_index import InMemoryLexicalIndex

    yield InMemoryLexicalIndex(session_gap=dt.timedelta(seconds=settings.sessions.gap_s))


@asynccontextmanager
async def summaries(_: Settings, __: SharedResources, ___: Embedder | None) -> AsyncIterator[SummaryIndex]:
    """Tier 3."""
    from ...adapters.in_memory.summary_index import InMemorySummaryIndex

    yield InMemorySummaryIndex()


@asynccontextmanager
async def graph(settings: Settings, _: SharedResources) -> AsyncIterator[RelationshipGraph]:
    """Tier 4."""
    from ...adapters.in_memory.relationship_graph import InMemoryRelationshipGraph

    yield InMemoryRelationshipGraph(session_gap=dt.timedelta(seconds=settings.sessions.gap_s))
