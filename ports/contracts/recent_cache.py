"""The contract of `RecentCache`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

import attrs
from hypothesis import given
from hypothesis import strategies as st

from ...domain.conversation import Conversation
from ...domain.place import Scope
from ...domain.recent_window import RecentWindow, WindowKey, windows_for
from ..recent_cache import RecentCache
from . import examples
from .derived_tier import DerivedTierContract
from .strategies import ANY_ADAPTER

KEY = WindowKey(tenant_id="default", user_id="ana", bot_id="default", compartment=None)
"""The window of everything that Ana and the default bot said."""


async def read(tier: RecentCache, key: WindowKey = KEY) -> RecentWindow:
    """One window."""
    (window,) = await tier.read(keys=[key])
    return window


class RecentCacheContract(DerivedTierContract[RecentCache]):
    """What a recent-context cache promises.

    Attributes:
        size: how many conversations the adapter's windows hold.
        short_ttl_s: a time to live that a test can wait for, and that does not run out within a few calls.
    """

    size: int = 20
    short_ttl_s: float = 0.8
    capacity = 20

    def make(self, *, ttl_s: float = 1800) -> AbstractAsyncContextManager[RecentCache]:
        """A fresh, empty cache whose windows live that many seconds."""
        raise NotImplementedError

    async def let_pass(self, seconds: float) -> None:
        """Lets the time of the adapter pass; override it where its clock can be set."""
        await asyncio.sleep(seconds)

    async def hold(self, tier: RecentCache, conversations: Sequence[Conversation]) -> None:
        """Pushes the conversations under epoch 0, both for one bot and for all."""
        entries = [examples.cached(item) for item in conversations]
        shared = [
            attrs.evolve(entry, windows=tuple(attrs.evolve(key, bot_id=None) for key in entry.windows))
            for entry in entries
        ]
        await tier.push(entries=[*entries, *shared])

    async def found(self, tier: RecentCache, scope: Scope, *, limit: int) -> list[str]:  # noqa: ARG002  windows have theirs
        """The reader's windows, one after the other."""
        windows = await tier.read(keys=windows_for(scope))
        return [item.conversation_id for window in windows for item in window.conversations]

    async def test_a_missing_window_is_empty_incomplete_and_of_epoch_0(self, tier: RecentCache) -> None:
        assert await read(tier) == RecentWindow(key=KEY, conversations=(), complete=False, epoch=0)

    async def test_a_pushed_window_is_not_taken_for_all(self, tier: RecentCache) -> None:
        await tier.push(entries=[examples.cached(examples.stored(1), epoch=3)])
        window = await read(tier)
        assert window == RecentWindow(key=KEY, conversations=(examples.stored(1),), complete=False, epoch=3)

    async def test_conversations_are_chronological_and_equal_times_in_the_order_of_storing(
        self, tier: RecentCache
    ) -> None:
        history = [examples.stored(1, minute=5), examples.stored(2, minute=1), examples.stored(3, minute=5)]
        await self.hold(tier, history[::-1])
        assert examples.ids((await read(tier)).conversations) == [
            examples.conversation_id(number) for number in (2, 1, 3)
        ]

    @ANY_ADAPTER
    @given(st.data())
    async def test_a_window_keeps_the_latest_in_whatever_order_they_come(self, data: st.DataObject) -> None:
        count = self.size + data.draw(st.integers(-2, 5))
        history = [examples.stored(number, minute=data.draw(st.integers(0, 30))) for number in range(1, count + 1)]
        batches = data.draw(st.integers(1, 5))
        delivered = data.draw(st.permutations(history))
        async with self.make() as tier:
            for start in range(batches):
                await self.hold(tier, delivered[start::batches])
            window = await read(tier)
        latest = sorted(history, key=lambda item: item.order)[-self.size :]
        assert window.conversations == tuple(latest)

    async def test_a_conversation_comes_back_with_every_field(self, tier: RecentCache) -> None:
        item = examples.full_conversation()
        entry = examples.cached(item)
        await tier.push(entries=[entry])
        for key in entry.windows:
            (back,) = (await read(tier, key)).conversations
            assert back == item

    async def test_no_text_breaks_a_window(self, tier: RecentCache) -> None:
        history = [
            examples.stored(number, user_message=text) for number, text in enumerate(examples.HOSTILE_TEXTS, start=1)
        ]
        await self.hold(tier, history)
        assert (await read(tier)).conversations == tuple(history)

    async def test_a_megabyte_of_text_fits(self, tier: RecentCache) -> None:
        item = examples.stored(user_message=examples.MEGABYTE_TEXT)
        await self.hold(tier, [item])
        assert (await read(tier)).conversations == (item,)

    async def test_a_filled_window_is_complete(self, tier: RecentCache) -> None:
        await tier.fill(key=KEY, conversations=[examples.stored(2), examples.stored(1)], epoch=1)
        expected = (examples.stored(1), examples.stored(2))
        assert await read(tier) == RecentWindow(key=KEY, conversations=expected, complete=True, epoch=1)

    async def test_a_window_filled_with_nothing_is_complete_too(self, tier: RecentCache) -> None:
        await tier.fill(key=KEY, conversations=[], epoch=0)
        assert await read(tier) == RecentWindow(key=KEY, conversations=(), complete=True, epoch=0)

    async def test_filling_keeps_what_was_pushed_meanwhile(self, tier: RecentCache) -> None:
        await self.hold(tier, [examples.stored(3)])
        await tier.fill(key=KEY, conversations=[examples.stored(1), examples.stored(2)], epoch=0)
        window = await read(tier)
        assert window.complete
        assert window.conversations == tuple(examples.stored(number) for number in (1, 2, 3))

    async def test_filling_twice_changes_nothing(self, tier: RecentCache) -> None:
        for _ in range(2):
            await tier.fill(key=KEY, conversations=[examples.stored(1)], epoch=0)
        assert (await read(tier)).conversations == (examples.stored(1),)

    async def test_a_filled_window_keeps_the_latest(self, tier: RecentCache) -> None:
        history = [examples.stored(number) for number in range(1, self.size + 4)]
        await tier.fill(key=KEY, conversations=history, epoch=0)
        assert (await read(tier)).conversations == tuple(history[-self.size :])

    async def test_a_complete_window_stays_complete_when_something_is_pushed(self, tier: RecentCache) -> None:
        await tier.fill(key=KEY, conversations=[examples.stored(1)], epoch=2)
        await tier.push(entries=[examples.cached(examples.stored(2), epoch=2)])
        window = await read(tier)
        assert window.complete
        assert window.conversations == (examples.stored(1), examples.stored(2))

    async def test_filling_one_window_does_not_complete_another(self, tier: RecentCache) -> None:
        await self.hold(tier, [examples.stored(1)])
        await tier.fill(key=KEY, conversations=[examples.stored(1)], epoch=0)
        assert not (await read(tier, attrs.evolve(KEY, compartment="direct"))).complete

    async def test_a_push_of_a_newer_epoch_replaces_the_window_by_an_incomplete_one(self, tier: RecentCache) -> None:
        await tier.fill(key=KEY, conversations=[examples.stored(1)], epoch=1)
        await tier.push(entries=[examples.cached(examples.stored(2), epoch=2)])
        expected = RecentWindow(key=KEY, conversations=(examples.stored(2),), complete=False, epoch=2)
        assert await read(tier) == expected

    async def test_a_push_of_an_older_epoch_is_dropped(self, tier: RecentCache) -> None:
        await tier.fill(key=KEY, conversations=[examples.stored(2)], epoch=2)
        await tier.push(entries=[examples.cached(examples.stored(1), epoch=1)])
        expected = RecentWindow(key=KEY, conversations=(examples.stored(2),), complete=True, epoch=2)
        assert await read(tier) == expected

    async def test_a_fill_of_an_older_epoch_leaves_a_newer_window_alone(self, tier: RecentCache) -> None:
        await tier.push(entries=[examples.cached(examples.stored(2), epoch=2)])
        await tier.fill(key=KEY, conversations=[examples.stored(1)], epoch=1)
        expected = RecentWindow(key=KEY, conversations=(examples.stored(2),), complete=False, epoch=2)
        assert await read(tier) == expected

    async def test_a_fill_of_a_newer_epoch_replaces_the_window(self, tier: RecentCache) -> None:
        await tier.push(entries=[examples.cached(examples.stored(1), epoch=1)])
        await tier.fill(key=KEY, conversations=[examples.stored(2)], epoch=2)
        expected = RecentWindow(key=KEY, conversations=(examples.stored(2),), complete=True, epoch=2)
        assert await read(tier) == expected

    @ANY_ADAPTER
    @given(epochs=st.lists(st.integers(0, 3), min_size=1, max_size=8))
    async def test_in_any_order_only_the_newest_epoch_remains(self, epochs: list[int]) -> None:
        async with self.make() as tier:
            for number, epoch in enumerate(epochs, start=1):
                await tier.push(entries=[examples.cached(examples.stored(number), epoch=epoch)])
            window = await read(tier)
        newest = [number for number, epoch in enumerate(epochs, start=1) if epoch == max(epochs)]
        assert window.epoch == max(epochs)
        assert examples.ids(window.conversations) == [examples.conversation_id(number) for number in newest]

    async def test_windows_come_in_the_order_of_the_keys(self, tier: RecentCache) -> None:
        await self.hold(tier, [examples.stored(1), examples.stored(2, user_id="bo")])
        keys = [attrs.evolve(KEY, user_id=name) for name in ("bo", "nobody", "ana", "bo")]
        windows = await tier.read(keys=keys)
        assert [window.key for window in windows] == keys
        assert [examples.ids(window.conversations) for window in windows] == [
            [examples.conversation_id(2)],
            [],
            [examples.conversation_id(1)],
            [examples.conversation_id(2)],
        ]
        assert await tier.read(keys=[]) == []

    async def test_what_is_of_another_user_than_the_key_is_dropped_and_the_window_is_not_all(
        self, tier: RecentCache
    ) -> None:
        strangers = [examples.stored(2, user_id="bo"), examples.stored(3, tenant_id="acme")]
        await tier.fill(key=KEY, conversations=[examples.stored(1), *strangers], epoch=0)
        window = await read(tier)
        assert window.conversations == (examples.stored(1),)
        assert not window.complete

    async def test_a_window_expires_as_a_whole(self) -> None:
        async with self.make(ttl_s=self.short_ttl_s) as tier:
            await tier.fill(key=KEY, conversations=[examples.stored(1)], epoch=5)
            await self.let_pass(self.short_ttl_s * 1.1)
            assert await read(tier) == RecentWindow(key=KEY, conversations=(), complete=False, epoch=0)

    async def test_an_expired_window_begins_anew_and_incomplete(self) -> None:
        async with self.make(ttl_s=self.short_ttl_s) as tier:
            await tier.fill(key=KEY, conversations=[examples.stored(1)], epoch=5)
            await self.let_pass(self.short_ttl_s * 1.1)
            await tier.push(entries=[examples.cached(examples.stored(2), epoch=0)])
            expected = RecentWindow(key=KEY, conversations=(examples.stored(2),), complete=False, epoch=0)
            assert await read(tier) == expected

    async def test_a_push_renews_the_time_of_a_window(self) -> None:
        async with self.make(ttl_s=self.short_ttl_s) as tier:
            await tier.fill(key=KEY, conversations=[examples.stored(1)], epoch=0)
            await self.let_pass(self.short_ttl_s * 0.6)
            await tier.push(entries=[examples.cached(examples.stored(2))])
            await self.let_pass(self.short_ttl_s * 0.6)
            window = await read(tier)
        assert window.complete
        assert window.conversations == (examples.stored(1), examples.stored(2))

    async def test_pushing_and_filling_at_once_lose_nothing(self, tier: RecentCache) -> None:
        count = min(20, self.size)
        archived = [examples.stored(number) for number in range(1, count // 2 + 1)]
        pushed = [examples.stored(number) for number in range(count // 2 + 1, count + 1)]
        await asyncio.gather(
            *(tier.push(entries=[examples.cached(item)]) for item in pushed[::2]),
            tier.fill(key=KEY, conversations=archived, epoch=0),
            *(tier.push(entries=[examples.cached(item)]) for item in pushed[1::2]),
        )
        window = await read(tier)
        assert window.complete
        assert window.conversations == (*archived, *pushed)
