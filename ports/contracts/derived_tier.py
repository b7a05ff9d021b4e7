"""What holds for every tier that is derived from the archive, written once for the four of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ...domain.conversation import Conversation
from ...domain.place import Place, Scope
from ..derived_tier import DerivedTier
from . import examples
from .strategies import ANY_ADAPTER, histories, scopes

TierT = TypeVar("TierT", bound=DerivedTier)

TASKS = 20
"""How many callers act at once."""


class DerivedTierContract(Generic[TierT]):
    """Isolation, forgetting and idempotence of a projection.

    Attributes:
        capacity: how many conversations of a user the tier holds at least.
    """

    capacity: int = 1000

    def make(self) -> AbstractAsyncContextManager[TierT]:
        """A fresh, empty adapter."""
        raise NotImplementedError

    async def hold(self, tier: TierT, conversations: Sequence[Conversation]) -> None:
        """Adds conversations to the tier in one call."""
        raise NotImplementedError

    async def found(self, tier: TierT, scope: Scope, *, limit: int) -> list[str]:
        """Ids of what was added with `hold`, as a reader of that scope gets them through the tier's own question."""
        raise NotImplementedError

    @pytest.fixture
    async def tier(self) -> AsyncIterator[TierT]:
        """A fresh, empty adapter, open for one test."""
        async with self.make() as tier:
            yield tier

    async def test_what_was_added_is_found_at_once(self, tier: TierT) -> None:
        await self.hold(tier, [examples.stored(1)])
        assert await self.found(tier, examples.scope(), limit=5) == [examples.conversation_id(1)]
        assert await tier.conversation_ids(tenant_id="default", user_id="ana") == {examples.conversation_id(1)}

    async def test_an_empty_tier_answers_that_there_is_nothing(self, tier: TierT) -> None:
        assert await self.found(tier, examples.scope(), limit=5) == []
        assert await tier.conversation_ids(tenant_id="default", user_id="ana") == frozenset()
        assert await tier.forget_user(tenant_id="default", user_id="ana") == 0

    async def test_adding_nothing_is_allowed(self, tier: TierT) -> None:
        await self.hold(tier, [])
        assert await self.found(tier, examples.scope(), limit=5) == []

    async def test_adding_twice_changes_nothing(self, tier: TierT) -> None:
        await self.hold(tier, [examples.stored(1), examples.stored(2)])
        once = await self.found(tier, examples.scope(), limit=5)
        await self.hold(tier, [examples.stored(2), examples.stored(1)])
        assert await self.found(tier, examples.scope(), limit=5) == once

    async def test_the_same_conversation_twice_in_one_call_counts_once(self, tier: TierT) -> None:
        await self.hold(tier, [examples.stored(1), examples.stored(1)])
        assert await self.found(tier, examples.scope(), limit=5) == [examples.conversation_id(1)]

    @ANY_ADAPTER
    @given(history=histories(max_size=8, max_users=1), data=st.data())
    async def test_delivery_in_any_order_and_twice_ends_in_the_same_state(
        self, history: list[Conversation], data: st.DataObject
    ) -> None:
        delivered = data.draw(st.permutations(history))
        again = data.draw(st.lists(st.sampled_from(history), max_size=3)) if history else []
        async with self.make() as in_order, self.make() as out_of_order:
            await self.hold(in_order, history)
            for item in [*delivered, *again]:
                await self.hold(out_of_order, [item])
            for reader in (examples.scope(), examples.scope(place=examples.GARDEN), examples.scope(bot_id="robin")):
                assert await self.found(out_of_order, reader, limit=50) == await self.found(in_order, reader, limit=50)

    @ANY_ADAPTER
    @given(history=histories(), reader=scopes())
    async def test_a_reader_finds_exactly_what_the_scope_may_see(
        self, history: list[Conversation], reader: Scope
    ) -> None:
        async with self.make() as tier:
            await self.hold(tier, history)
            found = await self.found(tier, reader, limit=50)
        assert len(found) == len(set(found))
        assert set(found) == {item.conversation_id for item in history if item.visible_in(reader)}

    async def test_the_scope_is_applied_before_the_limit(self, tier: TierT) -> None:
        visible = examples.stored(1, place=examples.SQUARE)
        others = [examples.stored(number, place=examples.CELLAR) for number in range(2, 41)]
        others += [examples.stored(number, place=examples.SQUARE, bot_id="robin") for number in range(41, 80)]
        await self.hold(tier, [visible, *others])
        reader = examples.scope(place=examples.SQUARE)
        assert await self.found(tier, reader, limit=1) == [visible.conversation_id]

    async def test_ids_are_compared_exactly_and_never_interpreted(self, tier: TierT) -> None:
        users = [examples.stored(number, user_id=name) for number, name in enumerate(examples.HOSTILE_IDS, start=1)]
        await self.hold(tier, users)
        for item in users:
            reader = examples.scope(user_id=item.user_id)
            assert await self.found(tier, reader, limit=5) == [item.conversation_id]
            held = await tier.conversation_ids(tenant_id="default", user_id=item.user_id)
            assert held == {item.conversation_id}
        for item in users[::2]:
            await tier.forget_user(tenant_id="default", user_id=item.user_id)
        for number, item in enumerate(users):
            expected = [item.conversation_id] if number % 2 else []
            assert await self.found(tier, examples.scope(user_id=item.user_id), limit=5) == expected

    async def test_hostile_tenants_bots_and_channels_stay_apart(self, tier: TierT) -> None:
        history = []
        for number, name in enumerate(examples.HOSTILE_IDS):
            place = Place.resolve(channel_id=name, server_id="town")
            history.append(examples.stored(3 * number + 1, tenant_id=name))
            history.append(examples.stored(3 * number + 2, bot_id=name, user_id="bots"))
            history.append(examples.stored(3 * number + 3, place=place, user_id="channels"))
        await self.hold(tier, history)
        for number, name in enumerate(examples.HOSTILE_IDS):
            place = Place.resolve(channel_id=name, server_id="town")
            readers = (
                examples.scope(tenant_id=name),
                examples.scope(user_id="bots", bot_id=name),
                examples.scope(user_id="channels", place=place),
            )
            for offset, reader in enumerate(readers, start=1):
                assert await self.found(tier, reader, limit=5) == [examples.conversation_id(3 * number + offset)]

    async def test_forgetting_a_user_leaves_nothing_of_that_user_and_everything_of_others(self, tier: TierT) -> None:
        mine = [examples.stored(1), examples.stored(2, place=examples.GARDEN), examples.stored(3, bot_id="robin")]
        others = [examples.stored(4, user_id="bo"), examples.stored(5, tenant_id="acme")]
        await self.hold(tier, [*mine, *others])
        assert await tier.forget_user(tenant_id="default", user_id="ana") > 0
        for reader in (examples.scope(), examples.scope(place=examples.GARDEN), examples.scope(bot_id="robin")):
            assert await self.found(tier, reader, limit=5) == []
        assert await tier.conversation_ids(tenant_id="default", user_id="ana") == frozenset()
        assert await self.found(tier, examples.scope(user_id="bo"), limit=5) == [examples.conversation_id(4)]
        assert await self.found(tier, examples.scope(tenant_id="acme"), limit=5) == [examples.conversation_id(5)]
        assert await tier.forget_user(tenant_id="default", user_id="ana") == 0

    async def test_a_forgotten_user_can_begin_anew(self, tier: TierT) -> None:
        await self.hold(tier, [examples.stored(1)])
        await tier.forget_user(tenant_id="default", user_id="ana")
        await self.hold(tier, [examples.stored(2)])
        assert await self.found(tier, examples.scope(), limit=5) == [examples.conversation_id(2)]

    async def test_forgetting_conversations_takes_these_and_leaves_the_rest(self, tier: TierT) -> None:
        await self.hold(tier, [examples.stored(number) for number in range(1, 6)])
        gone = [examples.conversation_id(number) for number in (2, 4, 99, 2)] + ["", "' OR 1=1 --"]
        assert await tier.forget_conversations(tenant_id="default", user_id="ana", conversation_ids=gone) > 0
        left = {examples.conversation_id(number) for number in (1, 3, 5)}
        assert set(await self.found(tier, examples.scope(), limit=9)) == left
        assert await tier.conversation_ids(tenant_id="default", user_id="ana") == left
        assert await tier.forget_conversations(tenant_id="default", user_id="ana", conversation_ids=gone) == 0

    async def test_a_user_cannot_forget_what_is_of_another(self, tier: TierT) -> None:
        others = [examples.stored(1, user_id="bo"), examples.stored(2, tenant_id="acme")]
        await self.hold(tier, others)
        stranger = [item.conversation_id for item in others]
        assert await tier.forget_conversations(tenant_id="default", user_id="ana", conversation_ids=stranger) == 0
        assert await self.found(tier, examples.scope(user_id="bo"), limit=5) == [examples.conversation_id(1)]
        assert await self.found(tier, examples.scope(tenant_id="acme"), limit=5) == [examples.conversation_id(2)]

    async def test_forgetting_no_or_very_many_conversations_is_allowed(self, tier: TierT) -> None:
        await self.hold(tier, [examples.stored(1)])
        assert await tier.forget_conversations(tenant_id="default", user_id="ana", conversation_ids=[]) == 0
        many = [examples.conversation_id(number) for number in range(5000)]
        assert await tier.forget_conversations(tenant_id="default", user_id="ana", conversation_ids=many) > 0
        assert await self.found(tier, examples.scope(), limit=5) == []

    async def test_what_is_added_by_many_at_once_is_all_there(self, tier: TierT) -> None:
        count = min(TASKS, self.capacity)
        history = [examples.stored(number) for number in range(1, count + 1)]
        await asyncio.gather(*(self.hold(tier, [item]) for item in history))
        assert set(await self.found(tier, examples.scope(), limit=50)) == set(examples.ids(history))

    async def test_adding_and_forgetting_at_once_do_not_disturb_other_users(self, tier: TierT) -> None:
        async def come_and_go(number: int) -> None:
            user_id = f"user-{number}"
            await self.hold(tier, [examples.stored(number, user_id=user_id)])
            if number % 2:
                await tier.forget_user(tenant_id="default", user_id=user_id)

        await asyncio.gather(*(come_and_go(number) for number in range(TASKS)))
        for number in range(TASKS):
            expected = [] if number % 2 else [examples.conversation_id(number)]
            assert await self.found(tier, examples.scope(user_id=f"user-{number}"), limit=5) == expected

    async def test_a_cancelled_addition_has_happened_or_not(self, tier: TierT) -> None:
        task = asyncio.create_task(self.hold(tier, [examples.stored(1), examples.stored(2)]))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await self.hold(tier, [examples.stored(1), examples.stored(2)])
        both = {examples.conversation_id(1), examples.conversation_id(2)}
        assert set(await self.found(tier, examples.scope(), limit=5)) == both

    async def test_its_size_is_told_in_bytes(self, tier: TierT) -> None:
        assert await tier.size_bytes() >= 0
        await self.hold(tier, [examples.stored(number) for number in range(1, 11)])
        assert await tier.size_bytes() > 0
