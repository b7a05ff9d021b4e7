"""Moving the old bot's memories in from code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..adapters.sources.legacy_chroma import LegacyChroma
from ..adapters.sources.legacy_client import ChromaClient, GivenClient
from ..application.import_conversations import CONCURRENCY
from ..application.import_report import ImportReport
from ..application.roll_back_import import RollBackReport
from ..application.verify_import import Verification
from ..domain.errors import ConfigurationError, MigrationError
from ..domain.legacy_records import GLOBAL_USER_ID, LegacyRules
from ..ports.conversation_source import Rejection
from .manager import HierarchicalMemoryManager
from .time_zones import time_zone as zone_of

FORMAT: Final = "chroma"


class ChromaDBMigrator:
    """Takes the collections ``user_memories`` and ``global_facts`` of the old bot over into a memory.

    Original times and ids are kept, so that it can be repeated and interrupted; vectors are made anew. A store that is
    still being written by another process should be copied first: Chroma's own client is not safe with two.

    Example:
        ```python
        async with open_memory("bot.db") as memory:
            migrator = ChromaDBMigrator(chromadb.PersistentClient("copy_of_chroma_db"), memory, time_zone="Europe/Berlin")
            report = await migrator.migrate_all_conversations(batch_size=100)
            print(report.total, report.migrated, report.failed, report.duration_s, report.success_rate)
        ```

    Args:
        client: of chromadb, synchronous or asynchronous; it stays open.
        manager: open.
        time_zone: where the old bot ran, whose times name no zone.
        global_user_id: to whom facts about nobody go.
        name: of the store, under which its runs are listed.
    """

    def __init__(
        self,
        client: ChromaClient,
        manager: HierarchicalMemoryManager,
        *,
        time_zone: str = "UTC",
        global_user_id: str = GLOBAL_USER_ID,
        tenant_id: str = "default",
        name: str = "a ChromaDB client",
    ) -> None:
        if not hasattr(client, "get_collection"):
            client = getattr(client, "client", client)  # the old bot's own wrapper
        if not hasattr(client, "get_collection"):
            raise ConfigurationError(
                "ChromaDBMigrator needs a client of chromadb, such as chromadb.PersistentClient(path)"
            )
        self._client = client
        self._manager = manager
        self._rules = LegacyRules(time_zone=zone_of(time_zone), global_user_id=global_user_id)
        self._tenant_id = tenant_id
        self._name = name
        self._last_run_id: str | None = None

    async def migrate_all_conversations(
        self,
        batch_size: int = 100,
        *,
        dry_run: bool = False,
        concurrency: int = CONCURRENCY,
        on_progress: Callable[[ImportReport], None] | None = None,
        on_rejected: Callable[[Rejection], None] | None = None,
    ) -> ImportReport:
        """Everybody's conversations and facts. What is there already stays as it is.

        Args:
            batch_size: records between two checkpoints.
            dry_run: checks everything, stores nothing.
            concurrency: stores at once.
            on_progress: called often, with the running report.
            on_rejected: called for each record that cannot be stored; the others go on.

        Raises:
            MigrationError: the store cannot be read; what was stored is stored, call it again to go on.
            BackendError: the archive failed; likewise.
        """
        return await self._migrate(None, batch_size, dry_run, concurrency, on_progress, on_rejected)

    async def migrate_user_conversations(
        self,
        user_id: str,
        batch_size: int = 100,
        *,
        dry_run: bool = False,
        concurrency: int = CONCURRENCY,
        on_progress: Callable[[ImportReport], None] | None = None,
        on_rejected: Callable[[Rejection], None] | None = None,
    ) -> ImportReport:
        """As `migrate_all_conversations`, for one user."""
        return await self._migrate(user_id, batch_size, dry_run, concurrency, on_progress, on_rejected)

    async def verify_migration(self, user_id: str | None = None) -> Verification:
        """Reads the old store once more and compares each record with what is stored."""
        return await self._manager.verify_import(self._source(), user_id=user_id, tenant_id=self._tenant_id)

    async def rollback_migration(self, run_id: str | None = None) -> RollBackReport:
        """Removes exactly what a run brought; it can be migrated again.

        Args:
            run_id: ``report.run_id`` of a migration; ``None``: the last one that this object made.

        Raises:
            MigrationError: there is no such run.
        """
        run_id = run_id or self._last_run_id
        if run_id is None:
            raise MigrationError("nothing was migrated by this object yet: pass the run_id of a report")
        return await self._manager.roll_back_import(run_id)

    async def _migrate(  # noqa: PLR0917
        self,
        user_id: str | None,
        batch_size: int,
        dry_run: bool,  # noqa: FBT001
        concurrency: int,
        on_progress: Callable[[ImportReport], None] | None,
        on_rejected: Callable[[Rejection], None] | None,
    ) -> ImportReport:
        report = await self._manager.import_conversations(
            self._source(batch_size),
            user_id=user_id,
            tenant_id=self._tenant_id,
            dry_run=dry_run,
            concurrency=concurrency,
            batch_size=batch_size,
            source_format=FORMAT,
            on_progress=on_progress,
            on_rejected=on_rejected,
        )
        self._last_run_id = report.run_id or self._last_run_id
        return report

    def _source(self, page_records: int | None = None) -> LegacyChroma:
        place = GivenClient(client=self._client, name=self._name)
        if page_records is None or page_records < 1:
            return LegacyChroma(place=place, rules=self._rules)
        return LegacyChroma(place=place, rules=self._rules, page_records=page_records)
