"""The calls of the four servers that a context cannot do without, made by their drivers alone, on the memory's own rows.

What is compared with a context is these calls fired together, and then the rows of the best conversations by id.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import urlsplit

import asyncpg
import attrs
import chromadb
import numpy as np
import numpy.typing as npt
from chromadb.api.models.AsyncCollection import AsyncCollection
from chromadb.api.types import Embeddings
from chromadb.config import Settings as ChromaSettings
from four_servers import FourServers
from neo4j import AsyncGraphDatabase
from redis.asyncio import Redis

from talktiers import Settings
from talktiers.adapters.chroma.layout import Layout, owner_of
from talktiers.adapters.chroma.record_metadata import where_visible
from talktiers.adapters.postgres.conversation_rows import CONTENT_COLUMNS, content_of, signed_hash
from talktiers.adapters.redis.scripts import STATE
from talktiers.adapters.redis.window_keys import WindowKeys
from talktiers.application.tiers import Processors
from talktiers.benchmarks.conversations import Exchange
from talktiers.benchmarks.raw_sqlite import conversation_of
from talktiers.domain.document_run import term_key
from talktiers.domain.place import Scope
from talktiers.domain.projection import Projection
from talktiers.domain.recent_window import windows_for

RECENT = 20
NEAREST = 20
READ_BY_ID = 30
_TOPICS = 10

_POSTINGS = "SELECT term, block, data FROM lexical_postings WHERE user_no = $1 AND term = ANY($2::bigint[])"
_BY_ID = "SELECT * FROM conversations WHERE user_no = $1 AND conversation_id = ANY($2::uuid[])"
_USER_NO = "SELECT user_no FROM users WHERE tenant_id = 'default' AND user_id = $1"
_LEXICAL_USER_NO = "SELECT user_no FROM lexical_users WHERE tenant_id = 'default' AND user_id = $1"
_INSERT = f"""
WITH stored AS (
    INSERT INTO conversations (
        sequence, user_no, conversation_id, text_chars, compartment, compartment_hash, bot_hash, {CONTENT_COLUMNS}
    )
    VALUES (nextval('conversation_sequence'), $1, $2, $3, $4, $5, $6,
        $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
    RETURNING user_no, conversation_id, sequence
)
INSERT INTO outbox (kind, projection, user_no, conversation_id, sequence, epoch)
SELECT 'project', projection, user_no, conversation_id, sequence, 0 FROM stored CROSS JOIN unnest($24::text[]) AS projection
"""
_TOPIC_KEYS = """
MATCH (user:TalktiersUser {namespace: $namespace, user_id: $user})-[:INTERESTED_IN]->(topic:TalktiersTopic)
WHERE topic.label IN $labels
RETURN topic.key
"""
_RELATED = """
UNWIND $topics AS asked
MATCH (:TalktiersTopic {key: asked})<-[:DISCUSSES]-(conversation)-[:DISCUSSES]->(other)
WITH other, count(*) AS together, collect(conversation.conversation_id)[..2] AS witnesses
ORDER BY together DESC LIMIT $limit
RETURN other.label, together, witnesses
"""
_PROJECTIONS = [projection.value for projection in Projection]

Row = tuple[Any, ...]


@attrs.frozen(kw_only=True, eq=False)
class RawQuestion:
    """A question in the terms of the servers, made ready beforehand.

    Attributes:
        window: key of a list with the latest conversations.
        user_no, lexical_user_no: the user's numbers in the archive and in the lexical index.
        terms: keys of the question's terms.
        where: Chroma's filter for the user.
        topics: keys of the question's topics.
        ids: of the conversations that the question brings back.
    """

    user_id: str
    text: str
    window: str
    user_no: int
    lexical_user_no: int
    terms: Sequence[int]
    collection: AsyncCollection
    where: Mapping[str, Any]
    vector: npt.NDArray[np.float32]
    topics: Sequence[str]
    ids: Sequence[str]


class RawServers:
    """Plain clients of the four servers; an async context manager.

    Args:
        settings: of the memory on whose rows they work: as many connections to PostgreSQL are opened.
    """

    def __init__(self, servers: FourServers, settings: Settings) -> None:
        self._servers = servers
        self._settings = settings
        self._stack = AsyncExitStack()
        self._connections: asyncio.Queue[asyncpg.Connection] = asyncio.Queue()
        self._keys = WindowKeys(settings.redis.key_prefix)
        self._collections: dict[str, AsyncCollection] = {}
        self._users: dict[str, tuple[str, int, int]] = {}

    async def __aenter__(self) -> Self:
        servers, enter = self._servers, self._stack.enter_async_context
        self._redis = await enter(Redis.from_url(servers.redis_url))
        for _ in range(self._settings.postgres.pool_size):
            connection = await asyncpg.connect(
                servers.postgres_url, server_settings={"search_path": self._settings.postgres.schema}
            )
            self._stack.push_async_callback(connection.close)
            self._connections.put_nowait(connection)
        address = urlsplit(servers.chroma_url)
        headers = None if servers.chroma_token is None else {"Authorization": f"Bearer {servers.chroma_token}"}
        self._chroma = await chromadb.AsyncHttpClient(
            host=address.hostname or "",
            port=address.port or 80,
            headers=headers,
            settings=ChromaSettings(anonymized_telemetry=False),
        )
        self._neo4j = await enter(AsyncGraphDatabase.driver(servers.neo4j_url, auth=servers.neo4j_auth))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def question(self, processors: Processors, *, user_id: str, text: str, ids: Sequence[str]) -> RawQuestion:
        """What has to be asked for a question that brings back these conversations."""
        assert processors.embedder is not None
        window, user_no, lexical_user_no = await self._user(user_id)
        layout = Layout(
            prefix=self._settings.chroma.prefix,
            fingerprint=processors.embedder.fingerprint,
            dimensions=processors.embedder.dimensions,
            collections=self._settings.chroma.collections,
        )
        name = layout.generation.collection_of(owner_of(tenant_id="default", user_id=user_id))
        if name not in self._collections:
            self._collections[name] = await self._chroma.get_collection(name, embedding_function=None)
        labels = processors.topics.topics_of_query(text=text)
        namespace = self._settings.neo4j.namespace
        topics = await self._cypher(_TOPIC_KEYS, namespace=namespace, user=user_id, labels=labels)
        return RawQuestion(
            user_id=user_id,
            text=text,
            window=window,
            user_no=user_no,
            lexical_user_no=lexical_user_no,
            terms=[term_key(term) for term in dict.fromkeys(processors.analyser.analyse(text=text).terms)],
            collection=self._collections[name],
            where=where_visible(Scope(user_id=user_id), generation=layout.generation),
            vector=await processors.embedder.embed_query(text=text, weights={}),
            topics=[key for (key,) in topics],
            ids=ids,
        )

    async def _user(self, user_id: str) -> tuple[str, int, int]:
        """The key of a list of the user's latest conversations, which is made, and the user's numbers."""
        if user_id not in self._users:
            (key,) = windows_for(Scope(user_id=user_id))
            window, _ = self._keys.window_and_register(key)
            entries = await self._redis.hgetall(window)
            entries.pop(STATE, None)
            plain = f"{self._settings.redis.key_prefix}:raw:{user_id}"
            await self._redis.delete(plain)
            await self._redis.rpush(plain, *(entries[field] for field in sorted(entries)))
            async with self._connection() as connection:
                user_no = await connection.fetchval(_USER_NO, user_id)
                lexical_user_no = await connection.fetchval(_LEXICAL_USER_NO, user_id)
            self._users[user_id] = (plain, user_no, lexical_user_no)
        return self._users[user_id]

    async def together(self, question: RawQuestion) -> None:
        """All calls at once, then the rows of the conversations that they would bring back."""
        await asyncio.gather(*(call(question) for call in (self.recent, self.postings, self.nearest, self.related)))
        await self.by_id(question)

    @property
    def calls(self) -> Mapping[str, Callable[[RawQuestion], Coroutine[Any, Any, int]]]:
        """Each call by what it is."""
        return {
            f"LRANGE of {RECENT}": self.recent,
            "postings of the question's terms": self.postings,
            f"Chroma, nearest {NEAREST}": self.nearest,
            "Cypher from the question's topics": self.related,
            f"{READ_BY_ID} rows by id": self.by_id,
        }

    async def recent(self, question: RawQuestion) -> int:
        """The latest conversations; how many."""
        return len(await self._redis.lrange(question.window, 0, RECENT - 1))

    async def postings(self, question: RawQuestion) -> int:
        """The packed postings of the question's terms; how many blocks."""
        async with self._connection() as connection:
            return len(await connection.fetch(_POSTINGS, question.lexical_user_no, question.terms))

    async def nearest(self, question: RawQuestion) -> int:
        """The user's nearest summaries; how many."""
        found = await question.collection.query(
            query_embeddings=cast("Embeddings", [question.vector]),
            n_results=NEAREST,
            where=dict(question.where),
            include=["documents", "distances"],
        )
        return len(found["ids"][0])

    async def related(self, question: RawQuestion) -> int:
        """Topics that are discussed together with the question's; how many."""
        return len(await self._cypher(_RELATED, topics=question.topics, limit=_TOPICS))

    async def by_id(self, question: RawQuestion) -> int:
        """The rows of conversations; how many."""
        async with self._connection() as connection:
            return len(await connection.fetch(_BY_ID, question.user_no, question.ids))

    async def row(self, exchange: Exchange) -> Row:
        """What is inserted for an exchange of a user who is known, made ready beforehand."""
        conversation = conversation_of(exchange)
        compartment = conversation.place.compartment
        async with self._connection() as connection:
            user_no = await connection.fetchval(_USER_NO, exchange.user_id)
        return (
            user_no,
            conversation.conversation_id,
            conversation.text_chars,
            compartment,
            signed_hash(compartment),
            signed_hash(conversation.bot_id),
            *content_of(conversation),
            _PROJECTIONS,
        )

    async def insert(self, row: Row) -> None:
        """One statement, and so one commit: the conversation and an outbox row for every projection."""
        async with self._connection() as connection:
            await connection.execute(_INSERT, *row)

    async def _cypher(self, statement: Any, **parameters: object) -> list[list[Any]]:
        async with self._neo4j.session() as session:
            result = await session.run(statement, parameters)
            return await result.values()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await self._connections.get()
        try:
            yield connection
        finally:
            self._connections.put_nowait(connection)
