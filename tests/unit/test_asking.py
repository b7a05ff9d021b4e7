"""Tiers are asked under one deadline, and the report says what became of each."""

import asyncio

import pytest

from talktiers.application.asking import MAX_DETACHED_PER_TIER, Asking, DetachedCalls
from talktiers.domain.assembly_metadata import TierStatus
from talktiers.domain.errors import BackendTimeout, BackendUnavailable


async def answer() -> str:
    return "answer"


async def test_an_answer_in_time_counts_and_is_reported_ok() -> None:
    asking = Asking(deadline_s=1, detached=DetachedCalls())
    assert await asking.ask("graph", answer, share=1, default="none") == "answer"
    assert [(report.tier, report.status) for report in asking.reports] == [("graph", TierStatus.OK)]


async def test_a_tier_that_swallows_its_cancellation_is_left_behind_at_its_share_of_the_deadline() -> None:
    released = asyncio.Event()

    async def stubborn() -> str:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue  # as a driver does that holds on to a dead connection
        return "late"

    detached = DetachedCalls()
    asking = Asking(deadline_s=0.1, detached=detached)
    assert await asking.ask("graph", stubborn, share=0.5, default="none") == "none"
    assert asking.elapsed_ms < 1000
    assert asking.reports[0].status is TierStatus.TIMEOUT
    released.set()
    await detached.close()


async def test_a_tier_that_was_too_slow_once_is_not_waited_for_again_but_the_archive_is() -> None:
    async def slow() -> str:
        await asyncio.sleep(10)
        return "late"

    for tier, expected in (("graph", "none"), ("archive", "answer")):
        asking = Asking(deadline_s=0.2, detached=DetachedCalls())
        await asking.ask(tier, slow, share=0.1, default="none")
        assert await asking.ask(tier, answer, share=1, default="none") == expected
        assert asking.reports[0].status is TierStatus.TIMEOUT


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BackendUnavailable("redis", "read", "refused"), TierStatus.ERROR),
        (BackendTimeout("redis", "read", "slow"), TierStatus.TIMEOUT),
        (KeyError("a bug of a foreign adapter"), TierStatus.ERROR),
    ],
)
async def test_whatever_a_tier_raises_costs_its_answer_only_and_is_named(error: Exception, status: TierStatus) -> None:
    async def failing() -> str:
        raise error

    asking = Asking(deadline_s=1, detached=DetachedCalls())
    assert await asking.ask("cache", failing, share=1, default="none") == "none"
    (report,) = asking.reports
    assert (report.status, report.error) == (status, type(error).__name__)


async def test_the_worst_outcome_of_a_tier_stays_and_its_times_add_up() -> None:
    asking = Asking(deadline_s=1, detached=DetachedCalls())
    asking.note("archive", TierStatus.ERROR, time_ms=2, error="BackendUnavailable")
    asking.note("archive", TierStatus.OK, time_ms=3)
    (report,) = asking.reports
    assert (report.status, report.error, report.time_ms) == (TierStatus.ERROR, "BackendUnavailable", 5)


async def test_a_tier_with_too_many_hanging_calls_is_skipped_until_they_end() -> None:
    released = asyncio.Event()

    async def stubborn() -> str:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue
        return "late"

    detached = DetachedCalls()
    for _ in range(MAX_DETACHED_PER_TIER):
        await Asking(deadline_s=0.001, detached=detached).ask("graph", stubborn, share=1, default="none")
    asking = Asking(deadline_s=1, detached=detached)
    assert await asking.ask("graph", answer, share=1, default="none") == "none"
    assert asking.reports[0].status is TierStatus.SKIPPED
    assert await asking.ask("cache", answer, share=1, default="none") == "answer"
    released.set()
    await detached.close()
    assert await Asking(deadline_s=1, detached=detached).ask("graph", answer, share=1, default="none") == "answer"


async def test_a_cancelled_caller_leaves_no_call_running() -> None:
    stopped = asyncio.Event()

    async def waiting() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return "never"

    asking = Asking(deadline_s=10, detached=DetachedCalls())
    task = asyncio.create_task(asking.ask("graph", waiting, share=1, default="none"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(stopped.wait(), timeout=5)
