"""Store: how long an acknowledged store takes, beside the raw insert of the same rows into the same tables."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence

import attrs

from talktiers import HierarchicalMemoryManager
from talktiers.benchmarks.conversations import Exchange, Talk
from talktiers.benchmarks.raw_servers import RawServers
from talktiers.benchmarks.report import TIMES_HEADER, Figure, Report, Table, Times, number
from talktiers.benchmarks.server_questions import opened
from talktiers.benchmarks.server_workspace import GrowingMemory, ServerWorkspace
from talktiers.benchmarks.store import store
from talktiers.benchmarks.workspace import say

_USERS = 100
_CALLERS = 16
_ROUNDS = 24
_A_ROUND = 8
"""Calls of each kind in turn, so that whatever else the machine and its disk do meets all of them."""
_WARM_UP = 2


@attrs.define
class _Kind:
    """One way of storing, timed: milliseconds of every call, and of so many stores together."""

    calls: list[float] = attrs.field(factory=list)
    together: list[float] = attrs.field(factory=list)

    @property
    def stores_per_s(self) -> float:
        return 1000 * len(self.calls) / sum(self.together or self.calls)


async def measure(workspace: ServerWorkspace) -> Report:
    """One caller and sixteen, with the projector in this process and without."""
    tables: list[Table] = []
    figures: list[Figure] = []
    for projecting in (False, True):
        where = "projector at work" if projecting else "projector elsewhere"
        say(f"store: {where}")
        kinds = await _compared(workspace, projecting=projecting)
        table, measured = _told(where, kinds)
        tables.append(table)
        figures += measured
    return Report(tables=tables, figures=figures)


async def _compared(workspace: ServerWorkspace, *, projecting: bool) -> dict[str, _Kind]:
    kinds = {key: _Kind() for key in ("raw", "ours", "raw x 16", "16 callers", "16 callers, one user")}
    exchanges = Talk(users=_USERS, seed=30 + projecting).exchanges(1_000_000)
    servers = workspace.servers.part(f"store_{projecting}".lower())
    await servers.erase()  # what an earlier run left
    growing = GrowingMemory(servers=servers, folder=workspace.folder, a_user=1)
    async with opened(growing, projecting=projecting) as on:
        await _everybody(on.memory, exchanges)
        for turn in range(-_WARM_UP, _ROUNDS):
            timed = {key: _Kind() for key in kinds} if turn < 0 else kinds
            await _settled(on.memory, projecting)
            await _insert_one_by_one(on.raw, list(itertools.islice(exchanges, _A_ROUND)), timed["raw"])
            await _settled(on.memory, projecting)
            await _store_one_by_one(on.memory, list(itertools.islice(exchanges, _A_ROUND)), timed["ours"])
            await _settled(on.memory, projecting)
            await _insert_together(on.raw, _of_different_users(exchanges), timed["raw x 16"])
            await _settled(on.memory, projecting)
            await _store_together(on.memory, _of_different_users(exchanges), timed["16 callers"])
            await _settled(on.memory, projecting)
            await _store_together(on.memory, _of_one_user(exchanges), timed["16 callers, one user"])
    return kinds


def _told(where: str, kinds: dict[str, _Kind]) -> tuple[Table, Sequence[Figure]]:
    raw, ours, raw_together, together = (Times(kinds[key].calls) for key in ("raw", "ours", "raw x 16", "16 callers"))
    all_raw, all_ours = Times(kinds["raw x 16"].together), Times(kinds["16 callers"].together)
    ratio, ratio_together = ours.p50 / raw.p50, all_ours.p50 / all_raw.p50
    of_one_user = kinds["16 callers, one user"]
    rows = [
        ["raw insert", *raw.cells(), number(kinds["raw"].stores_per_s), ""],
        ["one caller", *ours.cells(), number(kinds["ours"].stores_per_s), number(ratio)],
        ["16 raw inserts at once, all of them", *all_raw.cells(), number(kinds["raw x 16"].stores_per_s), ""],
        ["16 raw inserts at once, each", *raw_together.cells(), "", ""],
        [
            "16 callers at once, all of them",
            *all_ours.cells(),
            number(kinds["16 callers"].stores_per_s),
            number(ratio_together),
        ],
        ["16 callers at once, each", *together.cells(), "", number(together.p50 / raw_together.p50)],
        [
            "16 stores of one user at once, all of them",
            *Times(of_one_user.together).cells(),
            number(of_one_user.stores_per_s),
            number(Times(of_one_user.together).p50 / all_raw.p50),
        ],
    ]
    return (
        Table(title=f"store, {where}", header=("", *TIMES_HEADER, "stores/s", "ratio p50"), rows=rows),
        [
            Figure(name=f"{where}: one caller / raw, p50", value=ratio, bar="<= 1.5"),
            Figure(name=f"{where}: one caller / raw, p95", value=ours.p95 / raw.p95),
            Figure(name=f"{where}: 16 callers / raw, p50", value=ratio_together, bar="<= 1.5"),
            Figure(name=f"{where}: 16 callers / raw, p95", value=all_ours.p95 / all_raw.p95),
        ],
    )


async def _everybody(memory: HierarchicalMemoryManager, exchanges: Iterator[Exchange]) -> None:
    """Stores something of every user: whoever is new costs a row more, which the raw insert does not have."""
    seen: set[str] = set()
    for exchange in exchanges:
        await store(memory, exchange)
        seen.add(exchange.user_id)
        if len(seen) == _USERS:
            return


async def _settled(memory: HierarchicalMemoryManager, projecting: bool) -> None:
    """What is still being projected would slow the raw inserts down as well: they have their turn without it."""
    if projecting:
        await memory.settle()
    await asyncio.sleep(0.01)


def _of_different_users(exchanges: Iterator[Exchange]) -> list[Exchange]:
    """As from a bot that talks to many: stores of one user follow each other, and so do their commits."""
    chosen: dict[str, Exchange] = {}
    for exchange in exchanges:
        chosen.setdefault(exchange.user_id, exchange)
        if len(chosen) == _CALLERS:
            break
    return list(chosen.values())


def _of_one_user(exchanges: Iterator[Exchange]) -> list[Exchange]:
    several = list(itertools.islice(exchanges, _CALLERS))
    return [attrs.evolve(exchange, user_id=several[0].user_id) for exchange in several]


async def _insert_one_by_one(raw: RawServers, exchanges: Sequence[Exchange], kind: _Kind) -> None:
    for row in [await raw.row(exchange) for exchange in exchanges]:
        began = time.perf_counter()
        await raw.insert(row)
        kind.calls.append(_ms_since(began))


async def _insert_together(raw: RawServers, exchanges: Sequence[Exchange], kind: _Kind) -> None:
    async def timed(row: tuple[object, ...]) -> None:
        began = time.perf_counter()
        await raw.insert(row)
        kind.calls.append(_ms_since(began))

    rows = [await raw.row(exchange) for exchange in exchanges]
    began = time.perf_counter()
    await asyncio.gather(*(timed(row) for row in rows))
    kind.together.append(_ms_since(began))


async def _store_one_by_one(memory: HierarchicalMemoryManager, exchanges: Sequence[Exchange], kind: _Kind) -> None:
    for exchange in exchanges:
        began = time.perf_counter()
        await store(memory, exchange)
        kind.calls.append(_ms_since(began))


async def _store_together(memory: HierarchicalMemoryManager, exchanges: Sequence[Exchange], kind: _Kind) -> None:
    async def timed(exchange: Exchange) -> None:
        began = time.perf_counter()
        await store(memory, exchange)
        kind.calls.append(_ms_since(began))

    began = time.perf_counter()
    await asyncio.gather(*(timed(exchange) for exchange in exchanges))
    kind.together.append(_ms_since(began))


def _ms_since(began: float) -> float:
    return 1000 * (time.perf_counter() - began)
