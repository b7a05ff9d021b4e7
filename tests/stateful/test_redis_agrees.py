"""Recent cache: what Redis answers is what the in-memory model answers, whatever happened before."""

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from talktiers.adapters.in_memory.clock import ManualClock
from talktiers.adapters.in_memory.recent_cache import InMemoryRecentCache
from talktiers.adapters.redis.recent_cache import RedisRecentCache
from talktiers.adapters.redis.server import RedisServer
from talktiers.domain.conversation import Conversation
from talktiers.domain.place import Scope
from talktiers.domain.recent_window import CachedConversation, WindowKey, windows_for, windows_of
from talktiers.ports.contracts import examples
from talktiers.ports.contracts.strategies import BOTS, TENANTS, USERS, scopes
from talktiers.ports.recent_cache import RecentCache

T = TypeVar("T")

SIZE = 3
WHOM = st.fixed_dictionaries({"tenant_id": st.sampled_from(TENANTS), "user_id": st.sampled_from(USERS)})
EPOCHS = st.integers(0, 3)
NUMBERS = st.integers(1, 8)


@st.composite
def conversations(draw: st.DrawFn, numbers: st.SearchStrategy[int] = NUMBERS) -> Conversation:
    """The number decides everything: a conversation never changes."""
    number = draw(numbers)
    return examples.stored(
        number,
        tenant_id=TENANTS[number % 5 == 0],
        user_id=USERS[number % 3 == 0],
        bot_id=BOTS[number % 4 == 0],
        place=examples.PLACES[number % len(examples.PLACES)],
        minute=number * 7 % 4,
    )


entries = st.builds(
    lambda item, epoch, shared: CachedConversation(
        conversation=item, windows=windows_of(item, share_between_bots=shared), epoch=epoch
    ),
    conversations(),
    EPOCHS,
    st.booleans(),
)


class RedisAgrees(RuleBasedStateMachine):
    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.model = InMemoryRecentCache(clock=ManualClock(), size=SIZE)
        self.server = RedisServer(url=self.url, key_prefix=f"test-{uuid.uuid4()}")
        self.redis = RedisRecentCache(server=self.server, size=SIZE)
        self.runner.run(self.server.__aenter__())

    def teardown(self) -> None:
        self.runner.run(self.server.__aexit__(None, None, None))
        self.runner.close()

    def agreed(self, ask: Callable[[RecentCache], Coroutine[Any, Any, T]]) -> None:
        assert self.runner.run(ask(self.redis)) == self.runner.run(ask(self.model))

    @rule(pushed=st.lists(entries, max_size=5))
    def push(self, pushed: Sequence[CachedConversation]) -> None:
        self.agreed(lambda cache: cache.push(entries=pushed))

    @rule(reader=scopes(), items=st.lists(conversations(), max_size=5), epoch=EPOCHS)
    def fill(self, reader: Scope, items: Sequence[Conversation], epoch: int) -> None:
        async def each_window(cache: RecentCache) -> None:
            for key in windows_for(reader):
                of_user = [item for item in items if (item.tenant_id, item.user_id) == (key.tenant_id, key.user_id)]
                await cache.fill(key=key, conversations=of_user, epoch=epoch)

        self.agreed(each_window)

    @rule(whom=WHOM)
    def forget_user(self, whom: dict[str, str]) -> None:
        self.agreed(lambda cache: cache.forget_user(**whom))

    @rule(whom=WHOM, numbers=st.lists(NUMBERS, max_size=3))
    def forget_conversations(self, whom: dict[str, str], numbers: Sequence[int]) -> None:
        ids = [examples.conversation_id(number) for number in numbers]
        self.agreed(lambda cache: cache.forget_conversations(**whom, conversation_ids=ids))

    @rule(readers=st.lists(scopes(), max_size=3))
    def read(self, readers: Sequence[Scope]) -> None:
        keys = [key for reader in readers for key in windows_for(reader)]
        self.agreed(lambda cache: cache.read(keys=keys))

    @invariant()
    def the_whole_is_the_same(self) -> None:
        whole = [
            WindowKey(tenant_id=tenant_id, user_id=user_id, bot_id=bot_id, compartment=None)
            for tenant_id in TENANTS
            for user_id in USERS
            for bot_id in (*BOTS, None)
        ]
        self.agreed(lambda cache: cache.read(keys=whole))
        for key in whole[:: len(BOTS) + 1]:
            whom = {"tenant_id": key.tenant_id, "user_id": key.user_id}
            self.agreed(lambda cache, whom=whom: cache.conversation_ids(**whom))  # type: ignore[misc]


def test_redis_agrees_with_the_model(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RedisAgrees, "url", redis_url, raising=False)
    run_state_machine_as_test(RedisAgrees, settings=settings(max_examples=25, stateful_step_count=30))
