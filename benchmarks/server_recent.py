"""Recent read: a window out of Redis, decoded, beside the raw LRANGE of the same twenty conversations."""

from __future__ import annotations

import asyncio
import time

from talktiers.benchmarks.raw_servers import RECENT
from talktiers.benchmarks.report import TIMES_HEADER, Figure, Report, Table, Times
from talktiers.benchmarks.server_questions import opened
from talktiers.benchmarks.server_workspace import ServerWorkspace
from talktiers.benchmarks.workspace import say
from talktiers.domain.place import Scope
from talktiers.domain.recent_window import windows_for

_ROUNDS = 1_000
_WARM_UP = 50


async def measure(workspace: ServerWorkspace) -> Report:
    """One caller, all users in turn, the calls alternating."""
    growing = await workspace.large()
    ours: list[float] = []
    with_epoch: list[float] = []
    raw: list[float] = []
    incomplete = 0
    async with opened(growing) as on:
        cache, archive = on.tiers.cache, on.tiers.archive
        assert cache is not None
        questions = await on.questions(at_most=growing.users)
        say("recent: reading")
        for turn in range(-_WARM_UP, _ROUNDS):
            question = questions[turn % len(questions)]
            keys = windows_for(Scope(user_id=question.user_id))
            began = time.perf_counter()
            windows = await cache.read(keys=keys)
            read = time.perf_counter()
            await asyncio.gather(cache.read(keys=keys), archive.epoch(tenant_id="default", user_id=question.user_id))
            both = time.perf_counter()
            await on.raw.recent(question)
            end = time.perf_counter()
            if turn >= 0:
                ours.append(1000 * (read - began))
                with_epoch.append(1000 * (both - read))
                raw.append(1000 * (end - both))
                incomplete += any(not item.complete or len(item.conversations) < RECENT for item in windows)
    return Report(
        tables=[
            Table(
                title=f"the latest {RECENT} conversations of a user, one caller",
                header=("", *TIMES_HEADER),
                rows=[
                    ["recent read", *Times(ours).cells()],
                    ["with the user's epoch, as a context reads it", *Times(with_epoch).cells()],
                    [f"raw LRANGE of {RECENT}", *Times(raw).cells()],
                ],
            )
        ],
        figures=[
            Figure(name="recent read, p50", value=Times(ours).p50, unit="ms", bar="< 1"),
            Figure(name="recent read / raw LRANGE, p50", value=Times(ours).p50 / Times(raw).p50, bar="<= 4"),
            Figure(name="windows that were not complete", value=incomplete, bar="0"),
        ],
    )
