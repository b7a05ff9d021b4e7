"""The contract of `ImportRuns`."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

import attrs
import pytest

from ...domain.conversation import ConversationKey
from ...domain.import_runs import ImportCounts, ImportRun, RunState
from ..conversation_archive import ConversationArchive
from ..import_runs import ImportRuns
from . import examples
from .stores import append

START = dt.datetime(2025, 3, 1, 10, 0, 0, 123456, tzinfo=dt.UTC)
COUNTS = ImportCounts(
    total=9,
    migrated=3,
    facts=1,
    placeholders=2,
    placeholders_stored=1,
    duplicates=1,
    rejected=2,
    reasons={"no user's": 1, "späť 🦊": 1},
    skipped=4,
    times_unknown=1,
    cleaned=1,
)


class RunsWithArchive(NamedTuple):
    """Import runs and the archive whose store keeps them."""

    runs: ImportRuns
    archive: ConversationArchive


def import_run(number: int, **further: object) -> ImportRun:
    """A run that began so many hours after `START`."""
    began = START + dt.timedelta(hours=number)
    run = ImportRun(
        run_id=f"run-{number}",
        source_format="chroma",
        source="./old",
        tenant_id="default",
        user_id=None,
        state=RunState.RUNNING,
        started_at=began,
        updated_at=began,
    )
    return attrs.evolve(run, **further)  # type: ignore[arg-type]


class ImportRunsContract:
    """Runs come back as they were saved; a run knows what it brought, and nothing else."""

    def make(self) -> AbstractAsyncContextManager[RunsWithArchive]:
        """Fresh and empty."""
        raise NotImplementedError

    @pytest.fixture
    async def both(self) -> AsyncIterator[RunsWithArchive]:
        """Both, open for one test."""
        async with self.make() as both:
            yield both

    @pytest.fixture
    async def runs(self, both: RunsWithArchive) -> ImportRuns:
        """The runs of `both`."""
        return both.runs

    async def test_a_run_comes_back_as_it_was_saved_last(self, runs: ImportRuns) -> None:
        assert await runs.get(run_id="run-1") is None
        run = import_run(1, user_id="ana")
        await runs.save(run=run)
        assert await runs.get(run_id="run-1") == run
        later = attrs.evolve(
            run,
            state=RunState.FAILED,
            checkpoint="5:abc",
            counts=COUNTS,
            duration_s=2.5,
            updated_at=START + dt.timedelta(days=1),
        )
        await runs.save(run=later)
        assert await runs.get(run_id="run-1") == later
        assert await runs.latest(limit=5) == [later]

    async def test_the_latest_runs_come_newest_first(self, runs: ImportRuns) -> None:
        saved = [import_run(number) for number in (2, 1, 3)]
        for run in saved:
            await runs.save(run=run)
        assert [run.run_id for run in await runs.latest(limit=2)] == ["run-3", "run-2"]

    async def test_a_run_knows_what_it_noted_and_brought(self, both: RunsWithArchive) -> None:
        await both.runs.save(run=import_run(1))
        await both.runs.save(run=import_run(2))
        conversations = [examples.conversation(number) for number in range(1, 5)]
        other = examples.conversation(5, user_id="bo", tenant_id="acme")
        keys = [item.key for item in (*conversations, other)]
        await both.runs.claim(run_id="run-1", keys=keys)
        await both.runs.claim(run_id="run-1", keys=keys[:2])
        assert await both.runs.claimed(run_id="run-1", keys=keys) == {key.conversation_id for key in keys}
        assert await both.runs.claimed(run_id="run-2", keys=keys) == frozenset()
        assert await both.runs.claimed(run_id="run-1", keys=[]) == frozenset()
        assert await both.runs.brought(run_id="run-1", limit=10) == []
        await append(both.archive, *conversations[:3], other)
        stored = [*keys[:3], keys[4]]
        assert await both.runs.brought(run_id="run-1", limit=10) == _sorted(stored)
        assert await both.runs.brought(run_id="run-2", limit=10) == []

    async def test_what_was_brought_comes_in_pages_and_without_what_is_gone(self, both: RunsWithArchive) -> None:
        await both.runs.save(run=import_run(1))
        conversations = [examples.conversation(number) for number in range(1, 8)]
        await both.runs.claim(run_id="run-1", keys=[item.key for item in conversations])
        await append(both.archive, *conversations)
        gone, *rest = _sorted([item.key for item in conversations])
        await both.archive.forget_conversations(
            tenant_id="default", user_id="ana", conversation_ids=[gone.conversation_id], projections=()
        )
        pages: list[list[ConversationKey]] = []
        after: str | None = None
        while page := await both.runs.brought(run_id="run-1", after=after, limit=4):
            pages.append(page)
            after = page[-1].conversation_id
        assert pages == [rest[:4], rest[4:]]

    async def test_the_run_that_noted_last_is_the_one_that_brings(self, both: RunsWithArchive) -> None:
        """The first was interrupted before it stored it."""
        for number in (1, 2):
            await both.runs.save(run=import_run(number))
            await both.runs.claim(run_id=f"run-{number}", keys=[examples.conversation(1).key])
        await append(both.archive, examples.conversation(1))
        assert await both.runs.brought(run_id="run-1", limit=5) == []
        assert await both.runs.brought(run_id="run-2", limit=5) == [examples.conversation(1).key]

    async def test_released_notes_are_gone_and_the_run_stays(self, both: RunsWithArchive) -> None:
        for number in (1, 2):
            await both.runs.save(run=import_run(number))
            await both.runs.claim(run_id=f"run-{number}", keys=[examples.conversation(number).key])
            await append(both.archive, examples.conversation(number))
        await both.runs.release(run_id="run-1")
        assert await both.runs.brought(run_id="run-1", limit=5) == []
        assert await both.runs.brought(run_id="run-2", limit=5) == [examples.conversation(2).key]
        assert await both.runs.get(run_id="run-1") == import_run(1)


def _sorted(keys: list[ConversationKey]) -> list[ConversationKey]:
    return sorted(keys, key=lambda key: key.conversation_id)
