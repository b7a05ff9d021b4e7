"""The graph on a real Neo4j: it answers as the model does, holds no more than it should, and shares nothing."""

import asyncio
import contextlib
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neo4j import AsyncTransaction

from talktiers.adapters.in_memory.relationship_graph import InMemoryRelationshipGraph
from talktiers.adapters.neo4j import relationship_graph
from talktiers.adapters.neo4j.relationship_graph import MAX_CONVERSATIONS, Neo4jRelationshipGraph
from talktiers.adapters.neo4j.server import Neo4jServer, rows
from talktiers.domain.conversation import Conversation
from talktiers.domain.derived import Entity, RelatedTopic, Relation
from talktiers.domain.errors import BackendCorruption
from talktiers.domain.place import Place, Scope
from talktiers.ports.contracts import examples
from talktiers.ports.contracts.strategies import USERS, WORDS, histories, scopes
from talktiers.ports.relationship_graph import GraphRecord, RelationshipGraph

ANA = examples.scope()
WHOM = {"tenant_id": "default", "user_id": "ana"}

CONTENT = """
MATCH (user:TalktiersUser|TalktiersForgottenUser {namespace: $namespace})
OPTIONAL MATCH (user)-->(near)
OPTIONAL MATCH (near)<-[:HELD_IN]-(conversation)
UNWIND [user, near, conversation] AS node
WITH DISTINCT node WHERE node IS NOT NULL
OPTIONAL MATCH (node)-[edge]->()
WITH node, collect(type(edge)) AS edges
RETURN coalesce(node.label, node.compartment, node.conversation_id, node.user_id), edges
"""
OF_USER_NODES = """
MATCH (node) WHERE node.key STARTS WITH $id OR node.key = $key RETURN count(node)
"""


@pytest.fixture
async def server(neo4j_url: str, neo4j_auth: tuple[str, str]) -> AsyncIterator[Neo4jServer]:
    user, password = neo4j_auth
    async with Neo4jServer(url=neo4j_url, user=user, password=password, timeout_s=30) as opened:
        yield opened


@pytest.fixture
def namespace() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def graph(server: Neo4jServer, namespace: str) -> Neo4jRelationshipGraph:
    return Neo4jRelationshipGraph(server=server, namespace=namespace)


def record(
    number: int,
    *topics: str,
    entities: tuple[str, ...] = (),
    minute: float | None = None,
    user_id: str = "ana",
    place: Place = examples.DIRECT,
) -> GraphRecord:
    """A conversation in a sitting of its own, unless ``minute`` says otherwise."""
    item = examples.stored(number, minute=60 * number if minute is None else minute, user_id=user_id, place=place)
    return examples.graph_record(item, topics=topics, entities=entities)


def relating(item: GraphRecord, *relations: tuple[str, str, str]) -> GraphRecord:
    said = tuple(Relation(source=source, kind=kind, target=target) for source, kind, target in relations)
    return attrs.evolve(item, extraction=attrs.evolve(item.extraction, relations=said))


def told(topics: list[RelatedTopic]) -> list[tuple[str, object, tuple[str, ...]]]:
    """In their order, with as many conversations as this adapter names; sums in another order differ a little."""
    return [
        (topic.label, pytest.approx(topic.strength, abs=2e-9), topic.conversation_ids[:MAX_CONVERSATIONS])
        for topic in topics
    ]


async def strengths(graph: RelationshipGraph, *asked: str) -> dict[str, float]:
    return {topic.label: topic.strength for topic in await graph.related_topics(scope=ANA, labels=asked, limit=99)}


async def content(server: Neo4jServer, namespace: str) -> list[tuple[str, list[str]]]:
    """Every node of a namespace by what it says, with the types of the edges that leave it."""
    found = await server.read(CONTENT, operation="test", namespace=namespace)
    return sorted((name, sorted(edges)) for name, edges in found)


@pytest.mark.server
@settings(max_examples=12)
@given(
    history=histories(max_size=20),
    reader=scopes(),
    sizes=st.lists(st.integers(1, 8), max_size=4),
    forgotten=st.sets(st.integers(1, 20), max_size=5),
    page=st.sampled_from([1, 3, 2000]),
)
def test_it_answers_as_the_model_does_and_as_if_only_what_it_holds_had_ever_been_added(
    neo4j_url: str,
    neo4j_auth: tuple[str, str],
    history: list[Conversation],
    reader: Scope,
    sizes: list[int],
    forgotten: set[int],
    page: int,
) -> None:
    records = [
        relating(
            examples.graph_record(
                item,
                topics=sorted(set(item.user_message.split())),
                entities=["Porto"] if "porto" in item.user_message else ["RAIN", "Anna"],
            ),
            ("porto", "is_in", "portugal"),
        )
        for item in history
    ]
    gone = [examples.conversation_id(number) for number in forgotten]

    async def answers(graph: RelationshipGraph) -> list[object]:
        return [
            told(await graph.related_topics(scope=reader, labels=WORDS[:2], limit=99)),
            told(await graph.interests(scope=reader, limit=99)),
            {entity.name for entity in await graph.entities(scope=reader, limit=99)},
            [await graph.followed_by(scope=reader, conversation_id=item.conversation_id, limit=3) for item in history],
        ]

    async def compare() -> None:
        user, password = neo4j_auth
        async with Neo4jServer(url=neo4j_url, user=user, password=password, timeout_s=30) as server:
            names = [uuid.uuid4().hex for _ in range(2)]
            graph, anew = (Neo4jRelationshipGraph(server=server, namespace=name) for name in names)
            model = InMemoryRelationshipGraph()
            start = 0
            for size in [*sizes, len(records)]:
                batch = records[start : start + size]
                start += len(batch)
                for tier in (graph, model):
                    await tier.add(records=batch)
                    for tenant_id in ("default", "acme"):
                        await tier.forget_conversations(
                            tenant_id=tenant_id, user_id=USERS[0], conversation_ids=gone[:size]
                        )
                assert await answers(graph) == await answers(model)
            held = [
                item
                for item in records
                if item.key.conversation_id
                in await model.conversation_ids(tenant_id=item.key.tenant_id, user_id=item.key.user_id)
            ]
            await anew.add(records=held)
            assert await answers(Neo4jRelationshipGraph(server=server, namespace=names[0])) == await answers(model)
            assert await content(server, names[0]) == await content(server, names[1])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(relationship_graph, "_READ_AT_ONCE", page)
        patch.setattr(relationship_graph, "_ADDED_AT_ONCE", 5)
        asyncio.run(compare())


async def test_everything_is_a_node_or_an_edge_of_its_user(
    server: Neo4jServer, graph: Neo4jRelationshipGraph, namespace: str
) -> None:
    one = record(1, "guitar", entities=("Porto",), minute=1)
    await graph.add(records=[relating(one, ("Ana", "moved_to", "Porto")), record(2, "guitar", minute=2)])
    first, second = (examples.conversation_id(number) for number in (1, 2))
    assert await content(server, namespace) == sorted(
        [
            ("ana", ["TALKTIERS_RELATES_TO"]),  # the entity
            ("ana", ["INTERESTED_IN", "KNOWS_OF", "KNOWS_OF", "WAS_IN"]),  # the user
            ("direct", []),
            ("guitar", []),
            ("porto", []),
            (first, ["DISCUSSES", "FOLLOWED_BY", "HELD_IN", "MENTIONS"]),
            (second, ["DISCUSSES", "HELD_IN"]),
        ]
    )


async def test_topics_of_two_users_are_different_nodes(
    server: Neo4jServer, graph: Neo4jRelationshipGraph, namespace: str
) -> None:
    await graph.add(records=[record(1, "guitar"), record(2, "guitar", user_id="bo")])
    assert [name for name, _ in await content(server, namespace)].count("guitar") == 2


async def test_a_forgotten_user_leaves_no_node(
    server: Neo4jServer, graph: Neo4jRelationshipGraph, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relationship_graph, "_FORGOTTEN_AT_ONCE", 3)
    await graph.add(
        records=[
            relating(record(n, "weather", f"topic {n}", entities=(f"Name {n}",)), (f"a {n}", "knows", f"b {n}"))
            for n in range(1, 12)
        ]
    )
    ((key, node_id),) = await server.read(
        "MATCH (user:TalktiersUser {namespace: $namespace}) RETURN user.key, user.id",
        operation="test",
        namespace=namespace,
    )
    assert await server.read(OF_USER_NODES, operation="test", id=node_id, key=key) > [[40]]
    assert await graph.forget_user(**WHOM) == 11
    assert await server.read(OF_USER_NODES, operation="test", id=node_id, key=key) == [[0]]


async def test_forgetting_that_was_interrupted_goes_on_and_hides_everything_from_the_first_moment(
    server: Neo4jServer, graph: Neo4jRelationshipGraph, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relationship_graph, "_FORGOTTEN_AT_ONCE", 3)
    await graph.add(records=[record(n, "guitar", f"topic {n}") for n in range(1, 9)])
    written = server.write
    calls = 0

    async def interrupted(work: Callable[[AsyncTransaction], Awaitable[int]], *, operation: str) -> int:
        nonlocal calls
        calls += 1
        if calls > 2:
            raise asyncio.CancelledError
        return await written(work, operation=operation)

    with monkeypatch.context() as patch, contextlib.suppress(asyncio.CancelledError):
        patch.setattr(server, "write", interrupted)
        await graph.forget_user(**WHOM)
    assert await strengths(graph, "guitar") == {}
    assert await strengths(Neo4jRelationshipGraph(server=server, namespace=namespace), "guitar") == {}
    assert len(await graph.conversation_ids(**WHOM)) == 5
    await graph.add(records=[record(20, "guitar", "fox")])
    assert await graph.forget_user(**WHOM) == 6
    assert await graph.conversation_ids(**WHOM) == frozenset()
    assert await content(server, namespace) == []


async def test_two_processes_see_what_the_other_wrote(server: Neo4jServer, namespace: str) -> None:
    here, there = (Neo4jRelationshipGraph(server=server, namespace=namespace) for _ in range(2))
    await here.add(records=[record(1, "porto", "sister")])
    assert set(await strengths(there, "porto")) == {"porto", "sister"}
    await there.add(records=[record(2, "porto", "guitar")])
    for graph in (here, there):
        assert set(await strengths(graph, "porto")) == {"porto", "sister", "guitar"}
    await here.add(records=[record(2, "porto", "rain")])
    assert set(await strengths(there, "porto")) == {"porto", "sister", "rain"}
    await there.forget_conversations(**WHOM, conversation_ids=[examples.conversation_id(1)])
    assert set(await strengths(here, "porto")) == {"porto", "rain"}
    await here.forget_user(**WHOM)
    assert await strengths(there, "porto") == {}
    await here.add(records=[record(3, "porto", "fox")])
    assert set(await strengths(there, "porto")) == {"porto", "fox"}


async def test_writers_at_once_over_the_same_users_and_topics_lose_nothing(
    neo4j_url: str, neo4j_auth: tuple[str, str], namespace: str
) -> None:
    user, password = neo4j_auth
    users = ("ana", "bo", "cleo")
    async with (
        Neo4jServer(url=neo4j_url, user=user, password=password, timeout_s=30) as one,
        Neo4jServer(url=neo4j_url, user=user, password=password, timeout_s=30) as other,
    ):
        writers = [Neo4jRelationshipGraph(server=server, namespace=namespace) for server in (one, other)]

        async def write(writer: int) -> None:
            for turn in range(6):
                numbers = [100 * writer + 10 * turn + i for i in range(6)]
                batch = [record(n, "weather", "guitar", minute=n, user_id=users[n % 3]) for n in numbers]
                await writers[writer % 2].add(records=batch if writer % 2 else batch[::-1])

        await asyncio.gather(*(write(writer) for writer in range(4)))
        for user_id in users:
            held = await writers[0].conversation_ids(tenant_id="default", user_id=user_id)
            assert len(held) == 48
            reader = examples.scope(user_id=user_id)
            (first, *_), whole = sorted(held), dt.timedelta(days=9)
            patient = Neo4jRelationshipGraph(server=one, namespace=namespace, session_gap=whole)
            assert await patient.followed_by(scope=reader, conversation_id=first, limit=99) == sorted(held)[1:]
            (guitar, weather) = await patient.related_topics(scope=reader, labels=["guitar"], limit=9)
            assert (guitar.label, weather.label) == ("guitar", "weather")


async def test_storing_while_a_user_is_being_forgotten_ends_in_all_or_nothing(
    server: Neo4jServer, graph: Neo4jRelationshipGraph, namespace: str
) -> None:
    for turn in range(8):
        await graph.add(records=[record(1, "guitar", "fox")])
        await asyncio.gather(
            graph.forget_user(**WHOM), graph.add(records=[record(2, "guitar", "rain")]), graph.forget_user(**WHOM)
        )
        held = await graph.conversation_ids(**WHOM)
        assert held <= {examples.conversation_id(2)}, turn
        assert set(await strengths(graph, "guitar")) == ({"guitar", "rain"} if held else set())
        await graph.forget_user(**WHOM)
    assert await content(server, namespace) == []


async def test_memories_in_one_database_do_not_see_each_other(server: Neo4jServer, namespace: str) -> None:
    mine, other = (Neo4jRelationshipGraph(server=server, namespace=name) for name in (namespace, uuid.uuid4().hex))
    await mine.add(records=[record(1, "porto")])
    await other.add(records=[record(1, "porto", "sister")])
    assert set(await strengths(mine, "porto")) == {"porto"}
    await other.forget_user(**WHOM)
    assert set(await strengths(mine, "porto")) == {"porto"}


async def test_the_gap_between_sessions_is_the_callers_to_choose(server: Neo4jServer, namespace: str) -> None:
    patient = Neo4jRelationshipGraph(server=server, namespace=namespace, session_gap=dt.timedelta(hours=2))
    hasty = Neo4jRelationshipGraph(server=server, namespace=namespace, session_gap=dt.timedelta(minutes=1))
    await patient.add(records=[record(1, "porto", minute=0), record(2, "sister", minute=61)])
    first = examples.conversation_id(1)
    assert await patient.followed_by(scope=ANA, conversation_id=first, limit=3) == [examples.conversation_id(2)]
    assert await hasty.followed_by(scope=ANA, conversation_id=first, limit=3) == []
    assert set(await strengths(patient, "porto")) == {"porto", "sister"}
    assert set(await strengths(hasty, "porto")) == {"porto"}


async def test_an_entity_is_spelt_as_it_was_said_last_where_the_reader_may_see_it(
    graph: Neo4jRelationshipGraph,
) -> None:
    await graph.add(
        records=[
            record(3, entities=("Porto",), place=examples.GARDEN),
            record(1, entities=("PORTO",), place=examples.GARDEN),
            record(4, entities=("pOrto",), place=examples.CELLAR),
        ]
    )
    assert await graph.entities(scope=examples.scope(place=examples.GARDEN), limit=9) == [Entity(name="Porto")]


async def test_damaged_edges_are_a_typed_error_and_mended_by_adding_again(
    server: Neo4jServer, graph: Neo4jRelationshipGraph, namespace: str
) -> None:
    await graph.add(records=[record(1, "guitar"), record(2, "guitar")])

    async def damage(transaction: AsyncTransaction) -> object:
        statement = """
        MATCH (:TalktiersUser {namespace: $namespace})-[:WAS_IN]->()<-[:HELD_IN]-(conversation)
        SET conversation.edges = 'nonsense', conversation.digest = ''
        """
        return await rows(transaction, statement, {"namespace": namespace})

    await server.write(damage, operation="test")
    with pytest.raises(BackendCorruption, match="talktiers rebuild graph"):
        await graph.related_topics(scope=ANA, labels=["guitar"], limit=3)
    await graph.add(records=[record(1, "guitar"), record(2, "guitar")])
    assert set(await strengths(graph, "guitar")) == {"guitar"}


async def test_a_label_may_be_longer_than_an_index_entry(graph: Neo4jRelationshipGraph) -> None:
    long = "guitar " * 5000 + "end"
    await graph.add(records=[record(1, long, entities=(f"The {long}",))])
    assert set(await strengths(graph, "guitar")) == {long, f"the {long}"}
