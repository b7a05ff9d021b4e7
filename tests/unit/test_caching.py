"""What was forgotten comes into no window, whatever comes between, and a window never lacks what it should hold."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from talktiers import open_memory
from talktiers.adapters.sqlite.database import Database
from talktiers.adapters.sqlite.recent_cache import SqliteRecentCache
from talktiers.application.caching import push_into_cache
from talktiers.application.projections import CacheProjection
from talktiers.application.tiers import Tiers
from talktiers.domain.conversation import Conversation
from talktiers.domain.place import Place, Scope
from talktiers.domain.recent_window import CachedConversation, windows_for, windows_of
from talktiers.entrypoints.configuration import load_settings
from talktiers.entrypoints.wiring.opening import opened_parts
from talktiers.ports.contracts import examples

ANA: dict[str, Any] = {"tenant_id": "default", "user_id": "ana"}


@pytest.fixture
async def tiers() -> AsyncIterator[Tiers]:
    async with AsyncExitStack() as stack:
        opened, _ = await opened_parts(load_settings("memory://", environment={}), stack)
        yield opened


async def held(tiers: Tiers) -> frozenset[str]:
    assert tiers.cache is not None
    return await tiers.cache.conversation_ids(**ANA)


def bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def entry(conversation: Conversation, *, epoch: int) -> CachedConversation:
    return CachedConversation(conversation=conversation, windows=windows_of(conversation), epoch=epoch)


@pytest.mark.parametrize("epochs", [(0, 1), (1, 0)], ids=["old first", "new first"])
async def test_pushed_together_what_is_from_before_a_forgetting_is_taken_back(
    tiers: Tiers, epochs: Sequence[int]
) -> None:
    await tiers.archive.forget_user(**ANA, projections=())
    said = {0: examples.conversation(1, place=examples.SQUARE), 1: examples.conversation(2)}
    await push_into_cache(tiers, [entry(said[epoch], epoch=epoch) for epoch in epochs])
    assert said[0].conversation_id not in await held(tiers)


async def test_what_is_forgotten_after_it_was_loaded_is_not_projected_into_a_window_of_the_new_epoch(
    tiers: Tiers,
) -> None:
    history = [examples.conversation(number) for number in (1, 2)]
    for item in history:
        await tiers.archive.append(conversation=item, projections=(), time_given=True)
    loaded = await tiers.archive.load(keys=[item.key for item in history])
    await tiers.archive.forget_conversations(
        **ANA, conversation_ids=[history[0].conversation_id], projections=()
    )  # while the worker holds what it has loaded
    await CacheProjection(tiers=tiers, share_between_bots=False).project(loaded)
    assert await held(tiers) == {history[1].conversation_id}


async def test_a_late_push_of_what_was_forgotten_leaves_none_of_its_bytes(tmp_path: Path) -> None:
    async with open_memory(str(tmp_path / "bot.db")) as memory:
        tiers = memory._open.tiers
        said = examples.conversation(1, user_message="the canary sang " * 40)
        await tiers.archive.append(conversation=said, projections=(), time_given=True)
        assert (await memory.forget_user("ana")).complete
        await memory.settle(timeout_s=10)
        await push_into_cache(tiers, [entry(said, epoch=0)])
        assert await held(tiers) == frozenset()
        assert b"canary" not in bytes_in(tmp_path)


@pytest.mark.parametrize("place", [examples.DIRECT, examples.GARDEN, examples.SQUARE], ids=lambda place: place.audience)
@pytest.mark.parametrize("share_between_bots", [False, True])
def test_every_window_that_a_conversation_belongs_to_is_one_that_somebody_reads(
    place: Place, share_between_bots: bool
) -> None:
    windows = windows_of(examples.conversation(place=place), share_between_bots=share_between_bots)
    readers = [
        Scope(user_id="ana", place=reader, share_between_bots=share_between_bots) for reader in (examples.DIRECT, place)
    ]
    assert set(windows) <= {window for reader in readers for window in windows_for(reader)}
    for reader in readers:
        assert set(windows) & set(windows_for(reader)), "a reader who may see it would miss it"


async def test_a_window_that_was_filled_for_fewer_is_not_complete_for_more(tmp_path: Path) -> None:
    said = [examples.stored(number) for number in range(1, 9)]
    (key,) = windows_for(examples.scope())
    async with Database(tmp_path / "bot.db") as database:
        small, large = (SqliteRecentCache(database=database, size=size) for size in (3, 20))
        await small.fill(key=key, conversations=said, epoch=0)
        for cache, complete in ((small, True), (large, False)):
            (window,) = await cache.read(keys=[key])
            assert window.complete is complete
        await large.fill(key=key, conversations=said, epoch=0)
        for cache in (small, large):
            (window,) = await cache.read(keys=[key])
            assert (window.complete, list(window.conversations)) == (True, said)
        await small.push(entries=[entry(examples.stored(9), epoch=0)])  # which keeps three
        (window,) = await large.read(keys=[key])
        assert not window.complete
