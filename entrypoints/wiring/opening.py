"""Opens the chosen backends in order, and closes them in reverse, whatever happens on the way."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack

from ...adapters.off_loop import WorkerThread
from ...adapters.system.clock import SystemClock
from ...adapters.system.id_factory import Uuid7Factory
from ...adapters.text.analyser import SnowballAnalyser
from ...adapters.text.intent import RuleIntentClassifier
from ...adapters.text.summariser import LocalSummariser
from ...adapters.text.tokens import EstimatingTokenCounter
from ...adapters.text.topics import LocalTopicExtractor
from ...application.logs import get_logger
from ...application.memory import Memory, MemoryOptions
from ...application.projecting import ProjectorOptions
from ...application.tiers import Processors, Tiers
from ...domain.errors import BackendError
from ...domain.fusion import Decay
from ...ports.backend_server import BackendServer
from ...ports.embedder import Embedder
from ..settings import OFF, Settings
from .container import Container, container_for
from .resources import SharedResources

_log = get_logger("opening")


async def opened_memory(settings: Settings, stack: AsyncExitStack) -> Memory:
    """A memory whose tiers are open and whose projector runs; closing the stack closes it.

    Raises:
        ConfigurationError, BackendError: a tier cannot be opened. What was opened before it is on the stack.
    """
    tiers, processors = await opened_parts(settings, stack)
    await _check(tiers.servers)
    memory = Memory(tiers=tiers, processors=processors, options=memory_options(settings))
    stack.push_async_callback(memory.close)
    memory.start()
    return memory


async def opened_parts(settings: Settings, stack: AsyncExitStack) -> tuple[Tiers, Processors]:
    """The tiers and processors that the settings choose, entered on a stack. No server was asked anything yet."""
    off_loop = await stack.enter_async_context(WorkerThread())
    clock = SystemClock()
    resources = SharedResources(settings=settings, stack=stack, off_loop=off_loop, clock=clock)
    container = container_for(settings, resources)
    embedder: Embedder | None = await stack.enter_async_context(container.embedder())
    tiers = await _opened_tiers(container, settings, stack, embedder, resources)
    analyser = SnowballAnalyser(default_language=settings.lexical.language)
    processors = Processors(
        analyser=analyser,
        summariser=LocalSummariser(analyser=analyser, worker=off_loop),
        topics=LocalTopicExtractor(analyser=analyser, worker=off_loop),
        intents=RuleIntentClassifier(),
        tokens=EstimatingTokenCounter(),
        embedder=embedder,
        off_loop=off_loop,
        clock=clock,
        ids=Uuid7Factory(clock=clock),
    )
    return tiers, processors


async def _opened_tiers(
    container: Container,
    settings: Settings,
    stack: AsyncExitStack,
    embedder: Embedder | None,
    resources: SharedResources,
) -> Tiers:
    archive, outbox = await stack.enter_async_context(container.archive())
    cache = lexical = summaries = graph = None
    if settings.cache.backend != OFF:
        cache = await stack.enter_async_context(container.cache())
    if settings.lexical.backend != OFF:
        lexical = await stack.enter_async_context(container.lexical())
    if settings.summaries.backend != OFF:
        summaries = await stack.enter_async_context(container.summaries(embedder))
    if settings.graph.backend != OFF:
        graph = await stack.enter_async_context(container.graph())
    return Tiers(
        archive=archive,
        outbox=outbox,
        cache=cache,
        lexical=lexical,
        summaries=summaries,
        graph=graph,
        import_runs=resources.import_runs,
        servers=resources.servers,
    )


async def _check(servers: Mapping[str, BackendServer]) -> None:
    """Checks all servers at once. One that derived tiers live on is said to be missing, and used as soon as it is there.

    Raises:
        BackendError: the archive's.
    """
    tiers_of: dict[BackendServer, list[str]] = {}
    for tier, server in servers.items():
        tiers_of.setdefault(server, []).append(tier)
    outcomes = await asyncio.gather(*(server.check() for server in tiers_of), return_exceptions=True)
    for outcome, tiers in zip(outcomes, tiers_of.values(), strict=True):
        if not isinstance(outcome, BaseException):
            continue
        if not isinstance(outcome, BackendError):
            raise outcome
        if "archive" in tiers:
            raise type(outcome)(outcome.backend, "opening the archive", outcome.reason) from outcome
        for tier in tiers:
            _log.warning("tier_not_ready", tier=tier, error=type(outcome).__name__, reason=str(outcome))


def memory_options(settings: Settings) -> MemoryOptions:
    """What the settings tell the use cases."""
    projector = settings.projector
    return MemoryOptions(
        shares=settings.context.shares,
        decay=Decay(settings.search.decay),
        share_between_bots=settings.privacy.share_between_bots,
        cache_size=settings.cache.size,
        max_concurrent_stores=projector.max_concurrent_stores,
        projector=ProjectorOptions(batch_size=projector.batch_size, lease_s=projector.lease_s, poll_s=projector.poll_s),
        project_in_process=projector.in_process,
        worker_id=f"{os.getpid()}-{uuid.uuid4().hex[:8]}",
    )
