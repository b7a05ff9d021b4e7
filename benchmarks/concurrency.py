"""Sixteen callers at once: how long the event loop is held up, while all is calm and while a backlog is worked off."""

from __future__ import annotations

import asyncio
import gc
import itertools
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from talktiers import HierarchicalMemoryManager, open_memory
from talktiers.benchmarks.context import complete, questions_for
from talktiers.benchmarks.conversations import Exchange, Talk
from talktiers.benchmarks.report import TIMES_HEADER, Figure, Report, Table, Times, number
from talktiers.benchmarks.store import store
from talktiers.benchmarks.watching import StallWatch
from talktiers.benchmarks.workspace import USERS, Workspace, say, settings_for

_CALLERS = 16
_SECONDS = 10.0
_BACKLOG = 4_000
_CONTEXTS_A_STORE = 3


@attrs.define
class _Load:
    """What the callers saw."""

    contexts: list[float] = attrs.field(factory=list)
    stores: list[float] = attrs.field(factory=list)
    late: list[float] = attrs.field(factory=list)
    incomplete: int = 0
    seconds: float = 0.0


async def measure(workspace: Workspace) -> Report:
    """Each caller asks for contexts and stores every fourth time, in a closed loop."""
    path = await workspace.copied("concurrency")
    further = Talk(users=USERS, seed=10).exchanges(1_000_000)
    questions = itertools.cycle(questions_for((await workspace.filled()).asked_about, a_user=12))
    idle = StallWatch()
    async with idle:
        await asyncio.sleep(2)
    say("concurrency: sixteen callers")
    async with open_memory(settings_for(path)) as memory:
        for exchange, question in itertools.islice(questions, 300):
            await memory.get_conversation_context(exchange.user_id, question)
        calm = await _load(memory, questions, further)
        # What a bot may do once it has started: the objects of its start are then left out of every full collection.
        gc.freeze()
        frozen = await _load(memory, questions, further)
        gc.unfreeze()
        await memory.settle()
    say("concurrency: sixteen callers and a backlog")
    await _pile_up(path, further)
    async with open_memory(settings_for(path)) as memory:
        busy = await _load(memory, questions, further)
        waiting = max(item.waiting for item in (await memory.health()).backlog)
    loads = {"calm": calm, "calm, after gc.freeze()": frozen, f"backlog of {_BACKLOG:,}": busy}
    rows = []
    for name, load in loads.items():
        rows.append([f"{name}: context", *Times(load.contexts).cells(), number(len(load.contexts) / load.seconds)])
        rows.append([f"{name}: store", *Times(load.stores).cells(), number(len(load.stores) / load.seconds)])
        rows.append([f"{name}: event loop late", *Times(load.late).cells(), ""])
    rows.append(["nothing to do: event loop late", *Times(idle.late_ms).cells(), ""])
    figures = [
        figure
        for name, load in loads.items()
        for figure in (
            Figure(name=f"{name}: longest stall", value=max(load.late), unit="ms", bar="< 50"),
            Figure(
                name=f"{name}: contexts that some tier was missing in",
                value=100 * load.incomplete / max(1, len(load.contexts)),
                unit="%",
            ),
        )
    ]
    figures.append(Figure(name="backlog left at the end", value=waiting))
    return Report(
        tables=[Table(title=f"{_CALLERS} callers in a closed loop", header=("", *TIMES_HEADER, "calls/s"), rows=rows)],
        figures=figures,
    )


async def _pile_up(path: Path, further: Iterator[Exchange]) -> None:
    """Stores without projecting, as when the worker was down."""
    async with open_memory(settings_for(path, projecting=False)) as memory:
        for exchanges in _groups(itertools.islice(further, _BACKLOG), 64):
            await asyncio.gather(*(store(memory, exchange) for exchange in exchanges))


def _groups(exchanges: Iterator[Exchange], size: int) -> Iterator[Sequence[Exchange]]:
    while group := list(itertools.islice(exchanges, size)):
        yield group


async def _load(
    memory: HierarchicalMemoryManager, questions: Iterator[tuple[Exchange, str]], further: Iterator[Exchange]
) -> _Load:
    load = _Load()
    began = time.perf_counter()

    async def caller() -> None:
        for turn in itertools.count():
            if time.perf_counter() - began > _SECONDS:
                return
            if turn % (_CONTEXTS_A_STORE + 1) == _CONTEXTS_A_STORE:
                new = next(further)
                asked = time.perf_counter()
                await store(memory, new)
                load.stores.append(1000 * (time.perf_counter() - asked))
            else:
                exchange, question = next(questions)
                asked = time.perf_counter()
                bundle = await memory.get_conversation_context(exchange.user_id, question)
                load.contexts.append(1000 * (time.perf_counter() - asked))
                load.incomplete += not complete(bundle)

    async with StallWatch() as watch:
        await asyncio.gather(*(caller() for _ in range(_CALLERS)))
    load.seconds = time.perf_counter() - began
    load.late = watch.late_ms
    return load
