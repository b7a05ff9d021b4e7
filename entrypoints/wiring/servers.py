"""Tiers on servers of their own. Nothing is connected yet when one is opened."""

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
from .resources import SharedResources, section


@asynccontextmanager
async def postgres_archive(
    settings: Settings, resources: SharedResources
) -> AsyncIterator[tuple[ConversationArchive, Outbox]]:
    """The archive with its outbox on PostgreSQL."""
    database = await resources.postgres(tier="archive")
    from ...adapters.postgres.conversation_archive import PostgresConversationArchive
    from ...adapters.postgres.import_runs import PostgresImportRuns
    from ...adapters.postgres.outbox import PostgresOutbox

    resources.import_runs = PostgresImportRuns(database=database)
    yield (
        PostgresConversationArchive(database=database, session_gap=dt.timedelta(seconds=settings.sessions.gap_s)),
        PostgresOutbox(database=database),
    )


@asynccontextmanager
async def postgres_lexical(settings: Settings, resources: SharedResources) -> AsyncIterator[LexicalIndex]:
    """The lexical index on PostgreSQL."""
    database = await resources.postgres(tier="lexical")
    from ...adapters.postgres.lexical_index import PostgresLexicalIndex

    yield PostgresLexicalIndex(
        database=database,
        arrays=resources.user_arrays(),
        session_gap=dt.timedelta(seconds=settings.sessions.gap_s),
    )


@asynccontextmanager
async def redis_cache(settings: Settings, resources: SharedResources) -> AsyncIterator[RecentCache]:
    """Tier 1 on Redis."""
    server = await resources.redis(tier="cache")
    from ...adapters.redis.recent_cache import RedisRecentCache

    yield RedisRecentCache(server=server, size=settings.cache.size, ttl_s=settings.cache.ttl_s)


@asynccontextmanager
async def chroma_summaries(
    settings: Settings, resources: SharedResources, embedder: Embedder | None
) -> AsyncIterator[SummaryIndex]:
    """Tier 3 on Chroma."""
    server = await resources.chroma(tier="summaries")
    from ...adapters.chroma.summary_index import ChromaSummaryIndex

    with section("chroma"):
        index = ChromaSummaryIndex(
            server=server,
            fingerprint=None if embedder is None else embedder.fingerprint,
            dimensions=None if embedder is None else embedder.dimensions,
            collections=settings.chroma.collections,
            prefix=settings.chroma.prefix,
            store_text=settings.chroma.store_text,
        )
    yield index


@asynccontextmanager
async def neo4j_graph(settings: Settings, resources: SharedResources) -> AsyncIterator[RelationshipGraph]:
    """Tier 4 on a Bolt server."""
    server = await resources.neo4j(tier="graph")
    from ...adapters.neo4j.relationship_graph import Neo4jRelationshipGraph

    yield Neo4jRelationshipGraph(
        server=server,
        session_gap=dt.timedelta(seconds=settings.sessions.gap_s),
        arrays=resources.user_arrays(),
        namespace=settings.neo4j.namespace,
    )
