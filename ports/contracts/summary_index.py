"""The contract of `SummaryIndex`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ...adapters.in_memory.summary_index import InMemorySummaryIndex
from ...domain.conversation import Conversation
from ...domain.derived import Intent, Summary
from ...domain.place import Place, Scope
from ..summary_index import SemanticMatch, SummaryIndex, SummaryRecord
from . import examples
from .derived_tier import DerivedTierContract
from .strategies import ANY_ADAPTER, histories, scopes


def found_ids(matches: Sequence[SemanticMatch]) -> list[str]:
    """Ids of the matches, best first."""
    return [match.conversation_id for match in matches]


class SummaryIndexContract(DerivedTierContract[SummaryIndex]):
    """What a summary index promises.

    Attributes:
        dimensions: length of the vectors that the adapter is made for; at least 3.
        similarity_tolerance: how far a cosine may be from the exact one, e.g. because vectors are kept in 16 bits.
    """

    dimensions: int = 8
    similarity_tolerance: float = 2e-3

    def vector(self, *values: float) -> npt.NDArray[np.float32]:
        """A unit vector in that direction."""
        return examples.unit_vector(*values, dimensions=self.dimensions)

    def record(self, number: int, *values: float, place: Place = examples.DIRECT) -> SummaryRecord:
        """A record of Ana's with a vector in that direction; without values: without a vector."""
        item = examples.stored(number, place=place)
        return examples.summary_record(item, vector=self.vector(*values) if values else None)

    async def hold(self, tier: SummaryIndex, conversations: Sequence[Conversation]) -> None:
        """Adds summaries that all have the same vector."""
        await tier.add(records=[examples.summary_record(item, vector=self.vector(1)) for item in conversations])

    async def found(self, tier: SummaryIndex, scope: Scope, *, limit: int) -> list[str]:
        """What that vector brings back."""
        return found_ids(await tier.search(scope=scope, vector=self.vector(1), limit=limit))

    async def test_the_highest_cosine_comes_first(self, tier: SummaryIndex) -> None:
        await tier.add(records=[self.record(1, 0, 1), self.record(2, 1, 1), self.record(3, 1), self.record(4, -1)])
        matches = await tier.search(scope=examples.scope(), vector=self.vector(1), limit=9)
        assert found_ids(matches) == [examples.conversation_id(number) for number in (3, 2, 1, 4)]
        expected = pytest.approx([1, 0.5**0.5, 0, -1], abs=self.similarity_tolerance)
        assert [match.similarity for match in matches] == expected
        assert await tier.search(scope=examples.scope(), vector=self.vector(1), limit=2) == matches[:2]

    async def test_equal_ones_come_by_conversation_id(self, tier: SummaryIndex) -> None:
        await tier.add(records=[self.record(number, 1, 2, 3) for number in (4, 2, 5, 1, 3)])
        matches = await tier.search(scope=examples.scope(), vector=self.vector(1), limit=4)
        assert found_ids(matches) == [examples.conversation_id(number) for number in (1, 2, 3, 4)]

    async def test_records_without_a_vector_are_held_and_never_found(self, tier: SummaryIndex) -> None:
        await tier.add(records=[self.record(1), self.record(2, 1)])
        matches = await tier.search(scope=examples.scope(), vector=self.vector(1), limit=9)
        assert found_ids(matches) == [examples.conversation_id(2)]
        summaries = await tier.summaries(scope=examples.scope(), conversation_ids=[examples.conversation_id(1)])
        assert list(summaries) == [examples.conversation_id(1)]

    async def test_adding_again_replaces_summary_and_vector(self, tier: SummaryIndex) -> None:
        item = examples.stored(1)
        await tier.add(records=[examples.summary_record(item, vector=self.vector(1), text="first")])
        await tier.search(scope=examples.scope(), vector=self.vector(1), limit=1)
        await tier.add(records=[examples.summary_record(item, vector=self.vector(0, 1), text="second")])
        (match,) = await tier.search(scope=examples.scope(), vector=self.vector(0, 1), limit=9)
        assert match.similarity == pytest.approx(1, abs=self.similarity_tolerance)
        summaries = await tier.summaries(scope=examples.scope(), conversation_ids=[item.conversation_id])
        assert summaries[item.conversation_id].text == "second"

    async def test_a_vector_can_be_taken_away_again(self, tier: SummaryIndex) -> None:
        await tier.add(records=[self.record(1, 1)])
        await tier.add(records=[self.record(1)])
        assert await tier.search(scope=examples.scope(), vector=self.vector(1), limit=9) == []

    async def test_a_search_sees_what_was_added_after_an_earlier_search(self, tier: SummaryIndex) -> None:
        for number in range(1, 6):
            await tier.add(records=[self.record(number, 1)])
            matches = await tier.search(scope=examples.scope(), vector=self.vector(1), limit=9)
            assert found_ids(matches) == [examples.conversation_id(item) for item in range(1, number + 1)]

    async def test_a_summary_comes_back_with_every_field(self, tier: SummaryIndex) -> None:
        item = examples.full_conversation()
        summary = Summary(
            key=item.key,
            text="Ana: My sister moved to Porto",
            place=item.place,
            bot_id=item.bot_id,
            occurred_at=item.occurred_at,
            intent=Intent.OPINION,
        )
        await tier.add(records=[SummaryRecord(summary=summary, vector=self.vector(1))])
        reader = examples.scope(tenant_id="acme", bot_id="robin")
        assert await tier.summaries(scope=reader, conversation_ids=[item.conversation_id]) == {
            item.conversation_id: summary
        }

    async def test_no_text_breaks_a_summary(self, tier: SummaryIndex) -> None:
        texts = {examples.conversation_id(n): text[:150] for n, text in enumerate(examples.HOSTILE_TEXTS)}
        records = [
            examples.summary_record(examples.stored(number), text=text[:150])
            for number, text in enumerate(examples.HOSTILE_TEXTS)
        ]
        await tier.add(records=records)
        summaries = await tier.summaries(scope=examples.scope(), conversation_ids=list(texts))
        assert {number: summary.text for number, summary in summaries.items()} == texts

    @ANY_ADAPTER
    @given(history=histories(), reader=scopes())
    async def test_summaries_are_those_that_the_scope_may_see(self, history: list[Conversation], reader: Scope) -> None:
        wanted = [*examples.ids(history), examples.conversation_id(99), "", "' OR 1=1 --"]
        async with self.make() as tier:
            await self.hold(tier, history)
            summaries = await tier.summaries(scope=reader, conversation_ids=wanted)
        assert summaries == {
            item.conversation_id: examples.summary_record(item).summary for item in history if item.visible_in(reader)
        }

    async def test_summaries_of_no_or_very_many_ids_can_be_asked_for(self, tier: SummaryIndex) -> None:
        await tier.add(records=[self.record(4242, 1)])
        many = [examples.conversation_id(number) for number in range(5000)]
        assert len(await tier.summaries(scope=examples.scope(), conversation_ids=many)) == 1
        assert await tier.summaries(scope=examples.scope(), conversation_ids=[]) == {}

    async def test_what_is_given_is_not_kept_by_reference(self, tier: SummaryIndex) -> None:
        vector = self.vector(1)
        await tier.add(records=[examples.summary_record(examples.stored(1), vector=vector)])
        vector[:] = self.vector(0, 1)
        (match,) = await tier.search(scope=examples.scope(), vector=self.vector(1), limit=1)
        assert match.similarity == pytest.approx(1, abs=self.similarity_tolerance)

    @ANY_ADAPTER
    @given(history=histories(max_size=20), reader=scopes(), seed=st.integers(0, 2**32 - 1), limit=st.integers(1, 6))
    async def test_it_agrees_with_the_model(
        self, history: list[Conversation], reader: Scope, seed: int, limit: int
    ) -> None:
        numbers = np.random.default_rng(seed)
        records = [
            examples.summary_record(item, vector=self.vector(*numbers.normal(size=self.dimensions))) for item in history
        ]
        asked = self.vector(*numbers.normal(size=self.dimensions))
        model = InMemorySummaryIndex()
        async with self.make() as tier:
            for index in (model, tier):
                await index.add(records=records)
            expected = {
                match.conversation_id: match.similarity
                for match in await model.search(scope=reader, vector=asked, limit=99)
            }
            whole = await tier.search(scope=reader, vector=asked, limit=99)
            best = await tier.search(scope=reader, vector=asked, limit=limit)
        assert best == whole[:limit]
        similarities = {match.conversation_id: match.similarity for match in whole}
        assert similarities == pytest.approx(expected, abs=self.similarity_tolerance)
        assert list(similarities.values()) == sorted(similarities.values(), reverse=True)
