"""Importing: conversations of a source go through the same door as new ones, many at once, and can be sent again."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

import attrs

from ..domain.conversation import Conversation, ConversationKey
from ..domain.errors import Forgotten, IdempotencyConflict, InvalidConversation, MigrationError, Overloaded
from ..domain.identifiers import DEFAULT_BOT_ID, DEFAULT_TENANT_ID
from ..domain.intake import Intake
from ..domain.interchange import ConversationRecord
from ..domain.json_values import JsonValue
from ..domain.record_kinds import RecordKind
from ..ports.clock import Clock
from ..ports.conversation_archive import ConversationArchive
from ..ports.conversation_source import ConversationSource, Item, Omission, Rejection, ResumableSource, SourcedRecord
from .asking import settled
from .import_journal import ImportJournal, JournalEntry
from .import_report import ImportReport
from .storing import Storing
from .turns import Turns

__all__ = ["CONCURRENCY", "ImportConversations", "ImportReport", "intake_of"]

CONCURRENCY: Final = 64
"""Stores under way at once: enough to fill a grouped commit, far below what a memory refuses."""
BATCH_RECORDS: Final = 512
"""Items between two checkpoints."""
_BATCH_CHARS: Final = 4_000_000
"""A batch is held in memory; this bounds it where single texts are huge."""
_FIRST_WAIT_S: Final = 0.05
_LONGEST_WAIT_S: Final = 2.0
_PATIENCE_S: Final = 60.0
"""How long a record that the memory is too busy for is offered again before the run is given up."""


@attrs.frozen(kw_only=True)
class _Checked:
    """A record that can be stored: what is handed over, and as what it will be known."""

    item: SourcedRecord
    intake: Intake
    key: ConversationKey
    cleaned: bool


class ImportConversations:
    """Stores everything that a source holds. Running it again goes on where it ended: what is there stays as it is.

    Args:
        journal: where runs are recorded, so that they can go on and be taken back; ``None``: nowhere.
        on_progress: called with the running report after each conversation; it must be fast.
        on_rejected: called once for each rejection, in the source's order within a batch.
        batch_records: items between two checkpoints.
        turns: shared with what projects in this process.
    """

    def __init__(
        self,
        *,
        store: Storing,
        archive: ConversationArchive,
        clock: Clock,
        journal: ImportJournal | None = None,
        on_progress: Callable[[ImportReport], None] | None = None,
        on_rejected: Callable[[Rejection], None] | None = None,
        concurrency: int = CONCURRENCY,
        batch_records: int = BATCH_RECORDS,
        turns: Turns | None = None,
    ) -> None:
        if concurrency < 1 or batch_records < 1:
            raise InvalidConversation("concurrency and batch_size must be at least 1")
        self._store = store
        self._archive = archive
        self._clock = clock
        self._journal = journal
        self._on_progress = on_progress or _ignored
        self._on_rejected = on_rejected or _ignored
        self._places = asyncio.Semaphore(concurrency)
        self._batch_records = batch_records
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
        entry: JournalEntry | None = None
        if self._journal is not None and not dry_run:
            entry = await self._journal.begin(source, user_id=user_id, tenant_id=tenant_id)
            report.run_id = entry.run.run_id
            if entry.resumed:
                report.go_on_from(entry.run.counts, duration_s=entry.run.duration_s)
                self._on_progress(report)
        began = time.perf_counter() - report.duration_s
        try:
            async with aclosing(self._batches(source, entry)) as batches:
                async for batch in batches:
                    mine = [item for item in batch if _concerns(item, user_id)]
                    report.skipped += len(batch) - len(mine)
                    report.total += len(mine)
                    await self._import(mine, report=report, tenant_id=tenant_id, entry=entry)
                    report.duration_s = time.perf_counter() - began
                    report.progress = batch[-1].progress
                    if entry is not None:
                        await entry.advance(report, cursor=batch[-1].cursor)
                    self._on_progress(report)
            report.duration_s = time.perf_counter() - began
            if entry is not None:
                await entry.complete(report)
        except Exception:
            if entry is not None:
                await entry.fail()
            raise
        finally:
            report.duration_s = time.perf_counter() - began
        return report

    async def _import(
        self, batch: list[Item], *, report: ImportReport, tenant_id: str, entry: JournalEntry | None
    ) -> None:
        checked: list[_Checked] = []
        for item in batch:
            match item:
                case Rejection():
                    self._reject(item, report)
                case Omission():
                    report.placeholders += 1
                case SourcedRecord():
                    try:
                        checked.append(self._checked(item, tenant_id))
                    except InvalidConversation as error:
                        self._reject(_rejection(item, str(error)), report)
        keys = list(dict.fromkeys(record.key for record in checked))
        known = set(await self._archive.existing(keys=keys)) if keys else set[str]()
        if entry is not None and keys:
            known -= await entry.brought(
                new=[key for key in keys if key.conversation_id not in known],
                there=[key for key in keys if key.conversation_id in known],
            )
        # Records of a user at one time are stored one after the other: their order is that of storing.
        lanes: defaultdict[object, list[tuple[_Checked, bool]]] = defaultdict(list)
        for number, record in enumerate(checked):
            occurred_at = record.item.record.occurred_at
            lane: object = number if occurred_at is None else (record.key.tenant_id, record.key.user_id, occurred_at)
            lanes[lane].append((record, record.key.conversation_id not in known))
            known.add(record.key.conversation_id)  # the same may stand in this batch once more
        async with self._turns.turn():
            await settled(*(self._store_lane(lane, report=report) for lane in lanes.values()))

    def _checked(self, item: SourcedRecord, tenant_id: str) -> _Checked:
        intake = intake_of(item.record, tenant_id=tenant_id)
        conversation: Conversation = intake.conversation(now=self._clock.now(), new_id="")
        if not conversation.conversation_id:
            raise InvalidConversation("has neither an id nor an idempotency key: importing it twice would double it")
        return _Checked(
            item=item,
            intake=intake,
            key=conversation.key,
            cleaned="cleaned" in conversation.processing_metadata and "cleaned" not in item.record.processing_metadata,
        )

    async def _store_lane(self, lane: list[tuple[_Checked, bool]], *, report: ImportReport) -> None:
        for record, is_new in lane:
            await self._store_one(record, is_new=is_new, report=report)

    async def _store_one(self, checked: _Checked, *, is_new: bool, report: ImportReport) -> None:
        if not report.dry_run:
            try:
                async with self._places:
                    await self._patiently(checked.intake)
            except (InvalidConversation, IdempotencyConflict, Forgotten) as error:
                self._reject(_rejection(checked.item, str(error)), report)
                return
        _count(checked, is_new=is_new, report=report)
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
        report.rejected_for(rejection.reason)
        self._on_rejected(rejection)

    async def _batches(
        self, source: ConversationSource, entry: JournalEntry | None
    ) -> AsyncGenerator[list[Item], None]:
        items = source.read()
        if entry is not None and entry.run.checkpoint is not None and isinstance(source, ResumableSource):
            items = source.read_after(entry.run.checkpoint)
        batch: list[Item] = []
        chars = 0
        async with aclosing(items):
            async for item in items:
                batch.append(item)
                chars += len(item.raw)
                if len(batch) >= self._batch_records or chars >= _BATCH_CHARS:
                    yield batch
                    batch, chars = [], 0
        if batch:
            yield batch


def _count(checked: _Checked, *, is_new: bool, report: ImportReport) -> None:
    if not is_new:
        report.already_there += 1
        return
    report.times_unknown += checked.item.record.processing_metadata.get("time_unknown") is True
    report.cleaned += checked.cleaned
    match checked.item.kind:
        case RecordKind.CONVERSATION:
            report.migrated += 1
        case RecordKind.FACT:
            report.facts += 1
        case RecordKind.PLACEHOLDER:
            report.placeholders += 1
            report.placeholders_stored += 1


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


def _concerns(item: Item, user_id: str | None) -> bool:
    whose = item.record.user_id if isinstance(item, SourcedRecord) else item.user_id
    return user_id is None or whose is None or whose == user_id


def _rejection(item: SourcedRecord, reason: str) -> Rejection:
    return Rejection(
        position=item.position, reason=reason, raw=item.raw, progress=item.progress, user_id=item.record.user_id
    )
