"""Store: how long an acknowledged store takes, beside the raw insert of the same rows into the same kind of file."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Iterator, Sequence
from typing import Literal

import attrs

from talktiers import HierarchicalMemoryManager, open_memory
from talktiers.benchmarks.conversations import Exchange, Talk
from talktiers.benchmarks.raw_sqlite import RawFile
from talktiers.benchmarks.report import TIMES_HEADER, Figure, Report, Table, Times, number
from talktiers.benchmarks.workspace import USERS, Workspace, say, settings_for

_CALLERS = 16
_ROUNDS = 24
_A_ROUND = 8
"""Calls of each kind in turn, so that whatever else the machine and its disk do meets all of them."""
_WARM_UP = 2
_UNTIMED = 256
"""Stores into each file before: afterwards its write-ahead log is written over and no longer grows."""

_BARS = {"one caller": "<= 3", "16 callers": "<= 3"}

Synchronous = Literal["FULL", "NORMAL"]


@attrs.define
class _Kind:
    """One way of storing, timed: milliseconds of every call, and of so many stores together."""

    calls: list[float] = attrs.field(factory=list)
    together: list[float] = attrs.field(factory=list)

    def stores_per_s(self, stores_at_once: int) -> float:
        return 1000 * stores_at_once * len(self.together) / sum(self.together)


async def measure(workspace: Workspace) -> Report:
    """Both durabilities, one caller and sixteen, with the projector in this process and without."""
    tables: list[Table] = []
    figures: list[Figure] = []
    for synchronous in ("FULL", "NORMAL"):
        for projecting in (True, False):
            say(f"store: synchronous {synchronous}, {'projecting' if projecting else 'projecting elsewhere'}")
            table, measured = await _compared(workspace, synchronous=synchronous, projecting=projecting)
            tables.append(table)
            figures += measured
    return Report(tables=tables, figures=figures)


async def _compared(
    workspace: Workspace, *, synchronous: Synchronous, projecting: bool
) -> tuple[Table, Sequence[Figure]]:
    exchanges = Talk(users=USERS, seed=3).exchanges(1_000_000)
    name = f"store-{synchronous}-{projecting}".lower()
    raw = await RawFile.new(workspace.folder / f"{name}-raw.db", synchronous=synchronous)
    settings = settings_for(workspace.folder / f"{name}.db", synchronous=synchronous, projecting=projecting)
    kinds = {key: _Kind() for key in ("raw", "ours", "raw x 16", "16 callers")}
    async with open_memory(settings) as memory:
        for row in raw.rows(itertools.islice(exchanges, _UNTIMED)):
            raw.insert([row])
        for exchange in itertools.islice(exchanges, _UNTIMED):
            await store(memory, exchange)
        for turn in range(-_WARM_UP, _ROUNDS):
            timed = {key: _Kind() for key in kinds} if turn < 0 else kinds
            _insert_one_by_one(raw, exchanges, timed["raw"])
            await _settled(memory, projecting)
            await _store_one_by_one(memory, exchanges, timed["ours"])
            await _settled(memory, projecting)
            _insert_sixteen(raw, exchanges, timed["raw x 16"])
            await _settled(memory, projecting)
            await _store_together(memory, exchanges, timed["16 callers"])
            await _settled(memory, projecting)
    raw.close()
    one, sixteen = kinds["ours"], kinds["16 callers"]
    ratios = {
        "one caller": Times(one.calls).p50 / Times(kinds["raw"].calls).p50,
        "16 callers": Times(sixteen.together).p50 / Times(kinds["raw x 16"].together).p50,
    }
    ratios_p95 = {
        "one caller": Times(one.calls).p95 / Times(kinds["raw"].calls).p95,
        "16 callers": Times(sixteen.together).p95 / Times(kinds["raw x 16"].together).p95,
    }
    rows = [
        ["raw insert", *Times(kinds["raw"].calls).cells(), number(kinds["raw"].stores_per_s(1)), ""],
        ["one caller", *Times(one.calls).cells(), number(one.stores_per_s(1)), number(ratios["one caller"])],
        [
            "16 raw inserts, one after the other",
            *Times(kinds["raw x 16"].together).cells(),
            number(kinds["raw x 16"].stores_per_s(_CALLERS)),
            "",
        ],
        [
            "16 callers at once, all of them",
            *Times(sixteen.together).cells(),
            number(sixteen.stores_per_s(_CALLERS)),
            number(ratios["16 callers"]),
        ],
        ["16 callers at once, each", *Times(sixteen.calls).cells(), "", ""],
    ]
    where = "projector at work" if projecting else "projector elsewhere"
    label = f"{synchronous}, {where}"
    return (
        Table(title=f"store, synchronous {label}", header=("", *TIMES_HEADER, "stores/s", "ratio p50"), rows=rows),
        [
            figure
            for who in ratios
            for figure in (
                Figure(name=f"{label}: {who} / raw, p50", value=ratios[who], bar=_BARS[who]),
                Figure(name=f"{label}: {who} / raw, p95", value=ratios_p95[who]),
            )
        ],
    )


async def _settled(memory: HierarchicalMemoryManager, projecting: bool) -> None:
    """What is still being projected would slow the raw inserts down as well: they have their turn without it."""
    if projecting:
        await memory.settle()
    await asyncio.sleep(0.01)


def _insert_one_by_one(raw: RawFile, exchanges: Iterator[Exchange], kind: _Kind) -> None:
    for row in raw.rows(itertools.islice(exchanges, _A_ROUND)):
        began = time.perf_counter()
        raw.insert([row])
        kind.calls.append(_ms_since(began))
    kind.together = kind.calls


def _insert_sixteen(raw: RawFile, exchanges: Iterator[Exchange], kind: _Kind) -> None:
    rows = raw.rows(itertools.islice(exchanges, _CALLERS))
    began = time.perf_counter()
    for row in rows:
        raw.insert([row])
    kind.together.append(_ms_since(began))


async def _store_one_by_one(memory: HierarchicalMemoryManager, exchanges: Iterator[Exchange], kind: _Kind) -> None:
    for exchange in list(itertools.islice(exchanges, _A_ROUND)):
        began = time.perf_counter()
        await store(memory, exchange)
        kind.calls.append(_ms_since(began))
    kind.together = kind.calls


async def _store_together(memory: HierarchicalMemoryManager, exchanges: Iterator[Exchange], kind: _Kind) -> None:
    async def timed(exchange: Exchange) -> None:
        began = time.perf_counter()
        await store(memory, exchange)
        kind.calls.append(_ms_since(began))

    sixteen = list(itertools.islice(exchanges, _CALLERS))
    began = time.perf_counter()
    await asyncio.gather(*(timed(exchange) for exchange in sixteen))
    kind.together.append(_ms_since(began))


def store(memory: HierarchicalMemoryManager, exchange: Exchange) -> Awaitable[str]:
    """Stores an exchange as a bot would."""
    return memory.store_conversation(
        exchange.user_id,
        exchange.user_message,
        exchange.bot_response,
        occurred_at=exchange.occurred_at,
        idempotency_key=exchange.key,
        user_name=exchange.user_name,
        bot_name="Robin",
    )


def _ms_since(began: float) -> float:
    return 1000 * (time.perf_counter() - began)
