"""Importing: conversations of a source go through the same door as new ones, many at once, and can be sent again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import Final

import attrs

from ..domain.conversation import Conversation, ConversationKey
from ..domain.errors import Forgotten, IdempotencyConflict, InvalidConversation, MigrationError, Overloaded
from ..domain.identifiers import DEFAULT_BOT_ID, DEFAULT_TENANT_ID
from ..domain.intake import Intake
from ..domain.interchange import ConversationRecord
from ..domain.json_values import JsonObject, JsonValue
from ..ports.clock import Clock
from ..ports.conversation_archive import ConversationArchive
from ..ports.conversation_source import ConversationSource, Rejection, SourcedRecord
from .asking import settled
from .storing import StoreConversation
from .turns import Turns

CONCURRENCY: Final = 64
"""Stores under way at once: enough to fill a grouped commit, far below what a memory refuses."""
_BATCH_RECORDS: Final = 512
_BATCH_CHARS: Final = 4_000_000
"""A batch is held in memory; this bounds it where single texts are huge."""
_FIRST_WAIT_S: Final = 0.05
_LONGEST_WAIT_S: Final = 2.0
_PATIENCE_S: Final = 60.0
"""How long a record that the memory is too busy for is offered again before the run is given up."""


@attrs.define(kw_only=True)
class ImportReport:
    """What became of a source's conversations.

    Attributes:
        total: items read, rejected ones included, those of other users left out.
        stored: new ones; in a dry run, those that would be.
        already_there: known with the same content.
        rejected: unreadable, refused, or in conflict with what is stored.
        skipped: belong to other users than the one asked for.
        progress: part of the source that is done, 0 to 1; ``None`` where its size is not known.
    """

    source: str
    dry_run: bool = False
    total: int = 0
    stored: int = 0
    already_there: int = 0
    rejected: int = 0
    skipped: int = 0
    progress: float | None = None
    duration_s: float = 0.0

    @property
    def rate_per_s(self) -> float:
        """Items a second, 0 before the first."""
        return self.total / self.duration_s if self.duration_s else 0.0

    def to_json(self) -> JsonObject:
        """The report as plain data."""
        return {
            "source": self.source,
            "dry_run": self.dry_run,
            "total": self.total,
            "stored": self.stored,
            "already_there": self.already_there,
            "rejected": self.rejected,
            "skipped": self.skipped,
            "duration_s": round(self.duration_s, 3),
            "rate_per_s": round(self.rate_per_s, 1),
        }


@attrs.frozen(kw_only=True)
class _Checked:
    """A record that can be stored: what is handed over, and as what it will be known."""

    item: SourcedRecord
    intake: Intake
    key: ConversationKey


class ImportConversations:
    """Stores everything that a source holds. Running it again goes on where it ended: what is there stays as it is.

    Args:
        on_progress: called with the running report after each conversation; it must be fast.
        on_rejected: called once for each rejection, in the source's order within a batch.
        turns: shared with what projects in this process.
    """

    def __init__(
        self,
        *,
        store: StoreConversation,
        archive: ConversationArchive,
        clock: Clock,
        on_progress: Callable[[ImportReport], None] | None = None,
        on_rejected: Callable[[Rejection], None] | None = None,
        concurrency: int = CONCURRENCY,
        turns: Turns | None = None,
    ) -> None:
        self._store = store
        self._archive = archive
        self._clock = clock
        self._on_progress = on_progress or _ignored
        self._on_rejected = on_rejected or _ignored
        self._places = asyncio.Semaphore(concurrency)
        self._turns = Turns() if turns is None else turns

    async def __call__(
        self,
        source: ConversationSource,
        *,
        user_id: str | None = None,
        tenant_id: str = DEFAULT_TENANT_ID,
        dry_run: bool = False,
    ) -> ImportReport:
        """Imports.

        Args:
            user_id: only this user's conversations; ``None``: everybody's.
            tenant_id: of records that do not name one.
            dry_run: checks everything and stores nothing.

        Raises:
            MigrationError: the source cannot be read, or the memory stayed too busy.
            BackendError: the archive failed. What was stored until then is stored; run it again to go on.
        """
        report = ImportReport(source=source.name, dry_run=dry_run)
        began = time.perf_counter()
        try:
            async with aclosing(_batches(source)) as batches:
                async for batch in batches:
                    mine = [item for item in batch if _concerns(item, user_id)]
                    report.skipped += len(batch) - len(mine)
                    report.total += len(mine)
                    await self._import(mine, report=report, tenant_id=tenant_id)
                    report.duration_s = time.perf_counter() - began
                    report.progress = batch[-1].progress
                    self._on_progress(report)
        finally:
            report.duration_s = time.perf_counter() - began
        return report

    async def _import(self, batch: list[SourcedRecord | Rejection], *, report: ImportReport, tenant_id: str) -> None:
        checked: list[_Checked] = []
        for item in batch:
            if isinstance(item, Rejection):
                self._reject(item, report)
                continue
            try:
                checked.append(self._checked(item, tenant_id))
            except InvalidConversation as error:
                self._reject(_rejection(item, str(error)), report)
        known = set(await self._archive.existing(keys=[item.key for item in checked])) if checked else set[str]()
        stores: list[Coroutine[None, None, None]] = []
        for record in checked:
            is_new = record.key.conversation_id not in known
            known.add(record.key.conversation_id)  # the same may stand in this batch once more
            stores.append(self._store_one(record, is_new=is_new, report=report))
        async with self._turns.turn():
            await settled(*stores)

    def _checked(self, item: SourcedRecord, tenant_id: str) -> _Checked:
        intake = intake_of(item.record, tenant_id=tenant_id)
        conversation: Conversation = intake.conversation(now=self._clock.now(), new_id="")
        if not conversation.conversation_id:
            raise InvalidConversation("has neither an id nor an idempotency key: importing it twice would double it")
        return _Checked(item=item, intake=intake, key=conversation.key)

    async def _store_one(self, checked: _Checked, *, is_new: bool, report: ImportReport) -> None:
        if not report.dry_run:
            try:
                async with self._places:
                    await self._patiently(checked.intake)
            except (InvalidConversation, IdempotencyConflict, Forgotten) as error:
                self._reject(_rejection(checked.item, str(error)), report)
                return
        if is_new:
            report.stored += 1
        else:
            report.already_there += 1
        self._on_progress(report)

    async def _patiently(self, intake: Intake) -> None:
        """Stores; a memory that is too busy is given time."""
        wait_s = _FIRST_WAIT_S
        given_up = time.monotonic() + _PATIENCE_S
        while True:
            try:
                await self._store(intake, live=False)
            except Overloaded as error:
                if time.monotonic() > given_up:
                    raise MigrationError(
                        f"the memory was too busy for {_PATIENCE_S:.0f} s; what was imported is kept, run it again to go on"
                    ) from error
                await asyncio.sleep(wait_s)
                wait_s = min(_LONGEST_WAIT_S, 2 * wait_s)
            else:
                return

    def _reject(self, rejection: Rejection, report: ImportReport) -> None:
        report.rejected += 1
        self._on_rejected(rejection)


def _ignored(_: object) -> None:
    """Nobody listens."""


def intake_of(record: ConversationRecord, *, tenant_id: str = DEFAULT_TENANT_ID) -> Intake:
    """What is handed over to store a record.

    Args:
        tenant_id: of a record that does not name one.

    Raises:
        InvalidConversation: one of the objects that have a column of their own stands in the metadata, too.
    """
    metadata: dict[str, JsonValue] = dict(record.metadata)
    own = {
        "emotion_data": record.emotion_data,
        "user_metadata": record.user_metadata,
        "processing_metadata": record.processing_metadata,
    }
    for name, value in own.items():
        if not value:
            continue
        if name in metadata:
            raise InvalidConversation(f"{name} is given twice: by itself and in metadata")
        metadata[name] = value
    return Intake(
        user_id=record.user_id,
        user_message=record.user_message,
        bot_response=record.bot_response,
        metadata=metadata or None,
        occurred_at=record.occurred_at,
        idempotency_key=record.idempotency_key,
        conversation_id=record.conversation_id,
        channel_id=record.channel_id,
        server_id=record.server_id,
        session_id=record.session_id,
        thread_id=record.thread_id,
        message_type=record.message_type,
        audience=record.audience,
        user_name=record.user_name,
        bot_name=record.bot_name,
        bot_id=DEFAULT_BOT_ID if record.bot_id is None else record.bot_id,
        tenant_id=tenant_id if record.tenant_id is None else record.tenant_id,
    )


def _concerns(item: SourcedRecord | Rejection, user_id: str | None) -> bool:
    return user_id is None or isinstance(item, Rejection) or item.record.user_id == user_id


def _rejection(item: SourcedRecord, reason: str) -> Rejection:
    return Rejection(position=item.position, reason=reason, raw=item.raw, progress=item.progress)


async def _batches(source: ConversationSource) -> AsyncGenerator[list[SourcedRecord | Rejection], None]:
    batch: list[SourcedRecord | Rejection] = []
    chars = 0
    async with aclosing(source.read()) as items:
        async for item in items:
            batch.append(item)
            chars += len(item.raw)
            if len(batch) >= _BATCH_RECORDS or chars >= _BATCH_CHARS:
                yield batch
                batch, chars = [], 0
    if batch:
        yield batch
