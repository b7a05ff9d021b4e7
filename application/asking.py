"""Asking tiers under one deadline: whoever does not answer in time is left behind, and the report says so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

from ..domain.context_bundle import TierReport, TierStatus
from ..domain.errors import BackendTimeout, TalktiersError
from .logs import get_logger
from .seldom import Seldom

T = TypeVar("T")

MAX_DETACHED_PER_TIER: Final = 16
"""Calls of one tier that may still run after they were given up; beyond that the tier is skipped until some end."""

SOURCE_OF_TRUTH: Final = "archive"

_log = get_logger("asking")


class DetachedCalls:
    """Calls that were given up but could not be stopped: a driver can hold a cancelled call for a minute.

    They are owned here, bounded in number, and ended when the memory closes.
    """

    def __init__(self) -> None:
        self._calls: dict[str, set[asyncio.Task[Any]]] = {}

    def saturated(self, tier: str) -> bool:
        """Whether so many calls of the tier hang that another one would only add to them."""
        return len(self._calls.get(tier, ())) >= MAX_DETACHED_PER_TIER

    def detach(self, tier: str, task: asyncio.Task[Any]) -> None:
        """Takes over a running call and asks it to stop."""
        calls = self._calls.setdefault(tier, set())
        calls.add(task)
        task.add_done_callback(calls.discard)
        task.add_done_callback(_retrieve_outcome)
        task.cancel()

    async def close(self, *, timeout_s: float = 1.0) -> None:
        """Waits a moment for what still runs, then lets it go."""
        running = {task for calls in self._calls.values() for task in calls}
        if running:
            await asyncio.wait(running, timeout=timeout_s)


def _retrieve_outcome(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.debug("detached_call_failed", error=type(error).__name__)


class Asking:
    """One assembly's questions to the tiers, and what became of each.

    Args:
        deadline_s: seconds from now within which everything must be answered.
        detached: where calls go that did not answer in time.
        failures: which failures of a tier are told in the log; of all assemblies together.
    """

    def __init__(self, *, deadline_s: float, detached: DetachedCalls, failures: Seldom | None = None) -> None:
        self._started = time.perf_counter()
        self._deadline_s = deadline_s
        self._detached = detached
        self._failures = Seldom() if failures is None else failures
        self._reports: dict[str, TierReport] = {}

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since the beginning."""
        return 1000 * (time.perf_counter() - self._started)

    @property
    def reports(self) -> tuple[TierReport, ...]:
        """What became of every tier that was asked, in the order of asking; its worst answer and the sum of its times."""
        return tuple(self._reports.values())

    def remaining_s(self, share: float) -> float:
        """Seconds left until that share of the deadline has passed; at least 0."""
        return max(0.0, self._deadline_s * share - (time.perf_counter() - self._started))

    async def ask(self, tier: str, question: Callable[[], Coroutine[Any, Any, T]], *, share: float, default: T) -> T:
        """The tier's answer, or the default when it fails or does not answer before its share of the deadline is over.

        A tier that did not answer in time is not waited for a second time; only the archive is, for without it there
        is no context.

        Args:
            share: part of the whole deadline, counted from its start, within which the answer counts.
        """
        before = self._reports.get(tier)
        if before is not None and before.status is TierStatus.TIMEOUT and tier != SOURCE_OF_TRUTH:
            return default
        if self._detached.saturated(tier):
            self.note(tier, TierStatus.SKIPPED, error="too many unanswered calls")
            return default
        began = time.perf_counter()
        task = asyncio.ensure_future(question())
        try:
            await asyncio.wait({task}, timeout=self.remaining_s(share))
        except asyncio.CancelledError:
            self._detached.detach(tier, task)
            raise
        time_ms = 1000 * (time.perf_counter() - began)
        if not task.done():
            self._detached.detach(tier, task)
            self.note(tier, TierStatus.TIMEOUT, time_ms=time_ms)
            return default
        if task.cancelled():
            self.note(tier, TierStatus.ERROR, time_ms=time_ms, error="cancelled")
            return default
        error = task.exception()
        if error is None:
            self.note(tier, TierStatus.OK, time_ms=time_ms)
            return task.result()
        if isinstance(error, BackendTimeout):
            self.note(tier, TierStatus.TIMEOUT, time_ms=time_ms, error=type(error).__name__)
        elif isinstance(error, Exception):
            # Whatever a tier raises, third parties' included, costs this one answer and is reported.
            self.note(tier, TierStatus.ERROR, time_ms=time_ms, error=type(error).__name__)
            self._tell(tier, error)
        else:
            raise error
        return default

    def _tell(self, tier: str, error: Exception) -> None:
        left_out = self._failures.left_out(tier)
        if left_out is not None:
            _log.warning(
                "tier_failed",
                tier=tier,
                error=type(error).__name__,
                reason=str(error) if isinstance(error, TalktiersError) else None,
                left_out=left_out,
            )

    def note(self, tier: str, status: TierStatus, *, time_ms: float = 0.0, error: str | None = None) -> None:
        """Records an outcome; the worst one of a tier stays."""
        before = self._reports.get(tier)
        if before is not None:
            time_ms += before.time_ms
            if before.status.severity >= status.severity:
                status, error = before.status, before.error
        self._reports[tier] = TierReport(tier=tier, status=status, time_ms=time_ms, error=error)


async def settled(*awaitables: Awaitable[T]) -> list[T]:
    """Awaits all of them; when one raises, the others are cancelled and awaited before it is raised."""
    tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        unfinished = [task for task in tasks if not task.done()]
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished)
