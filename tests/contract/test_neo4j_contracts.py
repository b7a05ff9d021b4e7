import contextlib
import uuid
from collections.abc import AsyncIterator

import pytest

from talktiers.adapters.neo4j.relationship_graph import MAX_CONVERSATIONS, Neo4jRelationshipGraph
from talktiers.adapters.neo4j.server import Neo4jServer
from talktiers.ports.contracts.relationship_graph import RelationshipGraphContract


class TestNeo4jRelationshipGraph(RelationshipGraphContract):
    most_conversations = MAX_CONVERSATIONS

    @pytest.fixture(autouse=True)
    def server(self, neo4j_url: str, neo4j_auth: tuple[str, str]) -> None:
        self.url, (self.user, self.password) = neo4j_url, neo4j_auth

    @contextlib.asynccontextmanager
    async def make(self) -> AsyncIterator[Neo4jRelationshipGraph]:
        async with Neo4jServer(url=self.url, user=self.user, password=self.password, timeout_s=30) as server:
            yield Neo4jRelationshipGraph(server=server, namespace=uuid.uuid4().hex)
