"""Bulk: how fast a large import is stored and in every tier, and whether that stays so."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence

import numpy as np

from talktiers.benchmarks.conversations import Talk
from talktiers.benchmarks.raw_sqlite import RawFile
from talktiers.benchmarks.report import Figure, Report, Table, number
from talktiers.benchmarks.workspace import USERS, Filled, Workspace, say

_STEPS = 10
_RAW = 20_000
_RAW_GROUP = 64
"""Conversations a commit: as many as an import has under way."""


async def measure(workspace: Workspace) -> Report:
    """Rates of the import that filled the large memory, and of raw inserts of such rows."""
    filled = await workspace.filled()
    raw = await _raw_rate(workspace)
    rates = _rates(filled)
    whole = filled.conversations / filled.duration_s
    step = filled.conversations // _STEPS
    rows = [
        [f"{step * index:,} to {step * (index + 1):,}", number(rate), number(stored)]
        for index, (rate, stored) in enumerate(rates)
    ]
    rows.append(["all", number(whole), number(filled.conversations / filled.stored_s)])
    rows.append([f"raw inserts, {_RAW_GROUP} a commit", "", number(raw)])
    return Report(
        tables=[
            Table(
                title=f"import of {filled.conversations:,} conversations, conversations a second",
                header=("", "in every tier", "stored"),
                rows=rows,
            )
        ],
        figures=[
            Figure(name="import", value=whole, unit="/s", bar=">= 500"),
            Figure(name="last tenth / first tenth", value=rates[-1][0] / rates[0][0], bar="about 1"),
            Figure(name="raw inserts", value=raw, unit="/s"),
        ],
    )


def _rates(filled: Filled) -> Sequence[tuple[float, float]]:
    """Of each tenth: conversations a second into every tier, and stored."""
    seconds, stored, projected = (np.array(column, dtype=float) for column in zip(*filled.samples, strict=True))
    marks = np.linspace(0, filled.conversations, _STEPS + 1)
    columns = []
    for counts in (projected, stored):
        rising = np.concatenate([[True], np.diff(counts) > 0])
        at = np.interp(marks, counts[rising], seconds[rising])
        columns.append([filled.conversations / _STEPS / (end - begin) for begin, end in itertools.pairwise(at)])
    return list(zip(*columns, strict=True))


async def _raw_rate(workspace: Workspace) -> float:
    say("raw inserts")
    raw = await RawFile.new(workspace.folder / "bulk-raw.db", synchronous="FULL")
    count = min(_RAW, workspace.conversations)
    rows = raw.rows(Talk(users=USERS, seed=2).exchanges(count))
    began = time.perf_counter()
    for start in range(0, len(rows), _RAW_GROUP):
        raw.insert(rows[start : start + _RAW_GROUP])
    seconds = time.perf_counter() - began
    raw.close()
    return len(rows) / seconds
