"""Summaries on SQLite: what is kept in memory of the vectors gives what a plain product gives."""

import asyncio
from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.adapters.sqlite.database import Database
from talktiers.adapters.sqlite.summary_index import SqliteSummaryIndex
from talktiers.adapters.user_arrays import UserArrays
from talktiers.domain.conversation import Conversation
from talktiers.domain.place import Place, Scope
from talktiers.ports.contracts import examples
from talktiers.ports.contracts.strategies import histories
from talktiers.ports.summary_index import SummaryRecord

DIMENSIONS = 16
ANA = examples.scope()
IN_THE_GARDEN = examples.scope(place=examples.GARDEN)
WHOM = {"tenant_id": "default", "user_id": "ana"}
HALF_PRECISION = 2e-3
"""How far a cosine of vectors kept in 16 bits may be from that of the originals."""


def index_on(database: Database, *, fingerprint: str = "one", arrays: UserArrays | None = None) -> SqliteSummaryIndex:
    return SqliteSummaryIndex(database, fingerprint=fingerprint, dimensions=DIMENSIONS, arrays=arrays)


def vector(seed: int) -> npt.NDArray[np.float32]:
    return examples.unit_vector(*np.random.default_rng(seed).normal(size=DIMENSIONS), dimensions=DIMENSIONS)


def record(
    number: int, *, text: str = "said something", seed: int | None = None, place: Place = examples.DIRECT
) -> SummaryRecord:
    item = examples.stored(number, place=place)
    return examples.summary_record(item, text=text, vector=vector(number if seed is None else seed))


async def ids_of(index: SqliteSummaryIndex, *, like: int = 1, reader: Scope = ANA, limit: int = 9) -> list[str]:
    matches = await index.search(scope=reader, vector=vector(like), limit=limit)
    return [match.conversation_id for match in matches]


def bytes_on_disk(path: Path) -> bytes:
    """Everything that stands in the database's files."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()))


@settings(max_examples=15)
@given(
    history=histories(max_size=25, max_users=1),
    seeds=st.lists(st.integers(0, 6), min_size=25, max_size=25),
    sizes=st.lists(st.integers(1, 8), max_size=6),
    forgotten=st.sets(st.integers(1, 25), max_size=6),
)
def test_the_nearest_are_those_of_a_plain_product_whatever_came_and_went(
    tmp_path_factory: pytest.TempPathFactory,
    history: list[Conversation],
    seeds: list[int],
    sizes: list[int],
    forgotten: set[int],
) -> None:
    records = [examples.summary_record(item, vector=vector(seed)) for item, seed in zip(history, seeds, strict=False)]
    gone = [examples.conversation_id(number) for number in forgotten]

    def plain(held: dict[str, SummaryRecord], reader: Scope, limit: int) -> list[tuple[str, float]]:
        visible = [
            (item.summary.conversation_id, float(np.dot(item.vector, vector(0))))
            for item in held.values()
            if item.vector is not None
            and reader.visibility.allows(bot_id=item.summary.bot_id, compartment=item.summary.place.compartment)
        ]
        return sorted(visible, key=lambda pair: (-pair[1], pair[0]))[:limit]

    async def compare() -> None:
        async with Database(tmp_path_factory.mktemp("summaries") / "memory.db", synchronous="NORMAL") as database:
            index = index_on(database)
            held: dict[str, SummaryRecord] = {}
            start = 0
            for size in [*sizes, len(records)]:
                batch = records[start : start + size]
                start += len(batch)
                await index.add(records=batch)
                held |= {
                    item.summary.conversation_id: item for item in batch if item.summary.key.tenant_id == "default"
                }
                await index.forget_conversations(**WHOM, conversation_ids=gone[:size])
                held = {key: item for key, item in held.items() if key not in gone[:size]}
                fresh = index_on(database, arrays=UserArrays(max_bytes=0))
                for reader in (ANA, IN_THE_GARDEN):
                    expected = plain(held, reader, limit=5)
                    for tier in (index, fresh):
                        found = await tier.search(scope=reader, vector=vector(0), limit=5)
                        assert [match.conversation_id for match in found] == [pair[0] for pair in expected]
                        np.testing.assert_allclose(
                            [match.similarity for match in found],
                            [pair[1] for pair in expected],
                            atol=HALF_PRECISION,
                        )

    asyncio.run(compare())


async def test_vectors_of_another_embedder_are_never_compared(tmp_path: Path) -> None:
    async with Database(tmp_path / "memory.db", synchronous="NORMAL") as database:
        old, new = index_on(database, fingerprint="old"), index_on(database, fingerprint="new")
        await old.add(records=[record(1), record(2)])
        assert await ids_of(new) == []
        await new.add(records=[record(2)])
        assert await ids_of(new) == [examples.conversation_id(2)]
        assert await ids_of(old) == [examples.conversation_id(1)]


async def test_one_cache_for_two_embedders_keeps_their_vectors_apart(tmp_path: Path) -> None:
    arrays = UserArrays()
    async with Database(tmp_path / "memory.db", synchronous="NORMAL") as database:
        old = index_on(database, fingerprint="old", arrays=arrays)
        new = index_on(database, fingerprint="new", arrays=arrays)
        await old.add(records=[record(1)])
        await new.add(records=[record(2)])
        for _ in range(2):
            assert await ids_of(old) == [examples.conversation_id(1)]
            assert await ids_of(new) == [examples.conversation_id(2)]


async def test_without_an_embedder_summaries_are_read_and_nothing_is_searched(tmp_path: Path) -> None:
    async with Database(tmp_path / "memory.db", synchronous="NORMAL") as database:
        index = SqliteSummaryIndex(database, fingerprint=None, dimensions=None)
        await index.add(records=[record(1, text="moved to Porto")])
        assert await ids_of(index) == []
        found = await index.summaries(scope=ANA, conversation_ids=[examples.conversation_id(1)])
        assert [summary.text for summary in found.values()] == ["moved to Porto"]
        assert await ids_of(index_on(database)) == []


async def test_a_vector_of_another_length_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    async with Database(tmp_path / "memory.db", synchronous="NORMAL") as database:
        index = index_on(database)
        wrong = attrs.evolve(record(2), vector=np.ones(DIMENSIONS + 1, dtype=np.float32))
        with pytest.raises(ValueError, match="shape"):
            await index.add(records=[record(1), wrong])
        assert await index.conversation_ids(**WHOM) == frozenset()
        with pytest.raises(ValueError, match="shape"):
            await index.search(scope=ANA, vector=np.ones(3, dtype=np.float32), limit=1)


async def test_a_summary_comes_back_as_it_was_with_its_time_zone(tmp_path: Path) -> None:
    item = examples.full_conversation(1)
    async with Database(tmp_path / "memory.db", synchronous="NORMAL") as database:
        index = index_on(database)
        written = examples.summary_record(item, text="São Tomé \U0001f98a", vector=vector(1))
        await index.add(records=[written])
        reader = examples.scope(tenant_id=item.tenant_id, bot_id=item.bot_id, place=item.place)
        (read,) = (await index.summaries(scope=reader, conversation_ids=[item.conversation_id])).values()
        assert read == written.summary
        assert read.occurred_at.utcoffset() == item.occurred_at.utcoffset()


async def test_a_conversation_that_turns_out_to_be_elsewhere_is_seen_there_only(tmp_path: Path) -> None:
    async with Database(tmp_path / "memory.db", synchronous="NORMAL") as database:
        index = index_on(database)
        await index.add(records=[record(1, place=examples.GARDEN)])
        assert await ids_of(index, reader=IN_THE_GARDEN) == [examples.conversation_id(1)]
        await index.add(records=[record(1, place=examples.CELLAR)])
        assert await ids_of(index, reader=IN_THE_GARDEN) == []
        assert await ids_of(index, reader=examples.scope(place=examples.CELLAR)) == [examples.conversation_id(1)]


async def test_two_processes_on_one_file_see_what_the_other_wrote(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    async with Database(path, synchronous="NORMAL") as one, Database(path, synchronous="NORMAL") as other:
        here, there = index_on(one), index_on(other)
        await here.add(records=[record(1)])
        assert await ids_of(there) == [examples.conversation_id(1)]
        await there.add(records=[record(2)])
        assert await ids_of(here) == [examples.conversation_id(1), examples.conversation_id(2)]
        await here.add(records=[record(2, seed=1), record(1, seed=2)])
        assert await ids_of(there) == [examples.conversation_id(2), examples.conversation_id(1)]
        await there.forget_conversations(**WHOM, conversation_ids=[examples.conversation_id(2)])
        assert await ids_of(here) == [examples.conversation_id(1)]
        await here.forget_user(**WHOM)
        assert await ids_of(there) == []


async def test_no_byte_of_a_forgotten_summary_stays_in_the_files(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    cellar = attrs.evolve(examples.CELLAR, channel_id="canary-channel")
    async with Database(path, synchronous="NORMAL") as database:
        index = index_on(database)
        for start in range(0, 600, 50):
            await index.add(
                records=[
                    record(
                        number,
                        text=f"canary {number}" if number % 5 == 0 else f"heron {number}",
                        place=cellar if number % 5 == 0 else examples.GARDEN,
                    )
                    for number in range(start, start + 50)
                ]
            )
        packed = vector(5).astype("<f2").tobytes()[:8]
        assert packed in bytes_on_disk(path)
        gone = [examples.conversation_id(number) for number in range(0, 600, 5)]
        assert await index.forget_conversations(**WHOM, conversation_ids=gone) == 120
        assert await database.purge()
        left = bytes_on_disk(path)
        assert b"canary" not in left
        assert packed not in left
        assert b"heron 7" in left
        await index.forget_user(**WHOM)
        assert await database.purge()
        assert b"heron" not in bytes_on_disk(path)
