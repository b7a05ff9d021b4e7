"""The old memory is taken over once, when the bot starts with the new one."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Final

from ..application.import_conversations import ImportConversations
from ..application.import_journal import ImportJournal, last_run
from ..application.import_report import ImportReport
from ..application.logs import get_logger
from ..application.memory import Memory
from ..domain.errors import ConfigurationError, TalktiersError
from ..domain.import_runs import ImportRun, RunState
from ..domain.legacy_records import LegacyRules
from ..ports.conversation_source import ConversationSource, Rejection
from .legacy_source import legacy_chroma
from .settings import MigrationSettings
from .time_zones import time_zone

FORMAT: Final = "chroma"
"""As the command line calls it: what it has imported is not migrated once more."""
_LOGGED_EVERY_S: Final = 10.0

_log = get_logger("migrating")


class Migration:
    """Takes over what the settings name, unless that was done already.

    Raises:
        ConfigurationError: the time zone is none, or Chroma is not installed.
        MigrationError: a malformed address.
    """

    def __init__(self, settings: MigrationSettings) -> None:
        self._settings = settings
        rules = LegacyRules(time_zone=time_zone(settings.time_zone), global_user_id=settings.global_user_id)
        self._source: ConversationSource = legacy_chroma(
            settings.migrate_from_chromadb or "", rules=rules, token=settings.token
        )
        self._logged_at_s = time.monotonic()

    async def due(self, memory: Memory) -> bool:
        """Whether it was not done yet. What was taken back is not done again by itself.

        Raises:
            ConfigurationError: the archive keeps no runs, so that nobody would know.
        """
        runs, now = memory.tiers.import_runs, memory.processors.clock.now()
        if runs is None:
            raise ConfigurationError(
                "migration.migrate_from_chromadb: this archive keeps no import runs: use `talktiers import chroma` once"
            )
        like = ImportRun(
            run_id="",
            source_format=FORMAT,
            source=self._source.name,
            tenant_id=self._settings.tenant_id,
            user_id=None,
            state=RunState.RUNNING,
            started_at=now,
            updated_at=now,
        )
        last = await last_run(runs, like=like)
        return last is None or last.state.unfinished

    async def run(self, memory: Memory) -> ImportReport:
        """Migrates, or goes on with a migration that was interrupted, with its progress in the log.

        Raises:
            MigrationError: the old store cannot be read; what was stored is stored.
            BackendError: the archive failed; likewise.
        """
        tiers, processors = memory.tiers, memory.processors
        importing = ImportConversations(
            store=memory.store,
            archive=tiers.archive,
            clock=processors.clock,
            journal=ImportJournal.of(tiers.import_runs, processors, source_format=FORMAT),
            turns=memory.turns,
            on_progress=self._progress,
            on_rejected=_rejected,
        )
        _log.info("migration_began", source=self._source.name)
        report = await importing(self._source, tenant_id=self._settings.tenant_id)
        _log.info("migration_ended", **_figures(report))
        if report.rejected:
            _log.warning("migration_rejected", rejected=report.rejected, reasons=dict(report.reasons))
        return report

    def _progress(self, report: ImportReport) -> None:
        now_s = time.monotonic()
        if now_s - self._logged_at_s >= _LOGGED_EVERY_S:
            self._logged_at_s = now_s
            _log.info("migration_progress", **_figures(report))


class BackgroundMigration:
    """A migration beside a memory that serves meanwhile."""

    def __init__(self, migration: Migration, memory: Memory) -> None:
        self._failed = False
        self._task = asyncio.create_task(self._run(migration, memory), name="migration")

    @property
    def state(self) -> str | None:
        """``running``, ``failed``, or ``None`` where it is done."""
        if not self._task.done():
            return "running"
        failed = self._failed or (not self._task.cancelled() and self._task.exception() is not None)
        return "failed" if failed else None

    async def end(self) -> None:
        """Ends it; it goes on at the next start."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self, migration: Migration, memory: Memory) -> None:
        try:
            await migration.run(memory)
        except TalktiersError as error:
            self._failed = True
            _log.error("migration_failed", error=type(error).__name__, reason=str(error))


async def migrated(memory: Memory, settings: MigrationSettings, stack: AsyncExitStack) -> BackgroundMigration | None:
    """Takes an older memory over where that was not done yet, or begins to in the background.

    Args:
        stack: ends what is in the background when it is left.

    Raises:
        ConfigurationError, MigrationError, BackendError: as `Migration`.
    """
    migration = Migration(settings)
    if not await migration.due(memory):
        return None
    if not settings.background:
        await migration.run(memory)
        return None
    background = BackgroundMigration(migration, memory)
    stack.push_async_callback(background.end)
    return background


def _figures(report: ImportReport) -> dict[str, object]:
    return {
        "percent": None if report.progress is None else round(100 * report.progress),
        "total": report.total,
        "migrated": report.migrated,
        "facts": report.facts,
        "placeholders": report.placeholders,
        "duplicates": report.duplicates,
        "rejected": report.rejected,
        "seconds": round(report.duration_s, 1),
        "remaining_s": None if report.remaining_s is None else round(report.remaining_s, 1),
    }


def _rejected(rejection: Rejection) -> None:
    _log.warning("record_not_migrated", position=rejection.position, reason=rejection.reason)
