"""Bulk: how fast an import is stored, and then each tier by itself: what a large import waits for."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

from talktiers import open_memory
from talktiers.adapters.sources.jsonl import JsonLines
from talktiers.application.projecting import Projector
from talktiers.application.projections import projections_of
from talktiers.benchmarks.conversations import Talk, write_lines
from talktiers.benchmarks.report import Figure, Report, Table, number
from talktiers.benchmarks.server_workspace import ServerWorkspace
from talktiers.benchmarks.workspace import say
from talktiers.entrypoints.configuration import load_settings
from talktiers.entrypoints.wiring.opening import memory_options, opened_parts

_CONVERSATIONS = 2_000
_USERS = 20


async def measure(workspace: ServerWorkspace) -> Report:
    """Stores without projecting, then works off one tier's jobs after the other's."""
    count = min(_CONVERSATIONS, workspace.conversations)
    servers = workspace.servers.part("bulk")
    await servers.erase()  # what an earlier run left
    settings = load_settings(servers.settings(projector={"in_process": False}))
    lines = workspace.folder / "bulk.jsonl"
    await asyncio.to_thread(write_lines, lines, Talk(users=_USERS, seed=2), count)
    figures: dict[str, tuple[float, float]] = {}
    say("bulk: storing")
    async with open_memory(settings) as memory:
        began, busy = time.perf_counter(), time.process_time()
        await memory.import_conversations(JsonLines(path=str(lines)))
        figures["stored"] = (time.perf_counter() - began, time.process_time() - busy)
    lines.unlink()
    async with AsyncExitStack() as stack:
        tiers, processors = await opened_parts(settings, stack)
        options = memory_options(settings)
        projections = projections_of(tiers, processors, share_between_bots=options.share_between_bots)
        projector = Projector(
            tiers=tiers, projections=projections, options=options.projector, worker_id=options.worker_id
        )
        for projection in projections:
            say(f"bulk: {projection.value}")
            began, busy = time.perf_counter(), time.process_time()
            while await projector.project_batch(projection):
                pass
            figures[f"in {projection.value}"] = (time.perf_counter() - began, time.process_time() - busy)
    rows = [
        [name, number(count / seconds), number(1000 * seconds / count), number(100 * own_s / seconds)]
        for name, (seconds, own_s) in figures.items()
    ]
    whole_s = sum(seconds for seconds, _ in figures.values())
    rows.append(["one after the other", number(count / whole_s), number(1000 * whole_s / count), ""])
    return Report(
        tables=[
            Table(
                title=f"import of {count:,} conversations of {_USERS} users, each tier by itself",
                header=("", "a second", "ms each", "% of a core here"),
                rows=rows,
            )
        ],
        figures=[
            Figure(name=f"conversations a second {name}", value=count / seconds, unit="/s")
            for name, (seconds, _) in figures.items()
        ],
    )
