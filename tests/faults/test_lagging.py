"""Where a tier lags behind or lost touch, a read neither misses what it could know nor tells what it must not."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from faulty_tiers import DOWN, HANGING, HEALTHY, FaultyMemory, faulty_memory

from talktiers import BackendError, ContextBundle
from talktiers.application.asking import MAX_DETACHED_PER_TIER
from talktiers.application.pending import MAX_PENDING
from talktiers.domain.assembly_metadata import TierStatus
from talktiers.domain.errors import BackendUnavailable
from talktiers.domain.projection import Projection

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


async def context(faulty: FaultyMemory, question: str, *, deadline_ms: float = 5000) -> ContextBundle:
    return await faulty.memory.get_conversation_context("ana", question, deadline_ms=deadline_ms)


def statuses(bundle: ContextBundle) -> dict[str, TierStatus]:
    return {report.tier: report.status for report in bundle.assembly_metadata.tiers}


async def store(faulty: FaultyMemory, text: str, **given: Any) -> str:
    return await faulty.memory.store_conversation("ana", text, "I see", **given)


async def is_cached(faulty: FaultyMemory) -> bool:
    return (await context(faulty, "hello")).assembly_metadata.cache_hit


async def is_indexed(faulty: FaultyMemory) -> bool:
    backlog = await faulty.tiers["outbox"].backlog()
    return not any(item.waiting for item in backlog if item.projection is Projection.LEXICAL)


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await is_so():  # noqa: ASYNC110 - what is waited for happens in a store, which tells nobody
            await asyncio.sleep(0.01)


async def test_no_topic_of_what_was_forgotten_is_told_though_the_graph_could_not_forget_it_yet() -> None:
    async with faulty_memory() as faulty:
        await store(faulty, "My beekeeping is going well, the honey harvest was great")
        await faulty.memory.settle(timeout_s=10)
        assert await faulty.memory.interests("ana")
        assert (await context(faulty, "honey harvest?")).interests
        faulty.tiers["graph"].state = DOWN
        assert not (await faulty.memory.forget_user("ana")).complete
        await asyncio.sleep(0.1)  # its job has failed, too, and is put off
        faulty.tiers["graph"].state = HEALTHY
        assert await faulty.memory.interests("ana") == []
        bundle = await context(faulty, "What about my beekeeping and the honey harvest?")
        assert (bundle.related_topics, bundle.interests) == ((), ())
        assert "honey" not in bundle.to_context_string()


async def test_a_topic_stays_while_one_of_its_conversations_does() -> None:
    async with faulty_memory() as faulty:
        ids = [await store(faulty, f"My beekeeping is going well, day {number}") for number in range(2)]
        await faulty.memory.settle(timeout_s=10)
        faulty.tiers["graph"].state = DOWN
        await faulty.memory.forget_conversation("ana", ids[1])
        faulty.tiers["graph"].state = HEALTHY
        topics = {topic.label: topic.conversation_ids for topic in await faulty.memory.interests("ana")}
        assert topics["beekeeping"] == (ids[0],)


async def test_of_more_waiting_conversations_than_a_read_looks_at_the_latest_is_still_shown() -> None:
    async with faulty_memory() as faulty:
        await store(faulty, "long ago", occurred_at=START - dt.timedelta(days=9))
        await faulty.memory.settle(timeout_s=10)
        await until(lambda: is_cached(faulty))
        faulty.tiers["cache"].state = DOWN
        # The newest first, as an import may bring them: the latest stored are the oldest.
        ids = [
            await store(faulty, f"number {number}", occurred_at=START - dt.timedelta(minutes=number))
            for number in range(MAX_PENDING + 20)
        ]
        faulty.tiers["cache"].state = HEALTHY
        bundle = await context(faulty, "hello")
        assert bundle.recent_messages[-1].conversation_id == ids[0]
        assert not bundle.assembly_metadata.cache_hit


async def test_a_context_says_that_the_index_lags_by_more_than_it_looks_at() -> None:
    async with faulty_memory() as faulty:
        faulty.tiers["lexical"].state = DOWN
        for number in range(MAX_PENDING + 1):
            await store(faulty, f"I saw the violin of neighbour {number}")
        await asyncio.sleep(0.1)
        faulty.tiers["lexical"].state = HEALTHY
        bundle = await context(faulty, "whose violin?")
        assert statuses(bundle)["lexical"] is TierStatus.STALE
        assert not bundle.assembly_metadata.complete
        await faulty.memory.settle(timeout_s=30)
        assert statuses(await context(faulty, "whose violin?"))["lexical"] is TierStatus.OK


async def test_a_cache_that_lags_far_behind_does_not_make_the_index_look_stale() -> None:
    async with faulty_memory() as faulty:
        faulty.tiers["cache"].state = DOWN
        await store(faulty, "I played the violin", occurred_at=START)
        for number in range(MAX_PENDING + 20):
            await store(faulty, f"number {number}", occurred_at=START + dt.timedelta(days=1, minutes=number))
        await until(lambda: is_indexed(faulty))
        bundle = await context(faulty, "violin?")
        assert statuses(bundle)["lexical"] is TierStatus.OK
        assert "violin" in bundle.to_context_string()


async def test_a_busy_worker_thread_does_not_hold_up_a_context() -> None:
    async with faulty_memory() as faulty:
        faulty.tiers["lexical"].state = DOWN
        await store(faulty, "My sister plays the violin")
        busy = asyncio.ensure_future(faulty.memory._open.processors.off_loop.run(time.sleep, 1.0))
        await asyncio.sleep(0.05)
        faulty.tiers["lexical"].state = HEALTHY
        began = time.perf_counter()
        bundle = await context(faulty, "Who plays the violin?", deadline_ms=100)
        assert time.perf_counter() - began < 0.5
        assert statuses(bundle)["pending"] is TierStatus.TIMEOUT
        assert "violin" in bundle.to_context_string()  # it was said lately
        await busy


async def test_an_archive_that_does_not_answer_has_refused_nothing() -> None:
    async with faulty_memory() as faulty:
        await store(faulty, "My sister plays the violin")
        await faulty.memory.settle(timeout_s=10)

        async def fetch(**_: object) -> None:
            raise BackendUnavailable("archive", "fetch", "the test says so")

        vars(faulty.tiers["archive"])["fetch"] = fetch
        bundle = await context(faulty, "violin?")
        assert statuses(bundle)["archive"] is TierStatus.ERROR
        assert [item for item in bundle.explain().left_out if item.reason.value == "invisible"] == []


async def test_a_search_that_may_not_ask_the_archive_any_more_says_so() -> None:
    async with faulty_memory() as faulty:
        await store(faulty, "My sister plays the violin")
        await faulty.memory.settle(timeout_s=10)
        archive = faulty.tiers["archive"]
        archive.state = HANGING
        for _ in range(MAX_DETACHED_PER_TIER):
            hanging = asyncio.ensure_future(archive.epoch(tenant_id="default", user_id="ana"))
            await asyncio.sleep(0)
            faulty.memory._open._detached.detach("archive", hanging)
        with pytest.raises(BackendError, match="archive"):
            await faulty.memory.search("ana", "violin")
