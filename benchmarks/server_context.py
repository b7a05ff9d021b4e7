"""Context: how long it takes in the large memory, question embedded, beside the raw calls fired together."""

from __future__ import annotations

import time
from collections import defaultdict

from talktiers.benchmarks.context import complete
from talktiers.benchmarks.report import TIMES_HEADER, Figure, Report, Table, Times
from talktiers.benchmarks.server_questions import opened
from talktiers.benchmarks.server_workspace import ServerWorkspace
from talktiers.benchmarks.workspace import say


async def measure(workspace: ServerWorkspace) -> Report:
    """One caller, all users in a shuffled order; the first context of each user by itself."""
    growing = await workspace.large()
    first: list[float] = []
    after: list[float] = []
    together: list[float] = []
    alone: defaultdict[str, list[float]] = defaultdict(list)
    by_tier: defaultdict[str, list[float]] = defaultdict(list)
    incomplete = 0
    # Prepared by another process's memory, as it were: this one's first context of each user is a first one.
    async with opened(growing) as on:
        questions = await on.questions()
        await on.warm_up(questions)
    async with opened(growing) as on:
        say("context: asking")
        seen: set[str] = set()
        for question in questions:
            prepared = await on.raw.question(
                on.processors, user_id=question.user_id, text=question.text, ids=question.ids
            )
            began = time.perf_counter()
            bundle = await on.memory.get_conversation_context(question.user_id, question.text)
            (after if question.user_id in seen else first).append(_ms_since(began))
            seen.add(question.user_id)
            incomplete += not complete(bundle)
            for report in bundle.assembly_metadata.tiers:
                by_tier[report.tier].append(report.time_ms)
            began = time.perf_counter()
            await on.raw.together(prepared)
            together.append(_ms_since(began))
            for name, call in on.raw.calls.items():
                began = time.perf_counter()
                await call(prepared)
                alone[name].append(_ms_since(began))
    raw = Times(together)
    return Report(
        tables=[
            Table(
                title=f"context, {growing.conversations:,} conversations of {growing.users} users, one caller",
                header=("", *TIMES_HEADER),
                rows=[
                    [f"all {len(questions):,}", *Times([*first, *after]).cells()],
                    ["the first of each user", *Times(first).cells()],
                    ["the others", *Times(after).cells()],
                    ["raw calls together", *raw.cells()],
                    *([f"  {name}, alone", *Times(values).cells()] for name, values in alone.items()),
                ],
            ),
            Table(
                title="of that each tier, the sum of its answers, of which several may be waited for at once",
                header=("", *TIMES_HEADER),
                rows=[[tier, *Times(values).cells()] for tier, values in by_tier.items()],
            ),
        ],
        figures=[
            Figure(name="context, the others, p50", value=Times(after).p50, unit="ms"),
            Figure(name="raw calls together, p50", value=raw.p50, unit="ms"),
            Figure(name="context / raw calls together, p50", value=Times(after).p50 / raw.p50, bar="<= 1.5"),
            Figure(name="contexts that some tier was missing in", value=incomplete, bar="0"),
        ],
    )


def _ms_since(began: float) -> float:
    return 1000 * (time.perf_counter() - began)
