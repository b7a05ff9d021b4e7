"""The outbox worker: carries stored conversations into the tiers, and forgetting too, until each tier has it."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import attrs

from ..domain.conversation import Conversation, ConversationKey
from ..domain.errors import BackendConflict, BackendTimeout, MemoryClosed, TalktiersError
from ..domain.projection import Backlog, JobKind, OutboxJob, Projection
from .background_tasks import ended
from .logs import get_logger
from .seldom import Seldom
from .sweeping import project_missing, sweep_user
from .tiers import Tiers
from .turns import Turns

_log = get_logger("projecting")


@attrs.frozen(kw_only=True)
class ProjectorOptions:
    """How the worker works.

    Attributes:
        batch_size: jobs of one projection that are claimed at once.
        lease_s: seconds after which another worker may take over what this one claimed.
        poll_s: how often to look for jobs of other processes and for retries that are due.
        gather_s: how long to wait after a store for others to join the same batch.
        max_backoff_s: longest pause before a failed job is tried again; the first is a second.
    """

    batch_size: int = 1024
    lease_s: float = 10.0
    poll_s: float = 1.0
    gather_s: float = 0.02
    max_backoff_s: float = 60.0


class Projecting(Protocol):
    """Carries conversations of any users into one tier."""

    async def project(self, conversations: Sequence[Conversation]) -> None:
        """When it returns, the tier holds them; it may be called again with the same ones."""
        ...


class Projector:
    """One worker: a loop for each projection, so that none waits for another's tier."""

    def __init__(
        self,
        *,
        tiers: Tiers,
        projections: Mapping[Projection, Projecting],
        options: ProjectorOptions,
        worker_id: str,
        turns: Turns | None = None,
    ) -> None:
        self._tiers = tiers
        self._derived = tiers.derived
        self._projections = projections
        self._options = options
        self._worker_id = worker_id
        self._wake = {projection: asyncio.Event() for projection in projections}
        self._loops: list[asyncio.Task[None]] = []
        self._closing = False
        self._turns = Turns() if turns is None else turns
        self._put_off, self._cannot_work = Seldom(), Seldom()

    def start(self) -> None:
        """Begins to work in the background of the running loop."""
        self._loops = [
            asyncio.get_running_loop().create_task(self._run(projection), name=f"projector:{projection}")
            for projection in self._projections
        ]

    def wake(self) -> None:
        """Tells the worker that there may be something to do."""
        for event in self._wake.values():
            event.set()

    async def close(self, *, timeout_s: float = 5.0) -> None:
        """Ends after the batches under way; what takes longer is left to the next worker."""
        self._closing = True
        self.wake()
        await ended(self._loops, timeout_s=timeout_s)

    async def settle(
        self, *, timeout_s: float | None = None, on_progress: Callable[[Sequence[Backlog]], None] | None = None
    ) -> None:
        """Returns when nothing waits to be projected any more, in this process or another; dead letters do not wait.

        Raises:
            BackendTimeout: it took longer than that.
            MemoryClosed: the memory was closed meanwhile.
        """
        give_up = None if timeout_s is None else time.monotonic() + timeout_s
        pause_s = 0.005
        while True:
            self.wake()
            began = time.monotonic()
            backlog = await self._tiers.outbox.backlog()
            counting_s = time.monotonic() - began
            if on_progress is not None:
                on_progress(backlog)
            if not any(item.waiting for item in backlog if item.projection in self._projections):
                return
            if self._closing:
                raise MemoryClosed("the memory was closed while conversations waited to be projected")
            if give_up is not None and time.monotonic() > give_up:
                raise BackendTimeout(
                    "outbox", "settle", f"conversations still wait to be projected after {timeout_s} s"
                )
            # Counting a long backlog takes time itself: it is not to hold up what it waits for.
            await asyncio.sleep(max(pause_s, 10 * counting_s))
            pause_s = min(0.1, 1.5 * pause_s)

    async def _run(self, projection: Projection) -> None:
        event = self._wake[projection]
        failures = 0
        while not self._closing:
            event.clear()
            try:
                done = await self.project_batch(projection)
                failures = 0
            except MemoryClosed:
                return
            except Exception as error:  # noqa: BLE001
                # The outbox or archive itself, whatever it raised: nothing can be given back, the lease will run out.
                # The worker stays: without it nothing would reach a tier until the next start.
                failures += 1
                done = 0
                if (left_out := self._cannot_work.left_out(projection)) is not None:
                    _log.warning(
                        "projector_cannot_work",
                        projection=projection.value,
                        error=type(error).__name__,
                        left_out=left_out,
                    )
                await self._pause(event, self._backoff_s(failures))
            if done >= self._options.batch_size:
                continue
            await self._pause(event, self._options.poll_s)
            if not self._closing:
                await asyncio.sleep(self._options.gather_s)

    async def _pause(self, event: asyncio.Event, seconds: float) -> None:
        if self._closing:
            return
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return

    def _backoff_s(self, attempts: int) -> float:
        longest = min(self._options.max_backoff_s, 2.0 ** min(attempts - 1, 30))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret

    async def project_batch(self, projection: Projection) -> int:
        """Claims one batch and carries it out; how many jobs were claimed."""
        jobs = await self._tiers.outbox.claim(
            projection=projection,
            limit=self._options.batch_size,
            lease_s=self._options.lease_s,
            worker_id=self._worker_id,
        )
        if not jobs:
            return 0
        began = time.perf_counter()
        erasures = [job for job in jobs if job.kind is not JobKind.PROJECT]
        await self._attempt(projection, [job for job in jobs if job.kind is JobKind.PROJECT])
        for job in erasures:
            await self._attempt(projection, [job])
        _log.debug(
            "batch_projected",
            projection=projection,
            jobs=len(jobs),
            ms=round(1000 * (time.perf_counter() - began), 1),
        )
        return len(jobs)

    async def _attempt(self, projection: Projection, jobs: list[OutboxJob]) -> None:
        """Carries out jobs; what fails for good is set aside alone, so that nothing behind it waits."""
        if not jobs:
            return
        try:
            if jobs[0].kind is JobKind.PROJECT:
                async with self._turns.turn():
                    await self._project(projection, jobs)
            else:
                await self._forget(projection, jobs[0])
        except MemoryClosed:
            raise  # the tier was closed under it, which is no fault of the job: the lease runs out
        except Exception as error:  # noqa: BLE001
            # A tier behind a port may raise anything; a job must end as done, given back or buried.
            if isinstance(error, TalktiersError) and error.retryable:
                attempts = max(job.attempts for job in jobs)
                await self._tiers.outbox.retry(jobs=jobs, delay_s=self._backoff_s(attempts))
                if (left_out := self._put_off.left_out(projection)) is not None:
                    _log.warning(
                        "projection_put_off",
                        projection=projection.value,
                        jobs=len(jobs),
                        error=type(error).__name__,
                        left_out=left_out,
                    )
            elif len(jobs) > 1:
                middle = len(jobs) // 2
                await self._attempt(projection, jobs[:middle])
                await self._attempt(projection, jobs[middle:])
            else:
                await self._tiers.outbox.bury(jobs=jobs, error=type(error).__name__)
                _log.error(
                    "projection_failed_for_good",
                    projection=projection,
                    conversation_id=jobs[0].conversation_id,
                    error=type(error).__name__,
                )
        else:
            await self._tiers.outbox.complete(jobs=jobs)

    async def _project(self, projection: Projection, jobs: Sequence[OutboxJob]) -> None:
        keys = [
            ConversationKey(tenant_id=job.tenant_id, user_id=job.user_id, conversation_id=job.conversation_id)
            for job in jobs
            if job.conversation_id is not None
        ]
        conversations = await self._tiers.archive.load(keys=keys)
        if not conversations:
            return
        await self._projections[projection].project(conversations)
        # Forgetting may have come between: what is no longer stored is taken back before the jobs count as done.
        existing = await self._tiers.archive.existing(keys=[item.key for item in conversations])
        erased: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for item in conversations:
            if item.conversation_id not in existing:
                erased[item.tenant_id, item.user_id].append(item.conversation_id)
        for (tenant_id, user_id), ids in erased.items():
            await self._derived[projection].forget_conversations(
                tenant_id=tenant_id, user_id=user_id, conversation_ids=ids
            )
        if erased:
            await self._purge()

    async def _forget(self, projection: Projection, job: OutboxJob) -> None:
        """A second sweep in the tier; what is stored all the same, since it came back, is projected once more."""
        user = {"tenant_id": job.tenant_id, "user_id": job.user_id}
        if job.conversation_id is not None:
            key = ConversationKey(**user, conversation_id=job.conversation_id)
            await self._derived[projection].forget_conversations(**user, conversation_ids=[job.conversation_id])
            if await self._tiers.archive.existing(keys=[key]):  # taken back once, stored again since
                await self._tiers.outbox.enqueue(projection=projection, keys=[key])
        else:
            await sweep_user(tiers=self._tiers, projection=projection, **user)
            await project_missing(tiers=self._tiers, projection=projection, **user)
        await self._purge()

    async def _purge(self) -> None:
        """Overwrites what erasures left behind, if that was not done yet.

        Raises:
            BackendConflict: somebody was in the way: the job is to be tried again.
        """
        if not await self._tiers.archive.purge():
            raise BackendConflict("archive", "purge", "another process reads what is to be overwritten")
