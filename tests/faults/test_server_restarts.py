"""Each server restarted, killed and frozen in the middle of a load: nothing acknowledged is lost, and the tiers agree.

The memory stays open all the time. The server in question is this test's own; the others are those of all tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import time
from collections.abc import AsyncIterator
from typing import Any

import attrs
import pytest
from four_servers import FourServers
from servers import ServerSet

from talktiers import BackendError, HierarchicalMemoryManager, open_memory
from talktiers.domain.assembly_metadata import TierStatus

USERS = ("ana", "ben", "cleo")
DEADLINE_MS = 300.0
GRACE_MS = 1500
"""On a busy machine the loop itself may come late; a server that is waited for would cost its time-out of seconds."""
PAUSE_S = 0.1
"""Between the calls of a user: a server that starts needs the processor too."""
SETTLED_WITHIN_S = 120
FAULTY = (TierStatus.ERROR, TierStatus.TIMEOUT, TierStatus.SKIPPED)
TIERS = {
    "redis": ("cache",),
    "postgres": ("archive", "lexical"),
    "chroma": ("summaries",),
    "neo4j": ("graph",),
}


@attrs.define
class Load:
    """Stores and contexts of several users without a pause.

    Attributes:
        acknowledged: ids by user.
        faulty: tiers that a context has reported.
    """

    memory: HierarchicalMemoryManager
    archive_may_fail: bool
    acknowledged: dict[str, list[str]] = attrs.field(factory=lambda: {user: [] for user in USERS})
    contexts: int = 0
    slowest_ms: float = 0.0
    faulty: set[str] = attrs.field(factory=set)

    @property
    def stored(self) -> int:
        return sum(map(len, self.acknowledged.values()))

    async def _tell(self, user: str) -> None:
        for number in itertools.count():
            self.acknowledged[user].append(await self._store(user, number))
            await asyncio.sleep(PAUSE_S)

    async def _ask(self, user: str) -> None:
        while True:
            began = time.perf_counter()
            bundle = await self.memory.get_conversation_context(user, "Who plays the violin?", deadline_ms=DEADLINE_MS)
            self.slowest_ms = max(self.slowest_ms, 1000 * (time.perf_counter() - began))
            self.contexts += 1
            self.faulty |= {report.tier for report in bundle.assembly_metadata.tiers if report.status in FAULTY}
            await asyncio.sleep(PAUSE_S)

    async def _store(self, user: str, number: int) -> str:
        """As a bot does: until it is acknowledged, with the same key."""
        while True:
            try:
                return await self.memory.store_conversation(
                    user,
                    f"My {('sister', 'brother', 'neighbour')[number % 3]} plays the violin, number {number}",
                    "How lovely!",
                    idempotency_key=f"{user}-{number}",
                )
            except BackendError as error:
                if not (self.archive_may_fail and error.retryable):
                    raise
                await asyncio.sleep(0.1)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(act(user)) for user in USERS for act in (self._tell, self._ask)]
        try:
            yield
            for task in tasks:
                assert not task.done(), task.exception()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def goes_on(self, *, stores: int = 10, seconds: float = 0.5) -> None:
        """Returns once so much more was stored and read, and so much time has passed."""
        stored, contexts = self.stored + stores, self.contexts + stores
        await asyncio.sleep(seconds)
        async with asyncio.timeout(60):
            while self.stored < stored or self.contexts < contexts:  # noqa: ASYNC110 - by the load itself
                await asyncio.sleep(0.05)


async def expect_that_all_agree(load: Load) -> None:
    """Once settled, the archive and every tier hold what was acknowledged, each once, and contexts are complete again."""
    memory = load.memory
    await memory.settle(timeout_s=SETTLED_WITHIN_S)
    for user in USERS:
        # The last store of the load may have been cut off before its answer.
        stored = [item.conversation_id async for item in memory.export_user(user)]
        assert len(stored) == len(set(stored))
        assert set(load.acknowledged[user]) <= set(stored)
        assert len(stored) <= len(load.acknowledged[user]) + 1
        for projection, tier in memory._open.tiers.derived.items():
            held = await tier.conversation_ids(tenant_id="default", user_id=user)
            assert held <= set(stored) if projection == "cache" else held == set(stored), projection
        async with asyncio.timeout(30):
            while True:
                bundle = await memory.get_conversation_context(user, "Who plays the violin?", deadline_ms=5_000)
                if bundle.assembly_metadata.complete and bundle.assembly_metadata.cache_hit:
                    break
                await asyncio.sleep(0.05)
        assert bundle.recent_messages[-1].conversation_id == stored[-1]
        assert set(bundle.assembly_metadata.sources_used) >= {"cache", "lexical", "summaries", "graph"}
    health = await memory.health()
    assert health.ok, health.to_json()


@pytest.fixture
def disturbed(four_servers: FourServers, own_servers: ServerSet, request: pytest.FixtureRequest) -> FourServers:
    """All four, one of them nobody else's."""
    name = request.param
    (outcome,) = own_servers.start(name)
    if not outcome.serves:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(outcome.detail)
    own = own_servers.environment()
    changes: dict[str, Any] = {f"{name}_url": own[f"TALKTIERS_TEST_{name.upper()}_URL"]}
    if name == "neo4j":
        changes["neo4j_auth"] = (own["TALKTIERS_TEST_NEO4J_USER"], own["TALKTIERS_TEST_NEO4J_PASSWORD"])
    return attrs.evolve(four_servers, **changes)


# Neo4j's driver leaves a socket to the garbage collector where a time limit ends its connecting.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("disturbed", "name"), [(name, name) for name in TIERS], indirect=["disturbed"])
async def test_a_server_that_goes_and_comes_back_costs_nothing_that_was_acknowledged(
    disturbed: FourServers, own_servers: ServerSet, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    def restart() -> None:
        own_servers.restart(name)

    def kill_and_start() -> None:
        own_servers.kill(name)
        time.sleep(1)
        (outcome,) = own_servers.start(name)
        assert outcome.serves, outcome

    def freeze() -> None:
        with own_servers.paused(name):
            time.sleep(2)

    caplog.set_level(logging.INFO, logger="talktiers")
    async with open_memory(disturbed.settings()) as memory:
        projector = memory._open.projector
        projector._options = attrs.evolve(projector._options, max_backoff_s=1.0)  # a test need not wait a minute
        load = Load(memory=memory, archive_may_fail="archive" in TIERS[name])
        began = time.monotonic()
        async with load.running():
            await load.goes_on()
            for fault in (restart, kill_and_start, freeze):
                before, load.faulty = load.stored, set()
                await asyncio.to_thread(fault)
                if fault is not restart:  # which may be over before anybody asks
                    assert load.faulty & set(TIERS[name]), f"no context has said so: {fault.__name__}"
                    assert load.archive_may_fail or load.stored > before, fault.__name__
                await load.goes_on()
        assert load.slowest_ms < DEADLINE_MS + GRACE_MS
        await expect_that_all_agree(load)
        took_s = time.monotonic() - began
    expect_few_lines(caplog, took_s=took_s)
    assert not any(secret in caplog.text for secret in disturbed.secrets)


def expect_few_lines(caplog: pytest.LogCaptureFixture, *, took_s: float) -> None:
    """However many calls have failed."""
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("talktiers")]
    assert len(lines) < 20 * (1 + took_s / 10), "\n".join(lines)
