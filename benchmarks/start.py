"""Start: what the import costs beside that of the core dependencies, and how soon a process hands out a context."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from talktiers.benchmarks.report import Figure, Report, Table, number
from talktiers.benchmarks.workspace import Workspace, say

_TIMES = 11
_STARTS = 5
_CORE = "attrs, cattrs, click, dependency_injector.containers, dependency_injector.providers, numpy, snowballstemmer, structlog"
_DRIVERS = (
    "sqlite3",
    "redis",
    "asyncpg",
    "chromadb",
    "neo4j",
    "psycopg",
    "tokenizers",
    "safetensors",
    "wordllama",
    "onnxruntime",
)
_IMPORT = """
import time
began = time.perf_counter()
import {names}
print(time.perf_counter() - began)
"""
_LOADED = """
import sys, talktiers
print(*sorted(set(sys.modules) & set({drivers!r})))
"""
_FIRST_CONTEXT = """
import asyncio, sys
from talktiers import open_memory

async def main():
    async with open_memory(sys.argv[1]) as memory:
        bundle = await memory.get_conversation_context("user-007", "what did I say about the garden?")
        print(len(bundle.to_context_string()))

asyncio.run(main())
"""


async def measure(workspace: Workspace) -> Report:
    """Every start in a process of its own, the two kinds of import in turn."""
    say("start: imports")
    core: list[float] = []
    ours: list[float] = []
    for _ in range(_TIMES):
        core.append(1000 * float(await _output(_IMPORT.format(names=_CORE))))
        ours.append(1000 * float(await _output(_IMPORT.format(names="talktiers"))))
    drivers = (await _output(_LOADED.format(drivers=_DRIVERS))).split()
    path = await workspace.copied("start")
    say("start: first contexts")
    starts: list[float] = []
    for _ in range(_STARTS):
        began = time.perf_counter()
        await _output(_FIRST_CONTEXT, str(path))
        starts.append(1000 * (time.perf_counter() - began))
    ratio = statistics.median(ours) / statistics.median(core)
    return Report(
        tables=[
            Table(
                title=f"start, median of {_TIMES} and of {_STARTS}",
                header=("", "median ms", "longest ms"),
                rows=[
                    ["import of the core dependencies", number(statistics.median(core)), number(max(core))],
                    ["import talktiers", number(statistics.median(ours)), number(max(ours))],
                    ["process start to first context and exit", number(statistics.median(starts)), number(max(starts))],
                ],
            )
        ],
        figures=[
            Figure(name="import talktiers / core dependencies", value=ratio, bar="<= 1.3"),
            Figure(name="drivers loaded by the import", value=len(drivers), bar="0"),
            Figure(
                name="process start to first context", value=statistics.median(starts) / 1000, unit="s", bar="<= 1.5"
            ),
        ],
    )


async def _output(code: str, *arguments: str) -> str:
    command: Sequence[str] = [sys.executable, "-P", "-c", code, *arguments]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=True, cwd=Path(sys.executable).parent
    )
    return done.stdout
