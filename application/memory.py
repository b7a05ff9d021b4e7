"""The use cases of one open memory, put together over its tiers."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import attrs

from ..domain.context_budget import ContextShares
from ..domain.errors import TalktiersError
from ..domain.fusion import Decay
from .asking import DetachedCalls
from .assembling import AssembleContext
from .background_tasks import BackgroundTasks
from .caching import CachePusher
from .figures import Figures
from .forgetting import Forget
from .logs import get_logger
from .projecting import Projector, ProjectorOptions
from .projections import projections_of
from .reading import Read
from .rebuilding import Rebuild
from .recalling_recent import RecallRecent
from .retrieving import Retriever
from .searching import Search
from .seldom import Seldom
from .storing import StoreConversation
from .tiers import Processors, Tiers
from .turns import Turns
from .usage import Usage

DRAIN_S = 1.0
"""Enough for what a script has just stored; a backlog is not waited for."""

_log = get_logger("memory")


@attrs.frozen(kw_only=True)
class MemoryOptions:
    """What the use cases are told by the settings."""

    shares: ContextShares
    decay: Decay
    share_between_bots: bool
    cache_size: int
    max_concurrent_stores: int
    projector: ProjectorOptions
    project_in_process: bool
    worker_id: str


class Memory:
    """One open memory. `start` begins the work in the background, `close` ends it in order."""

    def __init__(self, *, tiers: Tiers, processors: Processors, options: MemoryOptions) -> None:
        usage = Usage()
        self._detached = DetachedCalls()
        failures = Seldom()
        self._background = BackgroundTasks()
        self._project_in_process = options.project_in_process
        pusher = None
        if tiers.cache is not None:
            pusher = CachePusher(
                tiers=tiers, background=self._background, share_between_bots=options.share_between_bots
            )
        self.turns = Turns()
        self.projector = Projector(
            tiers=tiers,
            projections=projections_of(tiers, processors, share_between_bots=options.share_between_bots),
            options=options.projector,
            worker_id=options.worker_id,
            turns=self.turns,
        )
        self.store = StoreConversation(
            tiers=tiers,
            processors=processors,
            projector=self.projector,
            pusher=pusher,
            usage=usage,
            max_concurrent=options.max_concurrent_stores,
        )
        retriever = Retriever(tiers=tiers, processors=processors, decay=options.decay)
        self.assemble_context = AssembleContext(
            tiers=tiers,
            processors=processors,
            retriever=retriever,
            recall_recent=RecallRecent(tiers=tiers, background=self._background, size=options.cache_size),
            shares=options.shares,
            detached=self._detached,
            failures=failures,
            usage=usage,
        )
        self.search = Search(
            tiers=tiers,
            processors=processors,
            retriever=retriever,
            detached=self._detached,
            failures=failures,
            usage=usage,
        )
        self.read = Read(tiers=tiers, clock=processors.clock)
        self.forget = Forget(tiers=tiers, projector=self.projector, clock=processors.clock)
        self.rebuild = Rebuild(tiers=tiers, projector=self.projector)
        self.figures = Figures(tiers=tiers, processors=processors, usage=usage)
        self.tiers = tiers
        self.processors = processors

    def start(self) -> None:
        """Begins to project in the background, where this process is to."""
        if self._project_in_process:
            self.projector.start()

    async def close(self) -> None:
        """Ends the work in the background.

        What waits to be projected is carried out first, for up to `DRAIN_S`; what is left then is done when the memory
        is opened again. When it is cancelled, every part of it still ends.
        """
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._keep_measurements)
            stack.push_async_callback(self._detached.close)
            stack.push_async_callback(self.projector.close)
            stack.push_async_callback(self._drain)
            stack.push_async_callback(self._background.close)

    async def _drain(self) -> None:
        if not self._project_in_process:
            return
        try:
            async with asyncio.timeout(2 * DRAIN_S):  # whatever a store behind it does
                await self.projector.settle(timeout_s=DRAIN_S)
        except (TalktiersError, TimeoutError) as error:
            _log.info("closed_before_all_was_projected", error=type(error).__name__)

    async def _keep_measurements(self) -> None:
        try:
            await self.figures.keep_measurements()
        except TalktiersError as error:
            _log.warning("measurements_not_kept", error=type(error).__name__)
