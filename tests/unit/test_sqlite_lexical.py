"""The lexical index on SQLite: what it keeps in memory and packs in blocks gives what the domain's scheme gives."""

import asyncio
from collections import Counter
from pathlib import Path

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.adapters.in_memory.lexical_index import InMemoryLexicalIndex
from talktiers.adapters.sqlite.database import Database
from talktiers.adapters.sqlite.lexical_index import SqliteLexicalIndex
from talktiers.adapters.user_arrays import UserArrays
from talktiers.domain.conversation import Conversation
from talktiers.domain.lexical import LexicalQuery, LexicalResult
from talktiers.domain.lexical_document import LexicalDocument
from talktiers.domain.place import Scope
from talktiers.domain.postings import BLOCK_DOCUMENTS, MAX_COUNT
from talktiers.ports.contracts import examples
from talktiers.ports.contracts.strategies import WORDS, histories, scopes

ANA = examples.scope()
WHOM = {"tenant_id": "default", "user_id": "ana"}
EVERY_WORD = LexicalQuery(terms=WORDS, words=frozenset((*WORDS, "ana")))


def document(number: int, text: str, *, user_id: str = "ana") -> LexicalDocument:
    return examples.lexical_document(examples.stored(number, user_message=text, user_id=user_id))


def bytes_on_disk(path: Path) -> bytes:
    """Everything that stands in the database's files."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()))


async def ids_of(index: SqliteLexicalIndex, *terms: str) -> list[str]:
    query = LexicalQuery(terms=terms, words=frozenset(terms))
    return [match.conversation_id for match in (await index.search(scope=ANA, query=query, limit=9)).matches]


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


@settings(max_examples=15)
@given(history=histories(max_size=30, max_users=1), reader=scopes(), data=st.data())
def test_what_is_kept_in_memory_answers_like_the_scheme_itself(
    tmp_path_factory: pytest.TempPathFactory, history: list[Conversation], reader: Scope, data: st.DataObject
) -> None:
    documents = [examples.lexical_document(item) for item in history]
    steps = data.draw(st.lists(st.integers(1, 8), max_size=8))
    forgotten = data.draw(st.lists(st.sampled_from(documents), max_size=5)) if documents else []

    async def compare() -> None:
        path = tmp_path_factory.mktemp("lexical") / "memory.db"
        model = InMemoryLexicalIndex()
        async with Database(path, synchronous="NORMAL") as database:
            index = SqliteLexicalIndex(database)
            start = 0
            for size in [*steps, len(documents)]:
                batch = documents[start : start + size]
                start += len(batch)
                ids = [item.key.conversation_id for item in forgotten[:size]]
                for tier in (index, model):
                    await tier.add(documents=batch)
                    await tier.forget_conversations(**WHOM, conversation_ids=ids)
                expected = await model.search(scope=reader, query=EVERY_WORD, limit=7)
                fresh = SqliteLexicalIndex(database, arrays=UserArrays(max_bytes=0))
                for tier in (index, fresh):
                    assert_same(await tier.search(scope=reader, query=EVERY_WORD, limit=7), expected)
                assert await index.statistics(**WHOM, terms=WORDS, words=WORDS) == await model.statistics(
                    **WHOM, terms=WORDS, words=WORDS
                )

    asyncio.run(compare())


async def test_postings_of_many_blocks_are_counted_and_found(tmp_path: Path) -> None:
    documents = [
        document(number, "rain fox" if number % 400 == 0 else "rain") for number in range(2 * BLOCK_DOCUMENTS + 5)
    ]
    async with Database(tmp_path / "memory.db", synchronous="NORMAL") as database:
        index = SqliteLexicalIndex(database)
        for start in range(0, len(documents), 700):
            await index.add(documents=documents[start : start + 700])
        statistics = await index.statistics(**WHOM, terms=["rain", "fox"], words=["rain", "fox"])
        assert statistics.document_frequency == {"rain": len(documents), "fox": 6}
        foxes = {examples.conversation_id(number) for number in range(0, len(documents), 400)}
        assert set((await ids_of(index, "fox"))[:6]) == foxes
        gone = [examples.conversation_id(number) for number in (0, 400, 1200, 2000)]
        await index.forget_conversations(**WHOM, conversation_ids=gone)
        assert set((await ids_of(index, "fox"))[:2]) == foxes - set(gone)
        statistics = await index.statistics(**WHOM, terms=["rain", "fox"], words=["rain", "fox"])
        assert statistics.documents == len(documents) - 4
        assert statistics.document_frequency == {"rain": len(documents) - 4, "fox": 2}
        assert statistics.word_frequency == statistics.document_frequency


async def test_a_word_said_more_often_than_a_byte_counts_is_still_found(tmp_path: Path) -> None:
    often = attrs.evolve(document(1, "fox"), term_counts=Counter({"fox": MAX_COUNT + 45}))
    async with Database(tmp_path / "memory.db", synchronous="NORMAL") as database:
        index = SqliteLexicalIndex(database)
        await index.add(documents=[often, document(2, "fox")])
        assert (await ids_of(index, "fox"))[0] == examples.conversation_id(1)


async def test_a_conversation_without_words_is_held_and_forgotten_like_any_other(tmp_path: Path) -> None:
    async with Database(tmp_path / "memory.db", synchronous="NORMAL") as database:
        index = SqliteLexicalIndex(database)
        await index.add(documents=[document(1, "")])
        await index.add(documents=[document(2, ""), document(3, "fox")])
        assert len(await index.conversation_ids(**WHOM)) == 3
        assert await index.forget_conversations(**WHOM, conversation_ids=[examples.conversation_id(2)]) == 1
        assert (await index.statistics(**WHOM, terms=["fox"], words=[])).documents == 2


async def test_two_processes_on_one_file_see_what_the_other_wrote(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    async with Database(path, synchronous="NORMAL") as one, Database(path, synchronous="NORMAL") as other:
        here, there = SqliteLexicalIndex(one), SqliteLexicalIndex(other)
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


async def test_reading_while_writing_never_fails_and_misses_nothing_acknowledged(tmp_path: Path) -> None:
    async with Database(tmp_path / "memory.db", synchronous="NORMAL") as database:
        index = SqliteLexicalIndex(database)
        await index.add(documents=[document(0, "fox")])

        async def write() -> None:
            for number in range(1, 60):
                await index.add(documents=[document(number, "fox")])
                if number % 7 == 0:
                    await index.forget_conversations(**WHOM, conversation_ids=[examples.conversation_id(number)])

        async def read() -> None:
            for _ in range(100):
                assert await ids_of(index, "fox")

        await asyncio.gather(write(), read(), read(), read())
        everything = LexicalQuery(terms=("fox",), words=frozenset())
        found = await index.search(scope=ANA, query=everything, limit=99)
        assert len(found.matches) == 60 - 8


async def test_no_byte_of_a_forgotten_conversations_words_stays_in_the_files(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    documents = [
        document(number, f"rain shared{number % 40} {'canary' if number % 5 == 0 else 'heron'}{number}x")
        for number in range(600)
    ]
    async with Database(path, synchronous="NORMAL") as database:
        index = SqliteLexicalIndex(database)
        for start in range(0, 600, 50):
            await index.add(documents=documents[start : start + 50])
        await index.add(documents=[document(1000, "canarybird", user_id="bo")])
        assert b"canary5x" in bytes_on_disk(path)
        gone = [examples.conversation_id(number) for number in range(0, 600, 5)]
        assert await index.forget_conversations(**WHOM, conversation_ids=gone) == 120
        assert await database.purge()
        left = bytes_on_disk(path)
        assert left.count(b"canary") == left.count(b"canarybird") > 0
        assert b"heron7x" in left
        await index.forget_user(**WHOM)
        assert await database.purge()
        assert b"heron" not in bytes_on_disk(path)
        assert await index.forget_conversations(
            tenant_id="default", user_id="bo", conversation_ids=[examples.conversation_id(1000)]
        )
        assert await database.purge()
        assert b"canary" not in bytes_on_disk(path)


async def test_a_user_whose_last_conversation_is_forgotten_is_unknown_again(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    async with Database(path, synchronous="NORMAL") as database:
        index = SqliteLexicalIndex(database)
        await index.add(documents=[document(1, "fox", user_id="somebody-special")])
        gone = [examples.conversation_id(1)]
        await index.forget_conversations(tenant_id="default", user_id="somebody-special", conversation_ids=gone)
        assert await database.purge()
        assert b"somebody-special" not in bytes_on_disk(path)
