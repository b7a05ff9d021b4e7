"""The contract of `Outbox`."""

from __future__ import annotations

import asyncio

import attrs

from ...domain.projection import JobKind, Projection
from ..outbox import Outbox
from . import examples
from .stores import ALL, TASKS, Stores, StoresContract, append, claim

LEXICAL = Projection.LEXICAL


class OutboxContract(StoresContract):
    """What an outbox promises. Its jobs come from the archive that it belongs to.

    Attributes:
        short_s: a lease or delay that is long enough not to run out by itself within a test's few calls.
    """

    short_s: float = 0.3

    async def test_an_empty_outbox_has_nothing_to_hand_out(self, outbox: Outbox) -> None:
        for projection in ALL:
            assert await claim(outbox, projection) == []
        assert await outbox.dead_letters() == []
        assert await outbox.revive() == 0

    async def test_a_job_is_handed_out_once(self, stores: Stores) -> None:
        await append(stores.archive, *(examples.conversation(number) for number in (1, 2, 3)), projections=[LEXICAL])
        first = await claim(stores.outbox, limit=2)
        second = await claim(stores.outbox, worker_id="another")
        assert len(first) == 2
        assert sorted(job.conversation_id or "" for job in first + second) == [
            examples.conversation_id(number) for number in (1, 2, 3)
        ]
        assert await claim(stores.outbox) == []

    async def test_jobs_of_another_projection_are_not_handed_out(self, stores: Stores) -> None:
        await append(stores.archive, examples.conversation(), projections=[LEXICAL])
        assert await claim(stores.outbox, Projection.SUMMARIES) == []
        assert [job.projection for job in await claim(stores.outbox)] == [LEXICAL]

    async def test_many_workers_at_once_never_share_a_job(self, stores: Stores) -> None:
        count = 3 * TASKS
        await append(stores.archive, *(examples.conversation(n) for n in range(count)), projections=[LEXICAL])
        claims = await asyncio.gather(
            *(claim(stores.outbox, limit=4, worker_id=f"worker-{number}") for number in range(TASKS))
        )
        handed_out = [job.conversation_id for jobs in claims for job in jobs]
        assert len(handed_out) == len(set(handed_out)) == count

    async def test_a_job_whose_lease_ran_out_is_handed_out_again(self, stores: Stores) -> None:
        await append(stores.archive, examples.conversation(), projections=[LEXICAL])
        (first,) = await claim(stores.outbox, lease_s=self.short_s)
        assert first.attempts == 1
        assert await claim(stores.outbox) == []
        await self.let_pass(self.short_s * 1.1)
        (second,) = await claim(stores.outbox)
        assert second == attrs.evolve(first, attempts=2)

    async def test_a_completed_job_is_never_handed_out_again(self, stores: Stores) -> None:
        await append(stores.archive, examples.conversation(), projections=[LEXICAL])
        jobs = await claim(stores.outbox, lease_s=self.short_s)
        await stores.outbox.complete(jobs=jobs)
        await stores.outbox.complete(jobs=jobs)
        await stores.outbox.complete(jobs=[])
        await self.let_pass(self.short_s * 1.1)
        assert await claim(stores.outbox) == []
        assert [figures.waiting for figures in await stores.outbox.backlog()] == [0] * len(ALL)

    async def test_completing_a_job_of_an_erased_conversation_touches_no_later_job(self, stores: Stores) -> None:
        await append(stores.archive, examples.conversation(1), projections=[LEXICAL])
        jobs = await claim(stores.outbox)
        await stores.archive.forget_user(tenant_id="default", user_id="ana", projections=[LEXICAL])
        await append(stores.archive, examples.conversation(2), projections=[LEXICAL])
        await stores.outbox.complete(jobs=jobs)
        await stores.outbox.retry(jobs=jobs, delay_s=1000)
        await stores.outbox.bury(jobs=jobs, error="TestError")
        assert {job.kind for job in await claim(stores.outbox)} == {JobKind.FORGET_USER, JobKind.PROJECT}
        assert await stores.outbox.dead_letters() == []

    async def test_a_job_given_back_is_due_after_its_delay(self, stores: Stores) -> None:
        await append(stores.archive, examples.conversation(1), examples.conversation(2), projections=[LEXICAL])
        jobs = await claim(stores.outbox)
        await stores.outbox.retry(jobs=jobs[:1], delay_s=0)
        await stores.outbox.retry(jobs=jobs[1:], delay_s=self.short_s)
        (at_once,) = await claim(stores.outbox)
        assert at_once == attrs.evolve(jobs[0], attempts=2)
        await self.let_pass(self.short_s * 1.1)
        (later,) = await claim(stores.outbox)
        assert later == attrs.evolve(jobs[1], attempts=2)

    async def test_a_buried_job_is_a_dead_letter_with_its_error(self, stores: Stores) -> None:
        await append(stores.archive, examples.conversation(), projections=[LEXICAL])
        jobs = await claim(stores.outbox, lease_s=self.short_s)
        await stores.outbox.bury(jobs=jobs, error="ValueError")
        await stores.outbox.bury(jobs=jobs, error="twice")
        (dead,) = await stores.outbox.dead_letters()
        assert dead.job == jobs[0]
        assert dead.error == "ValueError"
        assert dead.buried_at.utcoffset() is not None
        await self.let_pass(self.short_s * 1.1)
        assert await claim(stores.outbox) == []

    async def test_dead_letters_come_oldest_first(self, stores: Stores) -> None:
        await append(stores.archive, *(examples.conversation(number) for number in (1, 2, 3)), projections=[LEXICAL])
        jobs = await claim(stores.outbox)
        buried = [jobs[1], jobs[2], jobs[0]]
        for job in buried:
            await stores.outbox.bury(jobs=[job], error="TestError")
            await self.let_pass(0.01)
        assert [dead.job for dead in await stores.outbox.dead_letters()] == buried
        assert [dead.job for dead in await stores.outbox.dead_letters(limit=2)] == buried[:2]

    async def test_dead_letters_are_revived_with_no_attempts_counted(self, stores: Stores) -> None:
        await append(stores.archive, examples.conversation(1), projections=[LEXICAL, Projection.GRAPH])
        for projection in (LEXICAL, Projection.GRAPH):
            await stores.outbox.bury(jobs=await claim(stores.outbox, projection), error="TestError")
        assert await stores.outbox.revive(projection=LEXICAL) == 1
        (job,) = await claim(stores.outbox)
        assert (job.conversation_id, job.kind, job.attempts) == (examples.conversation_id(1), JobKind.PROJECT, 1)
        assert [dead.job.projection for dead in await stores.outbox.dead_letters()] == [Projection.GRAPH]
        assert await stores.outbox.revive() == 1
        assert await stores.outbox.dead_letters() == []
        assert len(await claim(stores.outbox, Projection.GRAPH)) == 1

    async def test_stored_conversations_can_be_enqueued_again_but_not_twice(self, stores: Stores) -> None:
        appended = await append(stores.archive, examples.conversation(1), examples.conversation(2))
        keys = [item.conversation.key for item in appended]
        for _ in range(2):
            await stores.outbox.enqueue(projection=LEXICAL, keys=[*keys, *keys])
        jobs = await claim(stores.outbox)
        assert sorted(job.conversation_id or "" for job in jobs) == sorted(key.conversation_id for key in keys)
        assert {job.kind for job in jobs} == {JobKind.PROJECT}
        assert await claim(stores.outbox, Projection.GRAPH) == []

    async def test_a_claimed_job_does_not_stand_in_for_one_that_is_enqueued(self, stores: Stores) -> None:
        (appended,) = await append(stores.archive, examples.conversation(), projections=[LEXICAL])
        claimed = await claim(stores.outbox)
        for _ in range(2):
            await stores.outbox.enqueue(projection=LEXICAL, keys=[appended.conversation.key])
        await stores.outbox.complete(jobs=claimed)
        (job,) = await claim(stores.outbox)
        assert (job.conversation_id, job.attempts) == (appended.conversation.conversation_id, 1)

    async def test_a_job_that_waits_stands_for_a_dead_letter_of_the_same_conversation(self, stores: Stores) -> None:
        (appended,) = await append(stores.archive, examples.conversation(), projections=[LEXICAL])
        claimed = await claim(stores.outbox)
        await stores.outbox.enqueue(projection=LEXICAL, keys=[appended.conversation.key])
        await stores.outbox.bury(jobs=claimed, error="TestError")
        await stores.outbox.enqueue(projection=LEXICAL, keys=[appended.conversation.key])
        assert await stores.outbox.dead_letters() == []
        assert len(await claim(stores.outbox)) == 1

    async def test_what_is_erased_or_of_another_user_is_not_enqueued(self, stores: Stores) -> None:
        appended = await append(stores.archive, examples.conversation(1), examples.conversation(2, user_id="bo"))
        erased, kept = (item.conversation.key for item in appended)
        await stores.archive.forget_user(tenant_id="default", user_id="ana", projections=())
        strangers = [attrs.evolve(kept, user_id="ana"), attrs.evolve(kept, tenant_id="acme")]
        await stores.outbox.enqueue(projection=LEXICAL, keys=[erased, *strangers])
        assert await claim(stores.outbox) == []

    async def test_an_enqueued_job_carries_the_epoch_of_its_user(self, stores: Stores) -> None:
        erased = await stores.archive.forget_user(tenant_id="default", user_id="ana", projections=())
        (appended,) = await append(stores.archive, examples.conversation())
        await stores.outbox.enqueue(projection=LEXICAL, keys=[appended.conversation.key])
        assert [job.epoch for job in await claim(stores.outbox)] == [erased.epoch]

    async def test_pending_names_what_has_not_reached_a_tier_latest_stored_first(self, stores: Stores) -> None:
        outbox = stores.outbox
        both = [LEXICAL, Projection.GRAPH]
        await append(stores.archive, *(examples.conversation(n, minute=-n) for n in (1, 2, 3)), projections=both)
        await append(stores.archive, examples.conversation(4, user_id="bo"), projections=both)
        jobs = {job.conversation_id: job for job in await claim(outbox)}
        await outbox.complete(jobs=[jobs[examples.conversation_id(1)], jobs[examples.conversation_id(2)]])
        await outbox.bury(jobs=[jobs[examples.conversation_id(3)]], error="TestError")
        graph = {job.conversation_id: job for job in await claim(outbox, Projection.GRAPH)}
        await outbox.complete(jobs=[graph[examples.conversation_id(2)]])

        pending = await outbox.pending(tenant_id="default", user_id="ana", projections=both, limit=9)
        assert list(pending.items()) == [
            (examples.conversation_id(3), frozenset(both)),
            (examples.conversation_id(1), frozenset([Projection.GRAPH])),
        ]
        pending = await outbox.pending(tenant_id="default", user_id="ana", projections=both, limit=1)
        assert list(pending) == [examples.conversation_id(3)]
        pending = await outbox.pending(tenant_id="default", user_id="ana", projections=[LEXICAL], limit=9)
        assert pending == {examples.conversation_id(3): frozenset([LEXICAL])}
        assert await outbox.pending(tenant_id="acme", user_id="ana", projections=both, limit=9) == {}
        assert await outbox.pending(tenant_id="default", user_id="ana", projections=[], limit=9) == {}

    async def test_the_backlog_counts_what_waits_and_what_is_dead(self, stores: Stores) -> None:
        await append(stores.archive, *(examples.conversation(number) for number in (1, 2, 3)), projections=[LEXICAL])
        (job,) = await claim(stores.outbox, limit=1)
        await claim(stores.outbox, limit=1)
        await stores.outbox.bury(jobs=[job], error="TestError")
        await self.let_pass(self.short_s)
        backlog = await stores.outbox.backlog()
        assert [figures.projection for figures in backlog] == list(Projection)
        by_projection = {figures.projection: figures for figures in backlog}
        assert by_projection[LEXICAL].waiting == 2
        assert by_projection[LEXICAL].dead_letters == 1
        assert by_projection[LEXICAL].oldest_age_s >= self.short_s * 0.9
        graph = by_projection[Projection.GRAPH]
        assert (graph.waiting, graph.oldest_age_s, graph.dead_letters) == (0, 0, 0)

    async def test_very_many_jobs_are_settled_in_one_call(self, stores: Stores) -> None:
        await append(stores.archive, *(examples.conversation(number) for number in range(1500)), projections=[LEXICAL])
        jobs = await claim(stores.outbox, limit=1500)
        assert len(jobs) == 1500
        await stores.outbox.retry(jobs=jobs, delay_s=0)
        jobs = await claim(stores.outbox, limit=1500)
        await stores.outbox.bury(jobs=jobs[:700], error="TestError")
        await stores.outbox.complete(jobs=jobs)
        assert len(await stores.outbox.dead_letters(limit=1000)) == 700
        assert await claim(stores.outbox) == []
