"""The graph on SQLite: what it answers depends on what it holds, and on nothing that came and went."""

import asyncio
import datetime as dt
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.adapters.sqlite.database import Database
from talktiers.adapters.sqlite.relationship_graph import SqliteRelationshipGraph
from talktiers.adapters.user_arrays import UserArrays
from talktiers.domain.conversation import Conversation
from talktiers.domain.derived import Entity, RelatedTopic, Relation
from talktiers.domain.place import Place, Scope
from talktiers.ports.contracts import examples
from talktiers.ports.contracts.strategies import WORDS, histories, scopes
from talktiers.ports.relationship_graph import GraphRecord

ANA = examples.scope()
WHOM = {"tenant_id": "default", "user_id": "ana"}


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


def by_label(topics: list[RelatedTopic]) -> dict[str, tuple[float, tuple[str, ...]]]:
    return {topic.label: (topic.strength, topic.conversation_ids) for topic in topics}


def bytes_on_disk(path: Path) -> bytes:
    """Everything that stands in the database's files."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()))


async def strengths(graph: SqliteRelationshipGraph, *asked: str) -> dict[str, float]:
    return {topic.label: topic.strength for topic in await graph.related_topics(scope=ANA, labels=asked, limit=99)}


async def rows_in_all_tables(database: Database) -> int:
    tables = [
        "graph_users",
        "graph_places",
        "graph_conversations",
        "graph_labels",
        "graph_label_words",
        "graph_names",
        "graph_mentions",
        "graph_relations",
    ]
    return await database.read(
        "count",
        lambda connection: sum(connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0] for name in tables),
    )


@settings(max_examples=15)
@given(
    history=histories(max_size=25, max_users=1),
    reader=scopes(),
    sizes=st.lists(st.integers(1, 8), max_size=6),
    forgotten=st.sets(st.integers(1, 25), max_size=6),
)
def test_it_answers_as_if_only_what_it_holds_had_ever_been_added(
    tmp_path_factory: pytest.TempPathFactory,
    history: list[Conversation],
    reader: Scope,
    sizes: list[int],
    forgotten: set[int],
) -> None:
    records = [
        examples.graph_record(
            item,
            topics=sorted(set(item.user_message.split())),
            entities=["Porto"] if "porto" in item.user_message else [],
        )
        for item in history
    ]
    gone = [examples.conversation_id(number) for number in forgotten]

    async def answers(graph: SqliteRelationshipGraph) -> list[object]:
        return [
            by_label(await graph.related_topics(scope=reader, labels=WORDS[:2], limit=99)),
            by_label(await graph.interests(scope=reader, limit=99)),
            sorted(entity.name for entity in await graph.entities(scope=reader, limit=99)),
            [await graph.followed_by(scope=reader, conversation_id=item.conversation_id, limit=3) for item in history],
        ]

    async def compare() -> None:
        folder = tmp_path_factory.mktemp("graph")
        async with (
            Database(folder / "memory.db", synchronous="NORMAL") as database,
            Database(folder / "anew.db", synchronous="NORMAL") as another,
        ):
            graph, anew = SqliteRelationshipGraph(database), SqliteRelationshipGraph(another)
            held: dict[str, GraphRecord] = {}
            start = 0
            for size in [*sizes, len(records)]:
                batch = records[start : start + size]
                start += len(batch)
                await graph.add(records=batch)
                await graph.forget_conversations(**WHOM, conversation_ids=gone[:size])
                held |= {item.key.conversation_id: item for item in batch}
                held = {key: item for key, item in held.items() if key not in gone[:size]}
                await answers(graph)
            await anew.add(records=list(held.values()))
            expected = await answers(anew)
            assert await answers(graph) == expected
            assert await answers(SqliteRelationshipGraph(database, arrays=UserArrays(max_bytes=0))) == expected
            assert await rows_in_all_tables(database) == await rows_in_all_tables(another)

    asyncio.run(compare())


async def test_strength_is_the_cosine_of_the_conversations_less_what_is_everywhere(tmp_path: Path) -> None:
    async with Database(tmp_path / "memory.db", synchronous="NORMAL") as database:
        graph = SqliteRelationshipGraph(database)
        await graph.add(
            records=[
                record(1, "porto", "sister", "weather"),
                record(2, "porto", "sister", "weather"),
                record(3, "porto", "weather"),
                record(4, "sister", "weather"),
                *(record(number, "weather") for number in range(5, 10)),
            ]
        )
        found = await strengths(graph, "porto")
        # Two together of three each; of ten conversations, one more than there are, seven are without the sister.
        assert found["sister"] == pytest.approx(2 / 3 * (7 / 10) ** 0.5)
        assert found["weather"] == pytest.approx((3 / 9) ** 0.5 * (1 / 10) ** 0.5)


async def test_a_rare_label_is_not_drowned_by_a_common_one_in_the_same_question(tmp_path: Path) -> None:
    async with Database(tmp_path / "memory.db", synchronous="NORMAL") as database:
        graph = SqliteRelationshipGraph(database)
        await graph.add(
            records=[
                record(1, "porto", "sister"),
                *(record(number, "music", f"song {number}") for number in range(2, 60)),
            ]
        )
        alone = await strengths(graph, "porto")
        together = await strengths(graph, "music", "porto")
        assert together["sister"] == alone["sister"] > together["song 2"]


async def test_coming_back_to_a_topic_counts_more_than_saying_it_at_one_sitting(tmp_path: Path) -> None:
    async with Database(tmp_path / "memory.db", synchronous="NORMAL") as database:
        graph = SqliteRelationshipGraph(database)
        await graph.add(
            records=[
                *(record(number, "crossword", minute=number) for number in range(1, 5)),
                *(record(number, "guitar", minute=3000 * number) for number in range(5, 8)),
            ]
        )
        assert [topic.label for topic in await graph.interests(scope=ANA, limit=9)] == ["guitar", "crossword"]


async def test_entities_are_no_interests_but_are_related(tmp_path: Path) -> None:
    async with Database(tmp_path / "memory.db", synchronous="NORMAL") as database:
        graph = SqliteRelationshipGraph(database)
        await graph.add(records=[record(1, "sister", entities=("Porto",))])
        assert [topic.label for topic in await graph.interests(scope=ANA, limit=9)] == ["sister"]
        assert set(await strengths(graph, "sister")) == {"sister", "porto"}


async def test_an_entity_is_spelt_as_it_was_said_last_by_whom_the_reader_may_see(tmp_path: Path) -> None:
    async with Database(tmp_path / "memory.db", synchronous="NORMAL") as database:
        graph = SqliteRelationshipGraph(database)
        await graph.add(
            records=[
                record(3, entities=("Porto",), place=examples.GARDEN),
                record(1, entities=("PORTO",), place=examples.GARDEN),
                record(4, entities=("porto!", "pOrto"), place=examples.CELLAR),
            ]
        )
        garden = examples.scope(place=examples.GARDEN)
        assert await graph.entities(scope=garden, limit=9) == [Entity(name="Porto")]


async def test_two_processes_on_one_file_see_what_the_other_wrote(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    async with Database(path, synchronous="NORMAL") as one, Database(path, synchronous="NORMAL") as other:
        here, there = SqliteRelationshipGraph(one), SqliteRelationshipGraph(other)
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


async def test_a_label_goes_with_its_users_last_mention_and_stays_another_users(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    async with Database(path, synchronous="NORMAL") as database:
        graph = SqliteRelationshipGraph(database)
        for start in range(0, 600, 50):
            await graph.add(
                records=[
                    relating(
                        record(
                            number,
                            "weather",
                            f"canary topic {number}" if number % 5 == 0 else f"heron{number}",
                            entities=(f"Canary{number}",) if number % 5 == 0 else (),
                        ),
                        *([(f"canaryA{number}", "canaryknows", f"canaryB{number}")] if number % 5 == 0 else ()),
                    )
                    for number in range(start, start + 50)
                ]
            )
        await graph.add(records=[record(1000, "weather", "songbird", user_id="bo")])
        gone = [examples.conversation_id(number) for number in range(0, 600, 5)]
        assert b"canary topic 5" in bytes_on_disk(path)
        assert await graph.forget_conversations(**WHOM, conversation_ids=gone) == 120
        assert await database.purge()
        left = bytes_on_disk(path).lower()
        assert b"canary" not in left
        assert b"heron7" in left
        await graph.forget_user(**WHOM)
        assert await database.purge()
        left = bytes_on_disk(path)
        assert b"heron" not in left
        assert b"weather" in left
        await graph.forget_user(tenant_id="default", user_id="bo")
        assert await rows_in_all_tables(database) == 0


async def test_the_gap_between_sessions_is_the_callers_to_choose(tmp_path: Path) -> None:
    async with Database(tmp_path / "memory.db", synchronous="NORMAL") as database:
        patient = SqliteRelationshipGraph(database, session_gap=dt.timedelta(hours=2))
        hasty = SqliteRelationshipGraph(database, session_gap=dt.timedelta(minutes=1))
        await patient.add(records=[record(1, "porto", minute=0), record(2, "sister", minute=61)])
        first = examples.conversation_id(1)
        assert await patient.followed_by(scope=ANA, conversation_id=first, limit=3) == [examples.conversation_id(2)]
        assert await hasty.followed_by(scope=ANA, conversation_id=first, limit=3) == []
        assert set(await strengths(patient, "porto")) == {"porto", "sister"}
        assert set(await strengths(hasty, "porto")) == {"porto"}
