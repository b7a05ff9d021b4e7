"""With any derived tier missing, stores are acknowledged and contexts come in time and say so."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter

import pytest
from faulty_tiers import DOWN, HANGING, HEALTHY, SLOW, faulty_memory

from talktiers import BackendError, HierarchicalMemoryManager
from talktiers.application.seldom import TOLD_AGAIN_S
from talktiers.domain.assembly_metadata import TierStatus

DERIVED = ("cache", "lexical", "summaries", "graph")
DEADLINE_MS = 100
GRACE_MS = 1500
"""On a busy machine the loop itself may come late; a tier that is waited for would cost five seconds or never end."""


async def store(memory: HierarchicalMemoryManager, number: int) -> str:
    return await memory.store_conversation(
        user_id="ana",
        user_message=f"My {('sister', 'brother', 'neighbour')[number % 3]} plays the violin, number {number}",
        bot_response="How lovely!",
        idempotency_key=f"message-{number}",
    )


@pytest.mark.parametrize("state", [DOWN, HANGING, SLOW])
@pytest.mark.parametrize("tier", DERIVED)
async def test_a_store_is_acknowledged_whatever_a_derived_tier_does(tier: str, state: str) -> None:
    async with faulty_memory() as faulty:
        faulty.tiers[tier].state = state
        ids = await asyncio.wait_for(asyncio.gather(*(store(faulty.memory, number) for number in range(20))), 2)
        history = await faulty.memory.get_user_conversation_history("ana", 50)
        assert {item.conversation_id for item in history} == set(ids)


@pytest.mark.parametrize("state", [DOWN, HANGING, SLOW])
@pytest.mark.parametrize("tier", DERIVED)
async def test_a_context_holds_what_the_other_tiers_have_within_its_deadline(tier: str, state: str) -> None:
    async with faulty_memory() as faulty:
        ids = [await store(faulty.memory, number) for number in range(6)]
        await faulty.memory.settle(timeout_s=10)
        await faulty.memory.get_conversation_context("ana", "warm up", deadline_ms=5000)
        faulty.tiers[tier].state = state
        began = time.perf_counter()
        bundle = await faulty.memory.get_conversation_context("ana", "Who plays the violin?", deadline_ms=DEADLINE_MS)
        took_ms = 1000 * (time.perf_counter() - began)
        assert took_ms < DEADLINE_MS + GRACE_MS
        reports = {report.tier: report.status for report in bundle.assembly_metadata.tiers}
        expected = {DOWN: TierStatus.ERROR, HANGING: TierStatus.TIMEOUT, SLOW: TierStatus.TIMEOUT}[state]
        assert reports.pop(tier) is expected
        assert set(reports.values()) == {TierStatus.OK}
        assert not bundle.assembly_metadata.complete
        assert ids[-1] in {item.conversation_id for item in bundle.recent_messages}
        assert "violin" in bundle.to_context_string()


@pytest.mark.parametrize("tier", DERIVED)
async def test_a_tier_that_comes_back_catches_up(tier: str) -> None:
    async with faulty_memory() as faulty:
        faulty.tiers[tier].state = DOWN
        ids = [await store(faulty.memory, number) for number in range(3)]
        await asyncio.sleep(0.1)
        faulty.tiers[tier].state = HEALTHY
        await faulty.memory.settle(timeout_s=30)
        held = await faulty.tiers[tier].conversation_ids(tenant_id="default", user_id="ana")
        assert tier == "cache" or held == frozenset(ids)
        assert (await faulty.memory.health()).ok


@pytest.mark.parametrize("tier", DERIVED)
async def test_a_tier_that_is_down_does_not_fill_the_log(tier: str, caplog: pytest.LogCaptureFixture) -> None:
    async with faulty_memory() as faulty:
        faulty.tiers[tier].state = DOWN
        began = time.monotonic()
        with caplog.at_level(logging.INFO, logger="talktiers"):
            for number in range(30):
                await store(faulty.memory, number)
                await faulty.memory.get_conversation_context("ana", "Who plays the violin?", deadline_ms=5000)
        told = [record.getMessage().partition(" ")[0] for record in caplog.records]
        often = 1 + (time.monotonic() - began) / TOLD_AGAIN_S
    assert "event='tier_failed'" in told
    assert all(count <= often for count in Counter(told).values()), told


async def test_with_the_archive_down_nothing_is_acknowledged_and_the_cache_alone_answers_with_a_label() -> None:
    async with faulty_memory() as faulty:
        first = await store(faulty.memory, 1)
        await faulty.memory.settle(timeout_s=10)
        for _ in range(2):  # the first fills the window
            await faulty.memory.get_conversation_context("ana", "hello", deadline_ms=5000)
        faulty.tiers["archive"].state = DOWN
        faulty.tiers["outbox"].state = DOWN
        with pytest.raises(BackendError):
            await store(faulty.memory, 2)
        bundle = await faulty.memory.get_conversation_context("ana", "hello", deadline_ms=DEADLINE_MS)
        reports = {report.tier: report.status for report in bundle.assembly_metadata.tiers}
        assert reports["archive"] is TierStatus.ERROR
        assert [item.conversation_id for item in bundle.recent_messages] == [first]
        assert bundle.assembly_metadata.cache_hit
        with pytest.raises(BackendError):
            await faulty.memory.search("ana", "violin")
