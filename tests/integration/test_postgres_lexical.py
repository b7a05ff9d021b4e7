"""The lexical index on PostgreSQL: what is packed, kept in memory and written by several gives what the scheme gives."""

import asyncio
import contextlib
import os
import random
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import attrs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from talktiers.adapters.in_memory.lexical_index import InMemoryLexicalIndex
from talktiers.adapters.postgres.database import PostgresDatabase
from talktiers.adapters.postgres.lexical_index import PostgresLexicalIndex
from talktiers.adapters.user_arrays import UserArrays
from talktiers.domain.conversation import Conversation
from talktiers.domain.document_run import term_key
from talktiers.domain.lexical import LexicalQuery, LexicalResult
from talktiers.domain.lexical_document import LexicalDocument
from talktiers.domain.place import Scope
from talktiers.domain.postings import BLOCK_DOCUMENTS
from talktiers.ports.contracts import examples
from talktiers.ports.contracts.strategies import WORDS, histories, scopes

pytestmark = pytest.mark.server

SCHEMA = f"lexical_{os.getpid()}"
TABLES = ("lexical_users", "lexical_documents", "lexical_features", "lexical_postings", "lexical_words")
ANA = examples.scope()
WHOM = {"tenant_id": "default", "user_id": "ana"}
EVERY_WORD = LexicalQuery(terms=WORDS, words=frozenset((*WORDS, "ana")))
OFTEN_PACKED = 1000
"""Bytes: two to four of these documents."""


def document(number: int, text: str, *, user_id: str = "ana") -> LexicalDocument:
    return examples.lexical_document(examples.stored(number, user_message=text, user_id=user_id))


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[PostgresDatabase]:
    async with PostgresDatabase(url=url, schema=SCHEMA, allow_unsafe_commit=True) as database:
        yield database


async def execute(database: PostgresDatabase, *statements: str) -> None:
    async with database.connection(operation="test") as connection:
        for statement in statements:
            await connection.execute(statement)


async def rows_by_table(database: PostgresDatabase) -> dict[str, int]:
    return {table: await database.fetchval(f"SELECT count(*) FROM {table}", operation="test") for table in TABLES}


@pytest.fixture(scope="module")
def tables(postgres_url: str) -> Iterator[str]:
    """The server's address; our tables there go at the end."""

    async def drop() -> None:
        async with opened(postgres_url) as database:
            await execute(database, f"DROP SCHEMA {SCHEMA} CASCADE")

    yield postgres_url
    asyncio.run(drop())


@contextlib.asynccontextmanager
async def emptied(url: str) -> AsyncIterator[PostgresDatabase]:
    async with opened(url) as database:
        await execute(database, *(f"DELETE FROM {table}" for table in TABLES))
        yield database


@pytest.fixture
async def database(tables: str) -> AsyncIterator[PostgresDatabase]:
    """Empty tables."""
    async with emptied(tables) as database:
        yield database


async def ids_of(index: PostgresLexicalIndex, *terms: str, limit: int = 9) -> list[str]:
    query = LexicalQuery(terms=terms, words=frozenset(terms))
    return [match.conversation_id for match in (await index.search(scope=ANA, query=query, limit=limit)).matches]


def assert_same(left: LexicalResult, right: LexicalResult) -> None:
    """The same matches in the same order; sums may differ in the last digits, as their order does."""
    assert [attrs.evolve(item, score=0.0) for item in left.matches] == [
        attrs.evolve(item, score=0.0) for item in right.matches
    ]
    np.testing.assert_allclose(
        [match.score for match in left.matches], [match.score for match in right.matches], rtol=1e-9
    )
    assert left.idf == right.idf
    assert left.average_length == pytest.approx(right.average_length)
    assert left.asked == right.asked


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    history=histories(max_size=30, max_users=1).filter(bool),
    reader=scopes().map(lambda scope: attrs.evolve(scope, tenant_id="default", user_id="ana")),
    max_unpacked_bytes=st.sampled_from((0, OFTEN_PACKED, 10**6)),
    data=st.data(),
)
def test_it_ranks_like_the_scheme_itself(
    tables: str, history: list[Conversation], reader: Scope, max_unpacked_bytes: int, data: st.DataObject
) -> None:
    documents = [examples.lexical_document(item) for item in history]
    steps = data.draw(st.lists(st.integers(1, 8), min_size=1, max_size=8))
    forgotten = data.draw(st.lists(st.sampled_from(documents), max_size=5))

    async def compare() -> None:
        model = InMemoryLexicalIndex()
        async with emptied(tables) as database:
            index = PostgresLexicalIndex(database=database, arrays=UserArrays(), max_unpacked_bytes=max_unpacked_bytes)
            elsewhere = PostgresLexicalIndex(database=database, arrays=UserArrays())  # is never told what was written
            fresh = PostgresLexicalIndex(database=database, arrays=UserArrays(max_bytes=0))
            start = 0
            for size in [*steps, len(documents)]:
                batch = documents[start : start + size]
                start += len(batch)
                ids = [item.key.conversation_id for item in forgotten[:size]]
                for tier in (index, model):
                    await tier.add(documents=batch)
                    await tier.forget_conversations(**WHOM, conversation_ids=ids)
                expected = await model.search(scope=reader, query=EVERY_WORD, limit=7)
                for tier in (index, elsewhere, fresh):
                    assert_same(await tier.search(scope=reader, query=EVERY_WORD, limit=7), expected)
                assert await index.statistics(**WHOM, terms=WORDS, words=WORDS) == await model.statistics(
                    **WHOM, terms=WORDS, words=WORDS
                )

    asyncio.run(compare())


async def test_postings_of_many_blocks_are_counted_found_and_forgotten(database: PostgresDatabase) -> None:
    documents = [
        document(number, "rain fox" if number % 400 == 0 else "rain") for number in range(2 * BLOCK_DOCUMENTS + 5)
    ]
    index = PostgresLexicalIndex(database=database, arrays=UserArrays(), max_unpacked_bytes=50_000)
    for start in range(0, len(documents), 700):
        await index.add(documents=documents[start : start + 700])
    statistics = await index.statistics(**WHOM, terms=["rain", "fox"], words=["rain", "fox"])
    assert statistics.document_frequency == statistics.word_frequency == {"rain": len(documents), "fox": 6}
    foxes = {examples.conversation_id(number) for number in range(0, len(documents), 400)}
    assert set((await ids_of(index, "fox"))[:6]) == foxes
    gone = [examples.conversation_id(number) for number in (0, 400, 1200, 2000)]
    assert await index.forget_conversations(**WHOM, conversation_ids=gone) == 4
    assert set((await ids_of(index, "fox"))[:2]) == foxes - set(gone)
    statistics = await index.statistics(**WHOM, terms=["rain", "fox"], words=["rain", "fox"])
    assert statistics.documents == len(documents) - 4
    assert statistics.document_frequency == statistics.word_frequency == {"rain": len(documents) - 4, "fox": 2}


@pytest.mark.parametrize("max_unpacked_bytes", [0, 10**6])
async def test_forgetting_takes_terms_and_words_that_only_those_conversations_held(
    database: PostgresDatabase, max_unpacked_bytes: int
) -> None:
    index = PostgresLexicalIndex(database=database, arrays=UserArrays(), max_unpacked_bytes=max_unpacked_bytes)
    await index.add(documents=[document(1, "fox rain"), document(2, "rain"), document(3, "fox", user_id="bo")])
    await index.forget_conversations(**WHOM, conversation_ids=[examples.conversation_id(1)])
    fox = term_key("fox").to_bytes(8, "little", signed=True)
    left = await database.fetchval(
        """
        SELECT (SELECT count(*) FROM lexical_postings JOIN lexical_users USING (user_no)
                WHERE user_id = 'ana' AND term = $1)
            + (SELECT count(*) FROM lexical_words JOIN lexical_users USING (user_no) WHERE user_id = 'ana' AND word = $1)
            + (SELECT count(*) FROM lexical_documents JOIN lexical_users USING (user_no)
                WHERE user_id = 'ana' AND (position($2 IN terms) > 0 OR position($2 IN words) > 0))
        """,
        term_key("fox"),
        fox,
        operation="test",
    )
    assert left == 0
    assert (await index.statistics(**WHOM, terms=["rain"], words=["rain"])).word_frequency == {"rain": 1}


@pytest.mark.parametrize("max_unpacked_bytes", [0, OFTEN_PACKED, 10**6])
async def test_of_a_user_whose_conversations_are_all_forgotten_no_row_is_left(
    database: PostgresDatabase, max_unpacked_bytes: int
) -> None:
    index = PostgresLexicalIndex(database=database, arrays=UserArrays(), max_unpacked_bytes=max_unpacked_bytes)
    documents = [document(number, f"fox word{number}") for number in range(10)]
    for item in documents:
        await index.add(documents=[item])
    await index.forget_conversations(**WHOM, conversation_ids=[item.key.conversation_id for item in documents])
    assert await rows_by_table(database) == dict.fromkeys(TABLES, 0)
    await index.add(documents=documents)
    assert await index.forget_user(**WHOM) == 10
    assert await rows_by_table(database) == dict.fromkeys(TABLES, 0)


async def test_erasing_leaves_a_note_by_which_the_tables_are_cleaned(database: PostgresDatabase) -> None:
    async def noted() -> int:
        return int(await database.fetchval("SELECT count(*) FROM erasures", operation="test"))

    index = PostgresLexicalIndex(database=database, arrays=UserArrays())
    before = await noted()
    await index.add(documents=[document(1, "fox"), document(2, "fox")])
    await index.forget_conversations(**WHOM, conversation_ids=[examples.conversation_id(7)])
    assert await noted() == before
    await index.forget_conversations(**WHOM, conversation_ids=[examples.conversation_id(1)])
    await index.forget_user(**WHOM)
    assert await noted() == before + 2


async def test_two_processes_that_add_for_one_user_at_once_lose_nothing(
    tables: str, database: PostgresDatabase
) -> None:
    script = Path(__file__).with_name("lexical_adding_process.py")
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, script, tables, SCHEMA, str(first), str(end))
        for first, end in ((0, 120), (80, 200))
    ]
    index = PostgresLexicalIndex(database=database, arrays=UserArrays())
    while not all(process.returncode == 0 for process in processes):
        assert not any(process.returncode for process in processes)
        await ids_of(index, "fox")  # keeps in memory what is there by now
        await asyncio.sleep(0.01)
    everybody = {examples.conversation_id(number) for number in range(200)}
    assert await index.conversation_ids(**WHOM) == everybody
    assert set(await ids_of(index, "fox", limit=999)) == everybody
    words = [f"word{number}" for number in range(200)]
    statistics = await index.statistics(**WHOM, terms=["fox", *words], words=["fox", *words])
    assert statistics.documents == 200
    assert statistics.document_frequency == statistics.word_frequency == {"fox": 200, **dict.fromkeys(words, 1)}


async def test_writers_of_the_same_users_wait_for_each_other_and_never_fail(tables: str) -> None:
    users = [f"user-{number}" for number in range(6)]
    async with emptied(tables) as one, opened(tables) as other:
        indexes = [
            PostgresLexicalIndex(database=item, arrays=UserArrays(), max_unpacked_bytes=OFTEN_PACKED)
            for item in (one, other)
        ]

        async def write(worker: int) -> None:
            order = random.Random(worker)
            for turn in range(5):
                shuffled = order.sample(users, len(users))
                base = 1000 * worker + 10 * turn
                batch = [document(base + place, "fox", user_id=user) for place, user in enumerate(shuffled)]
                await indexes[worker % 2].add(documents=batch)
                await indexes[worker % 2].forget_conversations(
                    tenant_id="default", user_id=shuffled[0], conversation_ids=[examples.conversation_id(base)]
                )

        await asyncio.gather(*(write(worker) for worker in range(8)))
        held = [len(await indexes[0].conversation_ids(tenant_id="default", user_id=user)) for user in users]
        counted = [
            (await indexes[0].statistics(tenant_id="default", user_id=user, terms=["fox"], words=["fox"]))
            for user in users
        ]
        assert sum(held) == 8 * 5 * (len(users) - 1)
        assert [item.documents for item in counted] == held
        assert [item.document_frequency["fox"] for item in counted] == held
        assert [item.word_frequency["fox"] for item in counted] == held


async def test_two_processes_see_what_the_other_wrote(tables: str) -> None:
    async with emptied(tables) as one, opened(tables) as other:
        here = PostgresLexicalIndex(database=one, arrays=UserArrays())
        there = PostgresLexicalIndex(database=other, arrays=UserArrays(), max_unpacked_bytes=0)
        await here.add(documents=[document(1, "fox")])
        assert await ids_of(there, "fox") == [examples.conversation_id(1)]
        await there.add(documents=[document(2, "fox rain")])
        assert set(await ids_of(here, "fox")) == {examples.conversation_id(1), examples.conversation_id(2)}
        await here.forget_conversations(**WHOM, conversation_ids=[examples.conversation_id(1)])
        assert await ids_of(there, "fox") == [examples.conversation_id(2)]
        await there.forget_user(**WHOM)
        assert await ids_of(here, "fox") == []
        await here.add(documents=[document(3, "fox")])
        assert await ids_of(there, "fox") == [examples.conversation_id(3)]


async def test_reading_while_writing_never_fails_and_misses_nothing_acknowledged(database: PostgresDatabase) -> None:
    index = PostgresLexicalIndex(database=database, arrays=UserArrays(), max_unpacked_bytes=OFTEN_PACKED)
    await index.add(documents=[document(0, "fox")])
    acknowledged = {examples.conversation_id(0)}

    async def write() -> None:
        for number in range(1, 60):
            await index.add(documents=[document(number, "fox")])
            acknowledged.add(examples.conversation_id(number))
            if number % 7 == 0:
                acknowledged.discard(examples.conversation_id(number - 1))
                await index.forget_conversations(**WHOM, conversation_ids=[examples.conversation_id(number - 1)])

    async def read() -> None:
        for _ in range(60):
            before = set(acknowledged)
            found = set(await ids_of(index, "fox", limit=99))
            assert found >= before & acknowledged  # what was forgotten meanwhile may be missing

    await asyncio.gather(write(), read(), read(), read())
    assert set(await ids_of(index, "fox", limit=99)) == acknowledged
