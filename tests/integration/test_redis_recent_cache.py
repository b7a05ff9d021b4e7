"""What a window on a Redis server does beyond the contract: damaged values, many writers, what it leaves there."""

import asyncio
import contextlib
import random
import uuid
from collections.abc import AsyncIterator, Callable

import attrs
import pytest
import redis.asyncio as redis

from talktiers.adapters.redis.cache_entries import entry_of, field_of
from talktiers.adapters.redis.recent_cache import RedisRecentCache
from talktiers.adapters.redis.server import RedisServer
from talktiers.domain.recent_window import RecentWindow, WindowKey
from talktiers.ports.contracts import examples

KEY = WindowKey(tenant_id="default", user_id="ana", bot_id="default", compartment=None)
ANA = {"tenant_id": "default", "user_id": "ana"}
EMPTY = RecentWindow(key=KEY, conversations=(), complete=False, epoch=0)


@attrs.frozen
class Opened:
    """A cache of one test's own, and a plain client to look at what it stores."""

    cache: RedisRecentCache
    client: redis.Redis
    server: RedisServer

    @property
    def window(self) -> str:
        return self.server.keys.window_and_register(KEY)[0]

    @property
    def register(self) -> str:
        return self.server.keys.register(**ANA)

    async def read(self) -> RecentWindow:
        (window,) = await self.cache.read(keys=[KEY])
        return window

    async def fill(self, *numbers: int, epoch: int = 0) -> None:
        await self.cache.fill(key=KEY, conversations=[examples.stored(number) for number in numbers], epoch=epoch)

    async def keys(self) -> list[bytes]:
        return [key async for key in self.client.scan_iter(match=self.server.keys.pattern, count=1000)]


@pytest.fixture
async def opened(redis_url: str) -> AsyncIterator[Opened]:
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(RedisServer(url=redis_url, key_prefix=f"test-{uuid.uuid4()}"))
        client = await stack.enter_async_context(redis.from_url(redis_url))
        yield Opened(RedisRecentCache(server=server), client, server)


@pytest.mark.parametrize(
    "poison",
    [
        b"",
        b"\xff\xfe\x00",
        b"{not json",
        b"[" * 50_000,
        b"[]",
        b"null",
        b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07builtin\x94.",  # pickled
        entry_of(examples.stored(2))[:-10],
        entry_of(examples.stored(2, user_id="bo")),
        entry_of(examples.stored(2, tenant_id="acme")),
    ],
    ids=lambda poison: poison[:12],
)
async def test_a_damaged_entry_is_a_miss_is_removed_and_the_rest_stays(opened: Opened, poison: bytes) -> None:
    await opened.fill(1, 2, 3, epoch=4)
    await opened.client.hset(opened.window, field_of(examples.stored(2)), poison)
    expected = RecentWindow(key=KEY, conversations=(examples.stored(1), examples.stored(3)), complete=False, epoch=4)
    assert await opened.read() == expected
    assert poison not in await opened.client.hvals(opened.window)
    assert await opened.read() == expected
    await opened.fill(1, 2, 3, epoch=4)
    assert (await opened.read()).complete


async def test_a_window_of_which_nothing_is_left_goes(opened: Opened) -> None:
    await opened.fill(1)
    await opened.client.hset(opened.window, field_of(examples.stored(1)), b"x")
    assert (await opened.read()).conversations == ()
    assert await opened.keys() == []


async def test_a_field_that_is_no_conversation_is_removed(opened: Opened) -> None:
    await opened.fill(1, 2)
    await opened.client.hset(opened.window, mapping={"": "x", "zzz": "x", "9" * 37: entry_of(examples.stored(3))})
    window = await opened.read()
    assert window.conversations == (examples.stored(1), examples.stored(2))
    assert not window.complete
    assert await opened.client.hlen(opened.window) == 3


@pytest.mark.parametrize("state", [b"", b"x", b"-1 20", b"1", b"1 20 3", b"1.5 20", b"1e3 20", b"9" * 30 + b" 1", None])
@pytest.mark.parametrize("push_first", [False, True])
async def test_a_window_without_a_valid_state_is_a_miss_and_begins_anew(
    opened: Opened, state: bytes | None, push_first: bool
) -> None:
    await opened.fill(1)
    if state is None:
        await opened.client.hdel(opened.window, "state")
    else:
        await opened.client.hset(opened.window, "state", state)
    if not push_first:
        assert await opened.read() == EMPTY
        assert await opened.keys() == []
    await opened.cache.push(entries=[examples.cached(examples.stored(2), epoch=1)])
    assert await opened.read() == RecentWindow(key=KEY, conversations=(examples.stored(2),), complete=False, epoch=1)


async def _as_text(client: redis.Redis, key: str) -> None:
    await client.set(key, "x")


async def _as_list(client: redis.Redis, key: str) -> None:
    await client.rpush(key, "x")


async def _as_set(client: redis.Redis, key: str) -> None:
    await client.sadd(key, "x")


@pytest.mark.parametrize("put", [_as_text, _as_list, _as_set])
async def test_a_key_of_another_type_is_a_miss_and_deleted(opened: Opened, put: Callable) -> None:  # type: ignore[type-arg]
    await opened.fill(1)
    for act in (opened.read, lambda: opened.fill(2), lambda: opened.cache.forget_user(**ANA)):
        await opened.client.delete(opened.window)
        await put(opened.client, opened.window)
        assert await opened.cache.conversation_ids(**ANA) == frozenset()
        await act()
        assert await opened.client.type(opened.window) in {b"none", b"hash"}
    await opened.client.delete(opened.register)
    await put(opened.client, opened.register)
    await opened.fill(1)
    assert await opened.cache.conversation_ids(**ANA) == {examples.conversation_id(1)}


async def test_fifty_pushes_of_one_window_at_once_keep_the_latest_twenty(opened: Opened, redis_url: str) -> None:
    history = [examples.stored(number) for number in range(1, 51)]
    async with RedisServer(url=redis_url, key_prefix=opened.server.keys.pattern.partition(":")[0]) as other_process:
        caches = (opened.cache, RedisRecentCache(server=other_process))
        await asyncio.gather(
            *(
                caches[number % 2].push(entries=[examples.cached(item)])
                for number, item in enumerate(random.sample(history, 50))
            )
        )
    assert (await opened.read()).conversations == tuple(history[30:])
    assert await opened.client.hlen(opened.window) == 21


async def test_everything_of_ours_expires_and_a_later_window_keeps_the_register_longer(opened: Opened) -> None:
    brief = RedisRecentCache(server=opened.server, ttl_s=100)
    other = attrs.evolve(KEY, bot_id="robin")
    await opened.fill(1)
    await brief.fill(key=other, conversations=[examples.stored(1)], epoch=0)
    remaining_s = {key: await opened.client.ttl(key) for key in await opened.keys()}
    assert len(remaining_s) == 3
    assert 90 < remaining_s[opened.server.keys.window_and_register(other)[0].encode()] <= 100
    assert 1700 < remaining_s[opened.window.encode()] <= 1800
    assert 1700 < remaining_s[opened.register.encode()] <= 1800


async def test_the_register_forgets_windows_that_have_expired(opened: Opened) -> None:
    brief = RedisRecentCache(server=opened.server, ttl_s=0.02)
    for number in range(10):
        await brief.fill(key=attrs.evolve(KEY, compartment=f"channel {number}"), conversations=[], epoch=0)
    await opened.fill(1)
    await asyncio.sleep(0.03)
    await opened.fill(2)
    assert await opened.client.zrange(opened.register, 0, -1) == [opened.window.encode()]


async def test_a_window_filled_for_fewer_is_not_complete_for_more(opened: Opened) -> None:
    small = RedisRecentCache(server=opened.server, size=2)
    await small.fill(key=KEY, conversations=[examples.stored(number) for number in (1, 2, 3)], epoch=0)
    assert not (await opened.read()).complete
    (window,) = await small.read(keys=[KEY])
    assert window.complete
    await opened.fill(1, 2, 3, 4)
    assert (await opened.read()).complete
    (window,) = await small.read(keys=[KEY])
    assert (window.complete, examples.ids(window.conversations)) == (
        True,
        examples.ids([examples.stored(3), examples.stored(4)]),
    )
    await small.push(entries=[examples.cached(examples.stored(5))])
    assert not (await opened.read()).complete


async def test_the_size_counts_our_keys_alone(opened: Opened) -> None:
    assert await opened.cache.size_bytes() == 0
    await opened.fill(1)
    one = await opened.cache.size_bytes()
    await opened.cache.push(entries=[examples.cached(examples.stored(2, user_message="x" * 50_000))])
    assert one < 5_000
    assert 50_000 < await opened.cache.size_bytes() < 100_000


async def test_nothing_of_a_user_shows_in_keys(opened: Opened) -> None:
    item = examples.stored(1, user_id="a-telling-user-id", tenant_id="a-telling-tenant", place=examples.GARDEN)
    await opened.cache.push(entries=[examples.cached(item)])
    keys = await opened.keys()
    assert len(keys) == 3
    assert not any(name in key for key in keys for name in (b"telling", b"garden", b"town"))
