"""One memory's own part of the four test servers: its settings, and what lies there, read past the memory."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import attrs

BACKENDS: Mapping[str, str] = {
    "archive": "postgres",
    "cache": "redis",
    "lexical": "postgres",
    "summaries": "chroma",
    "graph": "neo4j",
}
CHROMA_COLLECTIONS = "/api/v2/tenants/default_tenant/databases/default_database/collections"
_NODES = """
MATCH (user:TalktiersUser|TalktiersForgottenUser) WHERE user.namespace STARTS WITH $name
OPTIONAL MATCH (user)-[:WAS_IN|INTERESTED_IN|KNOWS_OF]->(node)
OPTIONAL MATCH (node)<-[:HELD_IN]-(conversation)
"""


@attrs.frozen(kw_only=True)
class FourServers:
    """The servers, and a name that nobody else uses there.

    Attributes:
        name: letters, digits and underscores; names that begin with it count as part of it.
    """

    name: str
    redis_url: str = attrs.field(repr=False)
    postgres_url: str = attrs.field(repr=False)
    chroma_url: str
    chroma_token: str | None = attrs.field(repr=False)
    neo4j_url: str
    neo4j_auth: tuple[str, str] = attrs.field(repr=False)

    def part(self, suffix: str) -> FourServers:
        """The own part of another memory."""
        return attrs.evolve(self, name=f"{self.name}_{suffix}")

    def settings(self, **sections: Mapping[str, object]) -> dict[str, dict[str, object]]:
        """Settings of a memory on all four.

        Args:
            **sections: what is different, by section.
        """
        user, password = self.neo4j_auth
        settings: dict[str, dict[str, object]] = {tier: {"backend": backend} for tier, backend in BACKENDS.items()}
        settings["redis"] = {"url": self.redis_url, "key_prefix": self.name}
        settings["postgres"] = {"url": self.postgres_url, "schema": self.name}
        settings["chroma"] = {"url": self.chroma_url, "prefix": self.name}
        if self.chroma_token is not None:
            settings["chroma"]["token"] = self.chroma_token
        settings["neo4j"] = {"url": self.neo4j_url, "user": user, "password": password, "namespace": self.name}
        for section, values in sections.items():
            settings.setdefault(section, {}).update(values)
        return settings

    @property
    def secrets(self) -> set[str]:
        """What no message may hold."""
        from urllib.parse import urlsplit

        found = {urlsplit(url).password for url in (self.redis_url, self.postgres_url)}
        return {secret for secret in (*found, self.neo4j_auth[1], self.chroma_token) if secret}

    async def texts(self) -> dict[str, str]:
        """Everything that lies there under the name, as text, by server."""
        return {
            "redis": await self._redis_text(),
            "postgres": await self._postgres_text(),
            "chroma": await self._chroma_text(),
            "neo4j": await self._neo4j_text(),
        }

    async def erase(self) -> None:
        """Removes all of it."""
        async with self._redis() as redis:
            if keys := [key async for key in redis.scan_iter(f"{self.name}*", count=1000)]:
                await redis.unlink(*keys)
        async with self._postgres() as postgres:
            for schema in await self._schemas(postgres):
                await postgres.execute(f'DROP SCHEMA "{schema}" CASCADE')
        async with self._chroma() as chroma:
            for collection in await self._collections(chroma):
                (await chroma.delete(f"{CHROMA_COLLECTIONS}/{collection['name']}")).raise_for_status()
        async with self._neo4j() as neo4j:
            await neo4j.execute_query(f"{_NODES} DETACH DELETE conversation, node, user", name=self.name)

    async def _redis_text(self) -> str:
        async with self._redis() as redis:
            found = []
            async for key in redis.scan_iter(f"{self.name}*", count=1000):
                is_window = await redis.type(key) == b"hash"
                found.append((key, await (redis.hgetall(key) if is_window else redis.zrange(key, 0, -1))))
        return repr(found) if found else ""

    async def _postgres_text(self) -> str:
        lines = []
        async with self._postgres() as postgres:
            for schema in await self._schemas(postgres):
                tables = await postgres.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema)
                for (table,) in tables:
                    held = await postgres.fetch(f'SELECT row::text FROM "{schema}"."{table}" row')
                    lines += [f"{table}: {row}" for (row,) in held]
        return "\n".join(lines)

    async def _chroma_text(self) -> str:
        found = []
        async with self._chroma() as chroma:
            for collection in await self._collections(chroma):
                asked = {"include": ["documents", "metadatas"]}
                answer = await chroma.post(f"{CHROMA_COLLECTIONS}/{collection['id']}/get", json=asked)
                found += list(zip(*(answer.json()[key] for key in ("ids", "documents", "metadatas")), strict=True))
        return repr(found) if found else ""

    async def _neo4j_text(self) -> str:
        async with self._neo4j() as neo4j:
            statement = f"""
                {_NODES}
                UNWIND [user, node, conversation] AS found
                WITH DISTINCT found WHERE found IS NOT NULL
                OPTIONAL MATCH (found)-[edge]->()
                RETURN properties(found), collect(properties(edge))
            """
            records, _, _ = await neo4j.execute_query(statement, name=self.name)
        return "\n".join(repr(record.values()) for record in records)

    async def _schemas(self, postgres: Any) -> list[str]:
        found = await postgres.fetch("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, $1)", self.name)
        return [name for (name,) in found]

    async def _collections(self, chroma: Any) -> list[dict[str, str]]:
        listed = (await chroma.get(CHROMA_COLLECTIONS, params={"limit": 10_000})).raise_for_status().json()
        return [collection for collection in listed if collection["name"].startswith(self.name)]

    @contextlib.asynccontextmanager
    async def _redis(self) -> AsyncIterator[Any]:
        from redis.asyncio import Redis

        async with Redis.from_url(self.redis_url) as client:
            yield client

    @contextlib.asynccontextmanager
    async def _postgres(self) -> AsyncIterator[Any]:
        import asyncpg

        connection = await asyncpg.connect(self.postgres_url)
        try:
            yield connection
        finally:
            await connection.close()

    @contextlib.asynccontextmanager
    async def _chroma(self) -> AsyncIterator[Any]:
        import httpx

        headers = {} if self.chroma_token is None else {"Authorization": f"Bearer {self.chroma_token}"}
        async with httpx.AsyncClient(base_url=self.chroma_url, headers=headers, timeout=30) as client:
            yield client

    @contextlib.asynccontextmanager
    async def _neo4j(self) -> AsyncIterator[Any]:
        from neo4j import AsyncGraphDatabase

        async with AsyncGraphDatabase.driver(self.neo4j_url, auth=self.neo4j_auth) as driver:
            yield driver
