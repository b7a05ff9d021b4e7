"""The contract of `LexicalIndex`."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ...adapters.in_memory.lexical_index import InMemoryLexicalIndex
from ...domain.conversation import Conversation
from ...domain.lexical import LexicalQuery, LexicalResult
from ...domain.lexical_document import LexicalDocument
from ...domain.place import Place, Scope
from ..lexical_index import LexicalIndex
from . import examples
from .derived_tier import DerivedTierContract
from .strategies import ANY_ADAPTER, WORDS, histories, scopes

COMMON = "everything"
"""A term of every document that `LexicalIndexContract.hold` adds."""


def query(*terms: str, words: Sequence[str] = ()) -> LexicalQuery:
    """A question of these terms."""
    return LexicalQuery(terms=terms, words=frozenset((*terms, *words)))


def found_ids(result: LexicalResult) -> list[str]:
    """Ids of the matches, best first."""
    return [match.conversation_id for match in result.matches]


class LexicalIndexContract(DerivedTierContract[LexicalIndex]):
    """What a lexical index promises.

    Attributes:
        score_tolerance: how far a score may be from the domain's, relatively: 0 only where the same arrays are summed.
    """

    score_tolerance: float = 1e-6

    async def hold(self, tier: LexicalIndex, conversations: Sequence[Conversation]) -> None:
        """Indexes the conversations with a term that they have in common."""
        await tier.add(documents=[_with_common_term(item) for item in conversations])

    async def found(self, tier: LexicalIndex, scope: Scope, *, limit: int) -> list[str]:
        """What the common term brings back."""
        return found_ids(await tier.search(scope=scope, query=query(COMMON), limit=limit))

    async def test_the_more_telling_word_decides(self, tier: LexicalIndex) -> None:
        texts = ("rain rain rain", "rain guitar", "rain fox", "rain porto")
        await tier.add(documents=[_document(n, text) for n, text in enumerate(texts, start=1)])
        result = await tier.search(scope=examples.scope(), query=query("rain", "guitar"), limit=9)
        assert found_ids(result)[0] == examples.conversation_id(2)
        assert result.idf["guitar"] > result.idf["rain"] > 0
        scores = [match.score for match in result.matches]
        assert scores == sorted(scores, reverse=True)
        assert min(scores) > 0

    async def test_equal_scores_come_newest_first_and_equal_times_latest_stored_first(self, tier: LexicalIndex) -> None:
        places = [Place.resolve(channel_id=f"channel-{number}") for number in range(1, 5)]
        times = (10, 30, 20, 30)
        documents = [
            examples.lexical_document(examples.stored(n, minute=minute, place=place, user_message="fox"))
            for n, (minute, place) in enumerate(zip(times, places, strict=True), start=1)
        ]
        await tier.add(documents=documents)
        result = await tier.search(scope=examples.scope(), query=query("fox"), limit=9)
        assert found_ids(result) == [examples.conversation_id(number) for number in (4, 2, 3, 1)]

    async def test_a_neighbour_of_the_session_is_found_after_the_one_that_says_it(self, tier: LexicalIndex) -> None:
        texts = ("rain", "fox", "rain", "rain", "rain")
        await tier.add(documents=[_document(number, text) for number, text in enumerate(texts, start=1)])
        await tier.add(documents=[_document(9, "rain", minute=500)])
        result = await tier.search(scope=examples.scope(), query=query("fox"), limit=9)
        assert found_ids(result)[0] == examples.conversation_id(2)
        assert set(found_ids(result)[1:]) == {examples.conversation_id(number) for number in (1, 3, 4)}

    async def test_what_nobody_said_is_not_found(self, tier: LexicalIndex) -> None:
        await tier.add(documents=[_document(1, "rain")])
        for asked in (query("fox"), query(), query("' OR 1=1 --"), query("rai"), query("rain*"), query("%")):
            assert found_ids(await tier.search(scope=examples.scope(), query=asked, limit=9)) == []

    async def test_terms_are_compared_exactly_and_never_interpreted(self, tier: LexicalIndex) -> None:
        terms = [*examples.HOSTILE_IDS, "\u4f60\u597d", "NEAR", "AND", "a b", " "]
        documents = [
            attrs.evolve(_document(n, "x"), term_counts={term: 1}, words=frozenset([term]))
            for n, term in enumerate(terms, start=1)
        ]
        far_apart = [
            attrs.evolve(document, place=Place.resolve(channel_id=f"c{number}"))
            for number, document in enumerate(documents)
        ]
        await tier.add(documents=far_apart)
        for number, term in enumerate(terms, start=1):
            result = await tier.search(scope=examples.scope(), query=query(term), limit=9)
            assert found_ids(result) == [examples.conversation_id(number)]
        statistics = await tier.statistics(tenant_id="default", user_id="ana", terms=terms, words=terms)
        assert dict(statistics.document_frequency) == dict.fromkeys(terms, 1)
        assert dict(statistics.word_frequency) == dict.fromkeys(terms, 1)

    async def test_a_document_that_is_there_already_is_left_as_it_is(self, tier: LexicalIndex) -> None:
        await tier.add(documents=[_document(1, "fox")])
        await tier.add(documents=[_document(1, "rain rain")])
        statistics = await tier.statistics(
            tenant_id="default", user_id="ana", terms=["fox", "rain"], words=["fox", "rain"]
        )
        assert statistics.documents == 1
        assert dict(statistics.document_frequency) == {"fox": 1, "rain": 0}
        assert dict(statistics.word_frequency) == {"fox": 1}

    async def test_statistics_are_of_the_whole_user_and_of_nobody_else(self, tier: LexicalIndex) -> None:
        await tier.add(
            documents=[
                _document(1, "fox rain"),
                _document(2, "fox fox", place=examples.GARDEN),
                _document(3, "fox", user_id="bo"),
            ]
        )
        asked = ["fox", "rain", "porto"]
        statistics = await tier.statistics(tenant_id="default", user_id="ana", terms=asked, words=asked)
        assert statistics.documents == 2
        assert dict(statistics.document_frequency) == {"fox": 2, "rain": 1, "porto": 0}
        assert dict(statistics.word_frequency) == {"fox": 2, "rain": 1}
        nobody = await tier.statistics(tenant_id="acme", user_id="ana", terms=asked, words=asked)
        assert nobody.documents == 0
        assert dict(nobody.document_frequency) == dict.fromkeys(asked, 0)
        assert dict(nobody.word_frequency) == {}

    async def test_forgetting_takes_a_conversation_out_of_the_statistics(self, tier: LexicalIndex) -> None:
        await tier.add(documents=[_document(1, "fox rain"), _document(2, "fox"), _document(3, "rain")])
        await tier.forget_conversations(
            tenant_id="default", user_id="ana", conversation_ids=[examples.conversation_id(1)]
        )
        statistics = await tier.statistics(
            tenant_id="default", user_id="ana", terms=["fox", "rain"], words=["fox", "rain"]
        )
        assert statistics.documents == 2
        assert dict(statistics.document_frequency) == {"fox": 1, "rain": 1}
        assert dict(statistics.word_frequency) == {"fox": 1, "rain": 1}

    async def test_a_forgotten_conversation_can_be_indexed_again(self, tier: LexicalIndex) -> None:
        await tier.add(documents=[_document(1, "fox"), _document(2, "fox")])
        await tier.forget_conversations(
            tenant_id="default", user_id="ana", conversation_ids=[examples.conversation_id(1)]
        )
        await tier.add(documents=[_document(1, "fox")])
        result = await tier.search(scope=examples.scope(), query=query("fox"), limit=9)
        assert set(found_ids(result)) == {examples.conversation_id(1), examples.conversation_id(2)}

    async def test_a_document_without_terms_is_held_and_never_found(self, tier: LexicalIndex) -> None:
        empty = attrs.evolve(_document(1, "x", place=examples.GARDEN), term_counts={}, words=frozenset())
        await tier.add(documents=[empty, _document(2, "fox")])
        assert len(await tier.conversation_ids(tenant_id="default", user_id="ana")) == 2
        result = await tier.search(scope=examples.scope(), query=query("fox"), limit=9)
        assert found_ids(result) == [examples.conversation_id(2)]

    async def test_a_document_of_very_many_terms_is_indexed_whole(self, tier: LexicalIndex) -> None:
        terms = {f"term{number}": 1 for number in range(20_000)} | {"fox": 10**6}
        await tier.add(documents=[attrs.evolve(_document(1, "x"), term_counts=terms, words=frozenset(terms))])
        for term in ("term0", "term19999", "fox"):
            result = await tier.search(scope=examples.scope(), query=query(term), limit=9)
            assert found_ids(result) == [examples.conversation_id(1)]

    async def test_more_documents_than_a_block_holds_are_all_found(self, tier: LexicalIndex) -> None:
        documents = [_document(number, "fox" if number % 500 == 0 else "rain") for number in range(1, 2501)]
        await tier.add(documents=[attrs.evolve(item, session_id=str(item.sequence)) for item in documents])
        result = await tier.search(scope=examples.scope(), query=query("fox"), limit=9)
        assert found_ids(result) == [examples.conversation_id(number) for number in (2500, 2000, 1500, 1000, 500)]

    async def test_the_participant_who_is_asked_about_is_recognised(self, tier: LexicalIndex) -> None:
        item = attrs.evolve(examples.stored(1, user_message="i saw a fox"), user_name="Ana Sousa", bot_name="Robin")
        await tier.add(documents=[examples.lexical_document(item)])
        both = await tier.search(scope=examples.scope(), query=query("fox", words=["ana", "robin"]), limit=1)
        assert both.asked == 0
        ana = await tier.search(scope=examples.scope(), query=query("fox", words=["ana"]), limit=1)
        assert ana.asked != 0
        assert ana.matches[0].first_person == pytest.approx(1 / 3)
        assert ana.matches[0].share == pytest.approx(item.text_chars and 11 / item.text_chars, abs=0.01)

    @ANY_ADAPTER
    @given(history=histories(max_size=20), reader=scopes(), terms=st.sets(st.sampled_from(WORDS)), data=st.data())
    async def test_it_agrees_with_the_model(
        self, history: list[Conversation], reader: Scope, terms: set[str], data: st.DataObject
    ) -> None:
        documents = [examples.lexical_document(item) for item in history]
        forgotten = data.draw(st.lists(st.sampled_from(documents), max_size=3)) if documents else []
        asked = query(*sorted(terms))
        model = InMemoryLexicalIndex()
        async with self.make() as tier:
            for index in (model, tier):
                await index.add(documents=documents[::2])
                for document in forgotten:
                    await index.forget_conversations(
                        tenant_id=document.key.tenant_id,
                        user_id=document.key.user_id,
                        conversation_ids=[document.key.conversation_id],
                    )
                await index.add(documents=documents[1::2])
            expected = await model.search(scope=reader, query=asked, limit=99)
            actual = await tier.search(scope=reader, query=asked, limit=99)
            best = await tier.search(scope=reader, query=asked, limit=3)
            whom = {"tenant_id": reader.tenant_id, "user_id": reader.user_id}
            assert await tier.statistics(**whom, terms=WORDS, words=WORDS) == await model.statistics(
                **whom, terms=WORDS, words=WORDS
            )
        assert best.matches == actual.matches[:3]
        assert actual.idf == pytest.approx(expected.idf, rel=self.score_tolerance)
        assert actual.average_length == pytest.approx(expected.average_length, rel=self.score_tolerance)
        assert {match.conversation_id: match.score for match in actual.matches} == pytest.approx(
            {match.conversation_id: match.score for match in expected.matches}, rel=self.score_tolerance
        )
        times = {item.conversation_id: item.order for item in history}
        ranked = [(match.score, times[match.conversation_id]) for match in actual.matches]
        assert ranked == sorted(ranked, reverse=True)


def _document(
    number: int,
    text: str,
    *,
    user_id: str = "ana",
    place: Place = examples.DIRECT,
    minute: float | None = None,
) -> LexicalDocument:
    return examples.lexical_document(
        examples.stored(number, user_id=user_id, place=place, minute=minute, user_message=text)
    )


def _with_common_term(item: Conversation) -> LexicalDocument:
    document = examples.lexical_document(item)
    return attrs.evolve(document, term_counts={**document.term_counts, COMMON: 1}, words=document.words | {COMMON})
