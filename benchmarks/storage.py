"""Storage: what each tier takes, and how much smaller summaries are than what they stand for."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from talktiers import open_memory
from talktiers.benchmarks.conversations import Talk
from talktiers.benchmarks.report import Figure, Report, Table, number
from talktiers.benchmarks.workspace import USERS, Workspace, settings_for

_LONG_ANSWERS = 5_000
_ANSWER_CHARS = 900
_SUMMARIES = "SELECT COALESCE(SUM(LENGTH(text)), 0), COALESCE(MAX(LENGTH(text)), 0) FROM summaries"
_MEGABYTE = 1024 * 1024


async def measure(workspace: Workspace) -> Report:
    """Bytes of the large memory; the share of summaries where a bot answers at a model's usual length."""
    large = await workspace.filled()
    path = await workspace.copied("storage")
    async with open_memory(settings_for(path)) as memory:
        stats = await memory.stats()
    count = min(_LONG_ANSWERS, workspace.conversations)
    talk = Talk(users=USERS, seed=11, bot_chars=(_ANSWER_CHARS, _ANSWER_CHARS))
    long_answers = await workspace.fill("long-answers", talk, count)
    async with open_memory(settings_for(long_answers.path)) as memory:
        text_chars = (await memory.stats()).text_chars
    summary_chars, longest = _summaries(long_answers.path)
    rows = [
        [tier, number(size / _MEGABYTE), number(size / large.conversations)] for tier, size in stats.tier_bytes.items()
    ]
    file_size = path.stat().st_size
    rows.append(["file", number(file_size / _MEGABYTE), number(file_size / large.conversations)])
    rows.append(
        ["texts (characters)", number(stats.text_chars / _MEGABYTE), number(stats.text_chars / large.conversations)]
    )
    return Report(
        tables=[
            Table(
                title=f"bytes of each tier, {large.conversations:,} conversations",
                header=("", "MB", "a conversation"),
                rows=rows,
            )
        ],
        figures=[
            Figure(
                name=f"summaries / texts, answers of {_ANSWER_CHARS} characters",
                value=100 * summary_chars / text_chars,
                unit="%",
                bar="< 20",
            ),
            Figure(name="longest summary", value=longest, unit="characters", bar="<= 150"),
            *(Figure(name=f"bytes of {tier}", value=size) for tier, size in stats.tier_bytes.items()),
        ],
    )


def _summaries(path: Path) -> tuple[int, int]:
    connection = sqlite3.connect(path)
    try:
        total, longest = connection.execute(_SUMMARIES).fetchone()
    finally:
        connection.close()
    return int(total), int(longest)
