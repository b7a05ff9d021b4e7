"""Tiers in the one embedded file."""

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
    from ...adapters.sqlite.conversation_archive import SqliteConversationArchive
    from ...adapters.sqlite.import_runs import SqliteImportRuns
    from ...adapters.sqlite.outbox import SqliteOutbox

    database = await resources.database()
    resources.import_runs = SqliteImportRuns(database=database)
    yield (
        SqliteConversationArchive(database=database, session_gap=dt.timedelta(seconds=settings.sessions.gap_s)),
        SqliteOutbox(database=database),
    )


@asynccontextmanager
async def cache(settings: Settings, resources: SharedResources) -> AsyncIterator[RecentCache]:
    """Tier 1."""
    from ...adapters.sqlite.recent_cache import SqliteRecentCache

    yield SqliteRecentCache(database=await resources.database(), size=settings.cache.size, ttl_s=settings.cache.ttl_s)


@asynccontextmanager
async def lexical(settings: Settings, resources: SharedResources) -> AsyncIterator[LexicalIndex]:
    """The lexical index."""
    from ...adapters.sqlite.lexical_index import SqliteLexicalIndex

    yield SqliteLexicalIndex(
        database=await resources.database(),
        session_gap=dt.timedelta(seconds=settings.sessions.gap_s),
        arrays=resources.user_arrays(),
    )


@asynccontextmanager
async def summaries(_: Settings, resources: SharedResources, embedder: Embedder | None) -> AsyncIterator[SummaryIndex]:
    """Tier 3."""
    from ...adapters.sqlite.summary_index import SqliteSummaryIndex

    yield SqliteSummaryIndex(
        database=await resources.database(),
        fingerprint=None if embedder is None else embedder.fingerprint,
        dimensions=None if embedder is None else embedder.dimensions,
        arrays=resources.user_arrays(),
    )


@asynccontextmanager
async def graph(settings: Settings, resources: SharedResources) -> AsyncIterator[RelationshipGraph]:
    """Tier 4."""
    from ...adapters.sqlite.relationship_graph import SqliteRelationshipGraph

    yield SqliteRelationshipGraph(
        database=await resources.database(), session_gap=dt.timedelta(seconds=settings.sessions.gap_s)
    )
