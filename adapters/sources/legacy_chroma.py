"""The ChromaDB store of the old bot as a source: ids first, then pages of records, in the order of their ids."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from bisect import bisect_left
from collections.abc import AsyncGenerator, Sequence
from typing import Final

import attrs

from ...domain.errors import InvalidConversation
from ...domain.json_values import canonical_json
from ...domain.legacy_metadata import stored
from ...domain.legacy_records import (
    COLLECTIONS,
    USER_MEMORIES,
    LegacyRecord,
    LegacyRules,
    MappedRecord,
    known_time,
    mapped,
    owner_of,
)
from ...ports.conversation_source import Item, Omission, Rejection, ResumableSource, SourcedRecord
from .legacy_store import LegacyStore, OpenableLegacyStore
from .legacy_times_known import EarliestTimes

PAGE_RECORDS: Final = 500
"""Some 4 MB of the heaviest records."""

_NUMBERED: Final = re.compile(r"(.*_imported_)(\d{1,18})", re.DOTALL)
"""Ids that an import of the old system gave to what had none; their numbers count the file's entries."""


@attrs.frozen(kw_only=True)
class _Place:
    """Where a record stands among all of them."""

    collection: str
    record_id: str


class LegacyChroma(ResumableSource):
    """Conversations and facts of the collections ``user_memories`` and ``global_facts``. Vectors are not read.

    What the old bot re-imported beside the original counts as the original.

    Args:
        place: where the store is.
        rules: what the records do not say themselves.
        page_records: how many are held in memory at once.
    """

    def __init__(
        self, *, place: OpenableLegacyStore, rules: LegacyRules | None = None, page_records: int = PAGE_RECORDS
    ) -> None:
        self.name = place.name
        self._place = place
        self._rules = rules or LegacyRules()
        self._page_records = page_records

    def read(self) -> AsyncGenerator[Item, None]:
        """See the port."""
        return self._read(None)

    def read_after(self, cursor: str) -> AsyncGenerator[Item, None]:
        """See the port. The cursor holds how many records stood before it, and a hash of their ids."""
        return self._read(cursor)

    async def _read(self, cursor: str | None) -> AsyncGenerator[Item, None]:
        async with self._place.open() as store:
            ids = {name: sorted(await store.ids(collection=name), key=_order) for name in COLLECTIONS}
            places = [_Place(collection=name, record_id=item) for name in COLLECTIONS for item in ids[name]]
            digest = hashlib.sha256()
            done = 0
            if cursor is not None:
                done = _places_before(cursor, places)
                for place in places[:done]:
                    _count(digest, place)
            originals = sorted(ids[USER_MEMORIES])
            times = EarliestTimes(store=store, rules=self._rules, page_records=self._page_records)
            while page := places[done : done + self._page_records]:
                records = await self._records(store, page)
                items = await self._items(store, page, records, times=times, originals=originals)
                for place, item in zip(page, items, strict=True):
                    done += 1
                    _count(digest, place)
                    yield attrs.evolve(item, progress=done / len(places), cursor=f"{done}:{digest.hexdigest()}")

    async def _records(self, store: LegacyStore, page: Sequence[_Place]) -> dict[_Place, LegacyRecord]:
        found: dict[_Place, LegacyRecord] = {}
        for name in COLLECTIONS:
            wanted = [place.record_id for place in page if place.collection == name]
            for record in await store.records(collection=name, ids=wanted):
                found[_Place(collection=name, record_id=record.record_id)] = record
        return found

    async def _items(
        self,
        store: LegacyStore,
        page: Sequence[_Place],
        records: dict[_Place, LegacyRecord],
        *,
        times: EarliestTimes,
        originals: Sequence[str],
    ) -> list[Item]:
        items: list[Item] = []
        for place in page:
            record = records.get(place)
            if record is None:
                gone = LegacyRecord(collection=place.collection, record_id=place.record_id)
                items.append(_rejection(gone, "it was deleted while the store was read", None))
                continue
            user_id = owner_of(record, self._rules)
            fallback = None
            if user_id is not None and known_time(record, self._rules) is None:
                fallback = await times.of(record, user_id=user_id)
            try:
                found = mapped(record, self._rules, fallback=fallback)
            except InvalidConversation as error:
                items.append(_rejection(record, str(error), user_id))
                continue
            if found is None:
                items.append(
                    Omission(
                        position=_position(record),
                        raw=_raw(record),
                        user_id=user_id,
                        reason="it holds placeholders only",
                    )
                )
                continue
            original = await self._original(store, record, found, originals)
            items.append(
                SourcedRecord(
                    record=(original or found).record, kind=found.kind, position=_position(record), raw=_raw(record)
                )
            )
        return items

    async def _original(
        self, store: LegacyStore, record: LegacyRecord, copy: MappedRecord, originals: Sequence[str]
    ) -> MappedRecord | None:
        """The record that a re-imported one repeats, if it is still there."""
        if not _NUMBERED.fullmatch(record.record_id) or record.collection != USER_MEMORIES:
            return None
        beginning = f"{copy.record.user_id}_{record.metadata.get('timestamp') or '-'}_"
        start = bisect_left(originals, beginning)
        end = start
        while end < len(originals) and originals[end].startswith(beginning):
            end += 1
        for other in await store.records(collection=USER_MEMORIES, ids=originals[start:end]):
            try:
                found = mapped(other, self._rules)
            except InvalidConversation:
                continue
            if found is not None and _said(found) == _said(copy):
                return found
        return None


def _said(found: MappedRecord) -> tuple[str, str, str, dt.datetime | None]:
    record = found.record
    return record.user_id, record.user_message, record.bot_response, record.occurred_at


def _rejection(record: LegacyRecord, reason: str, user_id: str | None) -> Rejection:
    return Rejection(position=_position(record), raw=_raw(record), reason=reason, user_id=user_id)


def _position(record: LegacyRecord) -> str:
    return f"{record.collection} {record.record_id}"


def _raw(record: LegacyRecord) -> str:
    return canonical_json(stored(record.to_json()))


def _order(record_id: str) -> tuple[str, int, str]:
    found = _NUMBERED.fullmatch(record_id)
    return (record_id, -1, record_id) if found is None else (found[1], int(found[2]), record_id)


def _count(digest: hashlib._Hash, place: _Place) -> None:
    for part in (place.collection, place.record_id):
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:%b" % (len(encoded), encoded))


def _places_before(cursor: str, places: Sequence[_Place]) -> int:
    """How many records stand up to the cursor; 0 where others stand there now, or it is no cursor."""
    number, _, expected = cursor.partition(":")
    if not number.isdecimal() or int(number) > len(places):
        return 0
    digest = hashlib.sha256()
    for place in places[: int(number)]:
        _count(digest, place)
    return int(number) if digest.hexdigest() == expected else 0
