"""The outbox worker over tiers in memory: what fails, hangs or is forgotten meanwhile holds up nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, TypedDict, cast

import attrs
import pytest

from talktiers.adapters.in_memory.clock import ManualClock
from talktiers.adapters.in_memory.conversation_archive import InMemoryConversationArchive
from talktiers.adapters.in_memory.lexical_index import InMemoryLexicalIndex
from talktiers.adapters.in_memory.outbox import InMemoryOutbox
from talktiers.adapters.in_memory.recent_cache import InMemoryRecentCache
from talktiers.adapters.in_memory.relationship_graph import InMemoryRelationshipGraph
from talktiers.adapters.in_memory.store import InMemoryStore
from talktiers.adapters.in_memory.summary_index import InMemorySummaryIndex
from talktiers.application.forgetting import Forget
from talktiers.application.projecting import Projector, ProjectorOptions
from talktiers.application.projections import projections_of
from talktiers.application.rebuilding import Rebuild
from talktiers.application.tiers import Processors, Tiers
from talktiers.domain.errors import BackendTimeout, BackendUnavailable, MemoryClosed, Overloaded
from talktiers.domain.projection import JobKind, OutboxJob, Projection
from talktiers.entrypoints.configuration import load_settings
from talktiers.entrypoints.wiring.opening import opened_parts
from talktiers.ports.contracts import examples


class Whose(TypedDict):
    """Whose conversations, as the ports take it."""

    tenant_id: str
    user_id: str


ANA: Whose = {"tenant_id": "default", "user_id": "ana"}
LEASE_S = 10.0
ALL = frozenset(Projection)
Hook = Callable[[dict[str, Any]], Awaitable[None]]


class Hooked:
    """A real adapter; one of its methods has something done before or after it."""

    def __init__(self, adapter: Any, method: str, *, before: Hook | None = None, after: Hook | None = None) -> None:
        self._adapter = adapter
        self._method = method
        self.before = before
        self.after = after

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._adapter, name)
        if name != self._method:
            return attribute

        async def call(**arguments: Any) -> Any:
            if self.before is not None:
                await self.before(arguments)
            result = await attribute(**arguments)
            if self.after is not None:
                await self.after(arguments)
            return result

        return call


class Workshop:
    """Stores whose clock is set by hand, and workers over them."""

    def __init__(self, processors: Processors) -> None:
        self.clock = ManualClock()
        store = InMemoryStore(clock=self.clock)
        self.processors = attrs.evolve(processors, clock=self.clock)
        self.tiers = Tiers(
            archive=InMemoryConversationArchive(store=store),
            outbox=InMemoryOutbox(store=store),
            cache=InMemoryRecentCache(clock=self.clock),
            lexical=InMemoryLexicalIndex(),
            summaries=InMemorySummaryIndex(),
            graph=InMemoryRelationshipGraph(),
        )

    def hook(self, tier: str, method: str, *, before: Hook | None = None, after: Hook | None = None) -> Hooked:
        hooked = Hooked(getattr(self.tiers, tier), method, before=before, after=after)
        self.tiers = attrs.evolve(self.tiers, **cast("Any", {tier: hooked}))
        return hooked

    def worker(self, **options: Any) -> Projector:
        return Projector(
            tiers=self.tiers,
            projections=projections_of(self.tiers, self.processors, share_between_bots=False),
            options=ProjectorOptions(**{"lease_s": LEASE_S, "poll_s": 0.005, "gather_s": 0, **options}),
            worker_id="worker",
        )

    def forget(self, worker: Projector) -> Forget:
        return Forget(tiers=self.tiers, projector=worker, clock=self.clock)

    async def store(self, *numbers: int, user_id: str = "ana") -> None:
        for number in numbers:
            await self.tiers.archive.append(
                conversation=examples.conversation(
                    number, user_id=user_id, user_message=f"My sister moved to Porto, she said so {number} times"
                ),
                projections=tuple(Projection),
                time_given=True,
            )

    async def held(self, projection: Projection, *, user_id: str = "ana") -> set[int]:
        """Numbers of the conversations that a tier holds."""
        held = await self.tiers.derived[projection].conversation_ids(tenant_id="default", user_id=user_id)
        numbers = {examples.conversation_id(number): number for number in range(2000)}
        return {numbers[item] for item in held}

    async def waiting(self) -> dict[Projection, int]:
        return {item.projection: item.waiting for item in await self.tiers.outbox.backlog() if item.waiting}


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    async with AsyncExitStack() as stack:
        settings = load_settings({"archive": {"backend": "in_memory"}, "embedder": {"backend": "off"}, **OFF})
        _, processors = await opened_parts(settings, stack)
        yield Workshop(processors)


OFF = {name: {"backend": "off"} for name in ("cache", "lexical", "summaries", "graph")}


def unavailable(_: object) -> Awaitable[None]:
    raise BackendUnavailable("lexical", "add", "it is down")


def stops_at(event: asyncio.Event, reached: asyncio.Event) -> Hook:
    async def stop(_: object) -> None:
        reached.set()
        await event.wait()

    return stop


async def test_a_stored_conversation_reaches_every_tier(workshop: Workshop) -> None:
    await workshop.store(1, 2, 3)
    worker = workshop.worker()
    for projection in Projection:
        assert await worker.project_batch(projection) == 3
        assert await workshop.held(projection) == {1, 2, 3}
    assert await workshop.waiting() == {}


async def test_a_tier_that_is_down_is_tried_again_later_and_the_others_go_on(workshop: Workshop) -> None:
    down = workshop.hook("lexical", "add", before=unavailable)
    await workshop.store(1, 2)
    worker = workshop.worker()
    for projection in Projection:
        await worker.project_batch(projection)
    assert await workshop.waiting() == {Projection.LEXICAL: 2}
    assert await workshop.held(Projection.GRAPH) == {1, 2}

    pauses = []
    for _ in range(9):
        pause = await pause_until_due(workshop, worker, Projection.LEXICAL)
        pauses.append(pause)
    # A second after the first failure, then twice as long each time, up to a minute; a half of it is left to chance.
    for failures, pause in enumerate(pauses, start=1):
        longest = min(60, 2 ** (failures - 1))
        assert longest / 2 <= pause <= longest + 0.25

    down.before = None
    workshop.clock.advance(60)
    await worker.project_batch(Projection.LEXICAL)
    assert await workshop.held(Projection.LEXICAL) == {1, 2}
    assert await workshop.waiting() == {}
    assert await workshop.tiers.outbox.dead_letters() == []


async def pause_until_due(workshop: Workshop, worker: Projector, projection: Projection) -> float:
    """Seconds on the clock until the worker gets the jobs again, and fails again."""
    for quarters in range(1, 300):
        workshop.clock.advance(0.25)
        if await worker.project_batch(projection):
            return quarters / 4
    raise AssertionError("never due again")


async def test_the_archive_failing_is_a_failure_of_the_batch_and_not_of_its_jobs(workshop: Workshop) -> None:
    await workshop.store(1)
    load = workshop.hook("archive", "load", before=unavailable)
    worker = workshop.worker()
    assert await worker.project_batch(Projection.LEXICAL) == 1
    assert await workshop.tiers.outbox.dead_letters() == []
    load.before = None
    workshop.clock.advance(60)
    await worker.project_batch(Projection.LEXICAL)
    assert await workshop.held(Projection.LEXICAL) == {1}


async def test_only_the_poisoned_conversation_is_buried_and_nothing_behind_it_waits(workshop: Workshop) -> None:
    poisoned = {examples.conversation_id(5), examples.conversation_id(30)}

    async def chokes(arguments: dict[str, Any]) -> None:
        if poisoned & {record.key.conversation_id for record in arguments["records"]}:
            raise ValueError("cannot be digested: My sister moved")

    graph = workshop.hook("graph", "add", before=chokes)
    await workshop.store(*range(1, 41))
    worker = workshop.worker(batch_size=16)
    while await worker.project_batch(Projection.GRAPH):
        pass
    assert await workshop.held(Projection.GRAPH) == set(range(1, 41)) - {5, 30}
    dead = await workshop.tiers.outbox.dead_letters()
    assert {letter.job.conversation_id for letter in dead} == poisoned
    assert {(letter.error, letter.job.projection) for letter in dead} == {("ValueError", Projection.GRAPH)}

    graph.before = None
    assert await workshop.tiers.outbox.revive() == 2
    await worker.project_batch(Projection.GRAPH)
    assert await workshop.held(Projection.GRAPH) == set(range(1, 41))


async def test_a_conversation_forgotten_while_it_is_written_does_not_stay_in_the_tier(workshop: Workshop) -> None:
    writing, go_on = asyncio.Event(), asyncio.Event()
    workshop.hook("lexical", "add", before=stops_at(go_on, writing))
    await workshop.store(1, 2)
    worker = workshop.worker()
    batch = asyncio.create_task(worker.project_batch(Projection.LEXICAL))
    await writing.wait()
    receipt = await workshop.forget(worker).conversations(**ANA, conversation_ids=[examples.conversation_id(1)])
    assert receipt.complete
    go_on.set()
    await batch
    assert await workshop.held(Projection.LEXICAL) == {2}
    await worker.project_batch(Projection.LEXICAL)
    assert await workshop.held(Projection.LEXICAL) == {2}


async def test_what_a_dying_worker_wrote_of_a_forgotten_conversation_is_taken_back(workshop: Workshop) -> None:
    wrote, never = asyncio.Event(), asyncio.Event()
    lexical = workshop.hook("lexical", "add", after=stops_at(never, wrote))
    await workshop.store(1, 2)
    dying, other = workshop.worker(), workshop.worker()

    forgotten = asyncio.Event()

    async def late(_: object) -> None:
        await forgotten.wait()

    lexical.before = late
    batch = asyncio.create_task(dying.project_batch(Projection.LEXICAL))
    await asyncio.sleep(0)
    while await workshop.tiers.outbox.claim(projection=Projection.LEXICAL, limit=9, lease_s=LEASE_S, worker_id="x"):
        raise AssertionError("the dying worker holds both jobs")
    receipt = await workshop.forget(other).user(**ANA)
    await other.project_batch(Projection.LEXICAL)
    assert receipt.complete
    forgotten.set()
    await wrote.wait()  # after every sweep, and then the worker dies
    batch.cancel()
    await asyncio.gather(batch, return_exceptions=True)
    assert await workshop.held(Projection.LEXICAL) == {1, 2}

    workshop.clock.advance(LEASE_S)
    await other.project_batch(Projection.LEXICAL)
    assert await workshop.held(Projection.LEXICAL) == set()
    assert Projection.LEXICAL not in await workshop.waiting()


async def test_what_is_said_while_its_user_is_forgotten_reaches_the_tiers(workshop: Workshop) -> None:
    await workshop.store(1)
    worker = workshop.worker()
    for projection in Projection:
        await worker.project_batch(projection)

    async def said_meanwhile(_: object) -> None:
        """Stored and projected between the look into the tier and the sweep of it."""
        lexical.before = None
        await workshop.store(2)
        jobs = await workshop.tiers.outbox.claim(projection=Projection.LEXICAL, limit=9, lease_s=9, worker_id="other")
        (job,) = (item for item in jobs if item.kind is JobKind.PROJECT)
        await workshop.tiers.outbox.retry(jobs=[item for item in jobs if item is not job], delay_s=0)
        documents = await project_elsewhere(workshop, job)
        assert documents == 1

    lexical = workshop.hook("lexical", "forget_user", before=said_meanwhile)
    await workshop.forget(worker).user(**ANA)
    while await worker.project_batch(Projection.LEXICAL):
        pass
    assert await workshop.held(Projection.LEXICAL) == {2}


async def project_elsewhere(workshop: Workshop, job: OutboxJob) -> int:
    """Another process carries out one job."""
    assert job.conversation_id is not None
    stored = await workshop.tiers.archive.page(**ANA)
    found = [item for item in stored if item.conversation_id == job.conversation_id]
    projections = projections_of(workshop.tiers, workshop.processors, share_between_bots=False)
    await projections[job.projection].project(found)
    await workshop.tiers.outbox.complete(jobs=[job])
    return len(found)


async def test_a_lease_that_ran_out_is_taken_over(workshop: Workshop) -> None:
    hanging, never = asyncio.Event(), asyncio.Event()
    lexical = workshop.hook("lexical", "add", before=stops_at(never, hanging))
    await workshop.store(1)
    hung = asyncio.create_task(workshop.worker().project_batch(Projection.LEXICAL))
    await hanging.wait()
    lexical.before = None
    other = workshop.worker()
    assert await other.project_batch(Projection.LEXICAL) == 0
    workshop.clock.advance(LEASE_S)
    assert await other.project_batch(Projection.LEXICAL) == 1
    assert await workshop.held(Projection.LEXICAL) == {1}

    never.set()  # the first one wakes up and ends its batch late
    await hung
    assert await workshop.held(Projection.LEXICAL) == {1}
    assert Projection.LEXICAL not in await workshop.waiting()


@pytest.mark.parametrize("projection", [Projection.LEXICAL, Projection.SUMMARIES, Projection.GRAPH])
async def test_a_rebuild_brings_back_what_was_written_before_the_tier_was_emptied(
    workshop: Workshop, projection: Projection
) -> None:
    wrote, go_on = asyncio.Event(), asyncio.Event()
    workshop.hook(projection.value, "add", after=stops_at(go_on, wrote))
    await workshop.store(1)
    worker = workshop.worker()
    batch = asyncio.create_task(worker.project_batch(projection))
    await wrote.wait()  # in the tier, and its job is not completed yet
    await Rebuild(tiers=workshop.tiers, projector=worker)(projection)
    go_on.set()
    await batch
    while await worker.project_batch(projection):
        pass
    assert await workshop.held(projection) == {1}


async def test_a_rebuilt_tier_holds_every_conversation_of_every_user(workshop: Workshop) -> None:
    for number, user_id in enumerate(("ana", "ben", "cleo"), start=1):
        await workshop.store(number, number + 10, user_id=user_id)
    worker = workshop.worker()
    while await worker.project_batch(Projection.GRAPH):
        pass
    assert await Rebuild(tiers=workshop.tiers, projector=worker)(Projection.GRAPH) == 6
    while await worker.project_batch(Projection.GRAPH):
        pass
    for number, user_id in enumerate(("ana", "ben", "cleo"), start=1):
        assert await workshop.held(Projection.GRAPH, user_id=user_id) == {number, number + 10}


async def test_settling_waits_until_every_tier_holds_what_is_stored(workshop: Workshop) -> None:
    slow, go_on = asyncio.Event(), asyncio.Event()
    workshop.hook("graph", "add", before=stops_at(go_on, slow))
    await workshop.store(1, 2)
    worker = workshop.worker()
    worker.start()
    await slow.wait()
    with pytest.raises(BackendTimeout):
        await worker.settle(timeout_s=0.05)
    settling = asyncio.create_task(worker.settle(timeout_s=30))
    go_on.set()
    await settling
    for projection in Projection:
        assert await workshop.held(projection) == {1, 2}
    await worker.close()


async def test_settling_does_not_wait_for_dead_letters(workshop: Workshop) -> None:
    async def chokes(_: object) -> None:
        raise ValueError("never")

    workshop.hook("graph", "add", before=chokes)
    await workshop.store(1)
    worker = workshop.worker()
    worker.start()
    await worker.settle(timeout_s=30)
    assert len(await workshop.tiers.outbox.dead_letters()) == 1
    await worker.close()


async def test_closing_ends_after_the_batch_under_way_and_leaves_no_task(workshop: Workshop) -> None:
    before = asyncio.all_tasks()
    writing, go_on = asyncio.Event(), asyncio.Event()
    workshop.hook("summaries", "add", before=stops_at(go_on, writing))
    await workshop.store(1)
    worker = workshop.worker()
    worker.start()
    await writing.wait()
    closing = asyncio.create_task(worker.close())
    await asyncio.sleep(0)
    assert not closing.done()
    go_on.set()
    await closing
    assert await workshop.held(Projection.SUMMARIES) == {1}
    assert asyncio.all_tasks() == before


async def test_closing_does_not_wait_for_a_tier_that_hangs_and_the_next_worker_has_its_jobs(workshop: Workshop) -> None:
    before = asyncio.all_tasks()
    hanging = asyncio.Event()
    graph = workshop.hook("graph", "add", before=stops_at(asyncio.Event(), hanging))
    await workshop.store(1)
    worker = workshop.worker()
    worker.start()
    await hanging.wait()
    await worker.close(timeout_s=0.01)
    assert asyncio.all_tasks() == before
    graph.before = None
    workshop.clock.advance(LEASE_S)
    await workshop.worker().project_batch(Projection.GRAPH)
    assert await workshop.held(Projection.GRAPH) == {1}


async def test_a_tier_that_is_closed_under_a_worker_costs_no_job(workshop: Workshop) -> None:
    async def closed(_: object) -> None:
        raise MemoryClosed("the test says so")

    graph = workshop.hook("graph", "add", before=closed)
    await workshop.store(1)
    with pytest.raises(MemoryClosed):
        await workshop.worker().project_batch(Projection.GRAPH)
    graph.before = None
    workshop.clock.advance(LEASE_S)
    await workshop.worker().project_batch(Projection.GRAPH)
    assert await workshop.held(Projection.GRAPH) == {1}
    assert await workshop.tiers.outbox.dead_letters() == []


async def test_a_worker_outlives_an_outbox_that_cannot_be_reached(workshop: Workshop) -> None:
    down = workshop.hook("outbox", "claim", before=unavailable)
    await workshop.store(1)
    worker = workshop.worker(max_backoff_s=0.01)
    worker.start()
    await asyncio.sleep(0.05)
    down.before = None
    await worker.settle(timeout_s=30)
    assert await workshop.held(Projection.LEXICAL) == {1}
    await worker.close()


@pytest.mark.parametrize("error", [Overloaded("the test says so"), KeyError("a bug of a foreign outbox")], ids=repr)
async def test_a_worker_outlives_whatever_the_outbox_raises(workshop: Workshop, error: Exception) -> None:
    raised = 0

    async def fail(_: object) -> None:
        nonlocal raised
        raised += 1
        if raised <= len(ALL):
            raise error

    workshop.hook("outbox", "claim", before=fail)
    worker = workshop.worker(max_backoff_s=0.01)
    worker.start()
    await workshop.store(1)
    await worker.settle(timeout_s=5)
    await worker.close()
    assert await workshop.held(Projection.LEXICAL) == {1}


async def test_a_forgetting_whose_bytes_cannot_be_overwritten_ends_in_a_receipt_that_says_so(
    workshop: Workshop,
) -> None:
    workshop.hook("archive", "purge", before=unavailable)
    await workshop.store(1)
    receipt = await workshop.forget(workshop.worker()).user(**ANA)
    assert (receipt.removed, receipt.bytes_purged, receipt.complete) == (1, False, False)
    assert receipt.completed_at is None
    assert await workshop.held(Projection.LEXICAL) == set()


async def test_a_rebuild_that_dies_between_emptying_and_filling_a_tier_is_made_good_by_the_next_worker(
    workshop: Workshop,
) -> None:
    await workshop.store(1, 2)
    worker = workshop.worker()
    for projection in ALL:
        await worker.project_batch(projection)

    async def die(_: object) -> None:
        raise asyncio.CancelledError

    workshop.hook("lexical", "forget_user", after=die)
    with pytest.raises(asyncio.CancelledError):
        await Rebuild(tiers=workshop.tiers, projector=worker)(Projection.LEXICAL)
    assert await workshop.held(Projection.LEXICAL) == set()
    await workshop.worker().project_batch(Projection.LEXICAL)
    assert await workshop.held(Projection.LEXICAL) == {1, 2}


async def test_forgetting_reaches_a_tier_that_is_down_at_that_moment_once_it_is_back(workshop: Workshop) -> None:
    await workshop.store(1)
    worker = workshop.worker()
    for projection in Projection:
        await worker.project_batch(projection)
    graph = workshop.hook("graph", "forget_user", before=unavailable)
    worker = workshop.worker()
    receipt = await workshop.forget(worker).user(**ANA)
    assert not receipt.complete
    assert {tier.tier: tier.error for tier in receipt.tiers if tier.error} == {"graph": "BackendUnavailable"}
    assert await workshop.held(Projection.LEXICAL) == set()
    for projection in Projection:
        await worker.project_batch(projection)
    assert await workshop.waiting() == {Projection.GRAPH: 1}

    graph.before = None
    workshop.clock.advance(60)
    await worker.project_batch(Projection.GRAPH)
    assert await workshop.held(Projection.GRAPH) == set()
    assert await workshop.waiting() == {}


async def test_bytes_that_could_not_be_overwritten_yet_are_overwritten_later(workshop: Workshop) -> None:
    await workshop.store(1)
    archive = workshop.tiers.archive
    answers = [False, False, True]

    class Busy:
        def __getattr__(self, name: str) -> Any:
            return getattr(archive, name)

        async def purge(self) -> bool:
            return answers.pop(0) if answers else True

    workshop.tiers = attrs.evolve(workshop.tiers, archive=Busy())
    worker = workshop.worker()
    receipt = await workshop.forget(worker).user(**ANA)
    assert not receipt.bytes_purged
    assert not receipt.complete
    await worker.project_batch(Projection.GRAPH)
    assert (await workshop.waiting())[Projection.GRAPH] == 1  # still in the way: given back
    workshop.clock.advance(60)
    await worker.project_batch(Projection.GRAPH)
    assert Projection.GRAPH not in await workshop.waiting()


async def test_a_tier_that_raises_what_is_not_ours_does_not_keep_the_others_from_forgetting(workshop: Workshop) -> None:
    async def breaks(_: object) -> None:
        raise ConnectionResetError("a driver's own error")

    await workshop.store(1)
    worker = workshop.worker()
    for projection in Projection:
        await worker.project_batch(projection)
    workshop.hook("cache", "forget_user", before=breaks)
    worker = workshop.worker()
    receipt = await workshop.forget(worker).user(**ANA)
    assert {tier.tier: tier.error for tier in receipt.tiers if tier.error} == {"cache": "ConnectionResetError"}
    for projection in ALL - {Projection.CACHE}:
        assert await workshop.held(projection) == set()
