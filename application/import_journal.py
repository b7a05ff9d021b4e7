"""The record of an import, kept with the conversations: by it a run goes on, and is taken back."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Final

import attrs

from ..domain.conversation import ConversationKey
from ..domain.errors import TalktiersError
from ..domain.import_runs import ImportRun, RunState
from ..ports.clock import Clock
from ..ports.conversation_source import ConversationSource, ResumableSource
from ..ports.id_factory import IdFactory
from ..ports.import_runs import ImportRuns
from .import_report import ImportReport
from .tiers import Processors

LOOKED_AT: Final = 100
"""Runs among which one to go on with is looked for."""


class JournalEntry:
    """One run, under way.

    Attributes:
        resumed: whether it began before and goes on.
    """

    def __init__(self, *, run: ImportRun, runs: ImportRuns, clock: Clock, resumed: bool) -> None:
        self.run = run
        self.resumed = resumed
        self._runs = runs
        self._clock = clock

    async def brought(self, *, new: Sequence[ConversationKey], there: Sequence[ConversationKey]) -> frozenset[str]:
        """Notes, before they are stored, which conversations this run brings.

        Args:
            new: what is not stored yet.
            there: what is.

        Returns:
            What is there because this run brought it before it was interrupted.
        """
        mine = await self._runs.claimed(run_id=self.run.run_id, keys=there) if self.resumed else frozenset[str]()
        if new:
            await self._runs.claim(run_id=self.run.run_id, keys=new)
        return mine

    async def advance(self, report: ImportReport, *, cursor: str | None) -> None:
        """Notes how far it is: what stood before the cursor is stored."""
        await self._save(RunState.RUNNING, report, checkpoint=cursor)

    async def complete(self, report: ImportReport) -> None:
        """Notes that it is done."""
        await self._save(RunState.COMPLETED, report, checkpoint=self.run.checkpoint)

    async def fail(self) -> None:
        """Notes that it could not go on, if that can be noted: its checkpoint stands."""
        self.run = attrs.evolve(self.run, state=RunState.FAILED, updated_at=self._clock.now())
        with contextlib.suppress(TalktiersError):
            await self._runs.save(run=self.run)

    async def _save(self, state: RunState, report: ImportReport, *, checkpoint: str | None) -> None:
        self.run = attrs.evolve(
            self.run,
            state=state,
            updated_at=self._clock.now(),
            checkpoint=checkpoint,
            duration_s=report.duration_s,
            counts=report.counts(),
        )
        await self._runs.save(run=self.run)


class ImportJournal:
    """Begins runs, or goes on with those that were interrupted.

    Args:
        source_format: as it is typed, e.g. ``chroma``.
    """

    def __init__(self, *, runs: ImportRuns, clock: Clock, ids: IdFactory, source_format: str) -> None:
        self._runs = runs
        self._clock = clock
        self._ids = ids
        self._format = source_format

    @classmethod
    def of(cls, runs: ImportRuns | None, processors: Processors, *, source_format: str) -> ImportJournal | None:
        """The journal of a memory; ``None``: its archive keeps no runs."""
        if runs is None:
            return None
        return cls(runs=runs, clock=processors.clock, ids=processors.ids, source_format=source_format)

    async def begin(self, source: ConversationSource, *, user_id: str | None, tenant_id: str) -> JournalEntry:
        """A run for a source: a new one, or the last one of the same import where that did not end."""
        now = self._clock.now()
        run = ImportRun(
            run_id=self._ids.new_id(),
            source_format=self._format,
            source=source.name,
            tenant_id=tenant_id,
            user_id=user_id,
            state=RunState.RUNNING,
            started_at=now,
            updated_at=now,
        )
        if isinstance(source, ResumableSource):
            last = await last_run(self._runs, like=run)
            if last is not None and last.state.unfinished:
                return JournalEntry(run=last, runs=self._runs, clock=self._clock, resumed=True)
        await self._runs.save(run=run)
        return JournalEntry(run=run, runs=self._runs, clock=self._clock, resumed=False)


async def last_run(runs: ImportRuns, *, like: ImportRun) -> ImportRun | None:
    """The latest run of the same import, if there is one among the last hundred."""
    return next((run for run in await runs.latest(limit=LOOKED_AT) if run.is_same_import(like)), None)
