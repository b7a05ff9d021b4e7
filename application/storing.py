"""Storing: one durable commit, the acknowledgement, and only then anything else."""

from __future__ import annotations

import time
from typing import Protocol

from ..domain.conversation import Conversation
from ..domain.errors import Overloaded
from ..domain.intake import Intake
from .caching import CachePusher
from .projecting import Projector
from .tiers import Processors, Tiers
from .usage import Usage


class Storing(Protocol):
    """Stores an exchange, wherever the memory lives at the moment."""

    async def __call__(self, intake: Intake, *, live: bool = True) -> Conversation:
        """As `StoreConversation` does."""
        ...


class StoreConversation:
    """Stores an exchange. The acknowledgement follows the archive's commit and waits for nothing else."""

    def __init__(
        self,
        *,
        tiers: Tiers,
        processors: Processors,
        projector: Projector,
        pusher: CachePusher | None,
        usage: Usage,
        max_concurrent: int,
    ) -> None:
        self._tiers = tiers
        self._processors = processors
        self._projections = tuple(tiers.derived)
        self._projector = projector
        self._pusher = pusher
        self._usage = usage
        self._max_concurrent = max_concurrent
        self._under_way = 0

    async def __call__(self, intake: Intake, *, live: bool = True) -> Conversation:
        """The conversation as it is stored.

        Args:
            live: whether it was said just now: then it goes into the cache at once; otherwise when its turn comes.

        Raises:
            InvalidConversation, IdempotencyConflict, Forgotten, Moved, Overloaded, BackendError: nothing was stored.
        """
        if self._under_way >= self._max_concurrent:
            raise Overloaded(
                f"{self._max_concurrent} conversations are being stored already; try again in a moment"
                " (setting: projector.max_concurrent_stores)"
            )
        self._under_way += 1
        began = time.perf_counter()
        try:
            conversation = intake.conversation(now=self._processors.clock.now(), new_id=self._processors.ids.new_id())
            appended = await self._tiers.archive.append(
                conversation=conversation,
                projections=self._projections,
                time_given=intake.occurred_at is not None,
            )
        finally:
            self._under_way -= 1
        self._usage.stored(time_ms=1000 * (time.perf_counter() - began))
        if appended.created:
            if self._pusher is not None and live:
                self._pusher.push(appended.conversation, epoch=appended.epoch)
            self._projector.wake()
        return appended.conversation
