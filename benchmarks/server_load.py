"""Many contexts at once: arrivals that wait for nobody, and sixteen callers who ask one question after the other."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence

import attrs

from talktiers.application.asking import MAX_DETACHED_PER_TIER
from talktiers.benchmarks.context import complete
from talktiers.benchmarks.raw_servers import RawQuestion
from talktiers.benchmarks.report import TIMES_HEADER, Figure, Report, Table, Times, number
from talktiers.benchmarks.server_questions import Opened, opened
from talktiers.benchmarks.server_workspace import ServerWorkspace
from talktiers.benchmarks.watching import DetachedWatch
from talktiers.benchmarks.workspace import say

_CALLERS = 16
_OPEN_S = 12.0
_CLOSED_S = 10.0
_QUESTIONS = 400
_PAUSE_S = 1.0
_PATIENT_MS = 1_000.0
_BEYOND_MS = 20.0
_ARRIVALS = {25.0: "< 25", 50.0: "< 60"}
"""Arrivals a second, and what the 95th percentile is wanted to be."""
_ASKED = ("archive", "cache", "lexical", "summaries", "graph", "pending")

Call = Callable[[RawQuestion], Awaitable[bool]]
"""Asks, and says whether the answer was complete."""


@attrs.define
class _Load:
    """What the callers saw: milliseconds of every call, and how many answers were complete."""

    calls: list[float] = attrs.field(factory=list)
    complete: int = 0
    seconds: float = 0.0

    @property
    def per_s(self) -> float:
        """Complete answers a second."""
        return self.complete / self.seconds

    @property
    def share(self) -> float:
        """Of complete answers, in per cent."""
        return 100 * self.complete / max(1, len(self.calls))

    def cells(self) -> list[str]:
        return [*Times(self.calls).cells(), number(self.per_s), number(self.share)]


async def measure(workspace: ServerWorkspace) -> Report:
    """Contexts and raw calls in the same run, one load after the other, on warm memories."""
    growing = await workspace.large()
    rows: list[Sequence[str]] = []
    figures: list[Figure] = []
    async with opened(growing) as on:
        questions = await on.questions(_QUESTIONS)
        default, patient, raw = _context(on, None), _context(on, _PATIENT_MS), _raw(on)
        await on.warm_up(questions)
        for a_second, bar in _ARRIVALS.items():
            label = f"{a_second:.0f} a second"
            for name, call in {"context": default, "raw calls together": raw}.items():
                say(f"load: {name}, {label}")
                load = await _open_loop(call, questions, a_second=a_second)
                rows.append([f"{label}: {name}", *load.cells()])
                if call is default:
                    figures.append(
                        Figure(name=f"{label}: context, p95", value=Times(load.calls).p95, unit="ms", bar=bar)
                    )
                    figures.append(Figure(name=f"{label}: complete contexts", value=load.share, unit="%"))
        raw_per_s = 1.0
        for name, call in {"raw calls together": raw, "context, 1 s": patient, "context": default}.items():
            say(f"load: {name}, {_CALLERS} callers")
            async with DetachedWatch() as watch:
                load = await _closed_loop(call, questions)
            rows.append([f"{_CALLERS} callers: {name}", *load.cells()])
            if call is raw:
                raw_per_s = load.per_s
            elif call is patient:
                share = 100 * load.per_s / raw_per_s
                figures.append(
                    Figure(name="complete contexts a second / raw calls", value=share, unit="%", bar=">= 60")
                )
            else:
                deadline_ms = growing.settings().context.deadline_ms
                beyond = max(load.calls) - deadline_ms
                figures.append(
                    Figure(name="longest wait beyond the deadline", value=beyond, unit="ms", bar=f"<= {_BEYOND_MS:.0f}")
                )
                figures.append(Figure(name="complete contexts within the deadline", value=load.share, unit="%"))
                figures.append(
                    Figure(
                        name="most calls given up and still running",
                        value=watch.most,
                        bar=f"<= {MAX_DETACHED_PER_TIER * len(_ASKED)}",
                    )
                )
    return Report(
        tables=[
            Table(
                title=f"{growing.conversations:,} conversations of {growing.users} users",
                header=("", *TIMES_HEADER, "complete/s", "complete %"),
                rows=rows,
            )
        ],
        figures=figures,
    )


def _context(on: Opened, deadline_ms: float | None) -> Call:
    async def ask(question: RawQuestion) -> bool:
        return complete(
            await on.memory.get_conversation_context(question.user_id, question.text, deadline_ms=deadline_ms)
        )

    return ask


def _raw(on: Opened) -> Call:
    async def ask(question: RawQuestion) -> bool:
        await on.raw.together(question)
        return True

    return ask


async def _open_loop(call: Call, questions: Sequence[RawQuestion], *, a_second: float) -> _Load:
    """Calls at their appointed times, however many are still under way; each is timed from its appointed time."""
    load = _Load()

    async def arrival(question: RawQuestion, due: float) -> None:
        whole = await call(question)
        load.complete += whole
        load.calls.append(1000 * (time.perf_counter() - due))

    began = time.perf_counter()
    async with asyncio.TaskGroup() as arrivals:
        for turn, question in zip(range(int(a_second * _OPEN_S)), itertools.cycle(questions), strict=False):
            due = began + turn / a_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            arrivals.create_task(arrival(question, due))
    load.seconds = time.perf_counter() - began
    await asyncio.sleep(_PAUSE_S)
    return load


async def _closed_loop(call: Call, questions: Sequence[RawQuestion]) -> _Load:
    load = _Load()
    next_questions = itertools.cycle(questions)
    began = time.perf_counter()

    async def caller() -> None:
        while time.perf_counter() - began < _CLOSED_S:
            asked = time.perf_counter()
            whole = await call(next(next_questions))
            load.complete += whole
            load.calls.append(1000 * (time.perf_counter() - asked))

    await asyncio.gather(*(caller() for _ in range(_CALLERS)))
    load.seconds = time.perf_counter() - began
    await asyncio.sleep(_PAUSE_S)
    return load
