"""The old ChromaDB store as JSON: a list of its records, or the columns ``ids``, ``documents`` and ``metadatas``.

Of the old system's own export only the records' shape is known. Read is every list of objects with ``id``, ``document``
and ``metadata``, the document itself or any member of it, where members named as a collection belong to that one; and
what a collection's ``get()`` returns, as the document or as a member of that name.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping, Sequence
from typing import Final

import attrs

from ...domain.errors import InvalidConversation
from ...domain.exchanges import Mapped, Unmapped
from ...domain.foreign_values import as_json, list_of, object_of
from ...domain.legacy_metadata import stored
from ...domain.legacy_records import (
    COLLECTIONS,
    GLOBAL_FACTS,
    LegacyRecord,
    LegacyRules,
    known_time,
    legacy_record_from_json,
    mapped,
    owner_of,
)
from ...ports.conversation_source import ConversationSource, Item, RecordKind
from .export_files import ExportFile, export_files
from .json_items import BrokenJson, JsonItem
from .mapped_items import ForeignShape, Reading, items_of_files
from .recognition import NAMES
from .streaming import streamed

_IDS: Final = "ids"
_DOCUMENTS: Final = "documents"
_METADATAS: Final = "metadatas"
_RECORD_KEYS: Final = frozenset({"id", "document", "metadata"})


class LegacyJson(ConversationSource):
    """Conversations and facts of the old store, with the same keys as when they are read from the store itself.

    Args:
        rules: what the records do not say themselves.
    """

    def __init__(self, *, path: str, rules: LegacyRules | None = None) -> None:
        self.name = path
        self._path = path
        self._rules = rules or LegacyRules()

    def read(self) -> AsyncGenerator[Item, None]:
        """See the port."""
        return streamed(self._items())

    def _items(self) -> Generator[Item, None, None]:
        files = export_files(self._path)
        times = _EarliestTimes(files, self._rules)

        def read(reading: Reading) -> Iterator[Item]:
            for entry in _entries(reading.file):
                yield self._item(entry, reading, times)

        yield from items_of_files(files, read, path=self._path, format_name=NAMES["legacy-json"])

    def _item(self, entry: _Entry, reading: Reading, times: _EarliestTimes) -> Item:
        kind: RecordKind | None = None
        user_id: str | None = None
        found: Mapped | Unmapped
        try:
            record = entry.record()
            place, source = f"{record.collection} {record.record_id}", stored(record.to_json())
        except InvalidConversation as error:
            found = Unmapped(place=entry.place, reason=str(error), source=as_json(entry.value))
            return reading.item(found, read_bytes=entry.read_bytes, user_id=None)
        try:
            user_id = owner_of(record, self._rules)
            unknown = user_id is not None and known_time(record, self._rules) is None
            result = mapped(record, self._rules, fallback=times.of(record) if unknown else None)
        except InvalidConversation as error:
            found = Unmapped(place=place, reason=str(error), source=source)
        else:
            if result is None:
                found = Unmapped(place=place, reason="it holds placeholders only", source=source, is_fault=False)
            else:
                found, kind = Mapped(place=place, record=result.record), result.kind
        return reading.item(found, read_bytes=entry.read_bytes, user_id=user_id, kind=kind)


@attrs.frozen(kw_only=True)
class _Entry:
    """What may be a record.

    Attributes:
        collection: where it stands; ``None``: it says so itself, or belongs to the users' memories.
    """

    place: str
    value: object
    collection: str | None
    read_bytes: int

    def record(self) -> LegacyRecord:
        """The record.

        Raises:
            InvalidConversation: it is none.
        """
        record = legacy_record_from_json(self.value)
        named = object_of(self.value).get("collection") is not None
        return record if named or self.collection is None else attrs.evolve(record, collection=self.collection)


class _EarliestTimes:
    """The times of records that tell none, looked up in all files once one of them is met."""

    def __init__(self, files: Sequence[ExportFile], rules: LegacyRules) -> None:
        self._files = files
        self._rules = rules
        self._known: dict[tuple[str, str | None], dt.datetime] | None = None

    def of(self, record: LegacyRecord) -> dt.datetime | None:
        """The earliest known one of its user, else of all; ``None``: no record tells one."""
        if self._known is None:
            self._known = self._found()
        which = None if record.collection == GLOBAL_FACTS else owner_of(record, self._rules)
        found = self._known.get((record.collection, which))
        return found or min(
            (self._known[name, None] for name in COLLECTIONS if (name, None) in self._known), default=None
        )

    def _found(self) -> dict[tuple[str, str | None], dt.datetime]:
        known: dict[tuple[str, str | None], dt.datetime] = {}
        for file in self._files:
            for record in _records(file):
                time = known_time(record, self._rules)
                for which in (owner_of(record, self._rules), None):
                    key = (record.collection, which)
                    if time is not None and time < known.get(key, time + dt.timedelta.resolution):
                        known[key] = time
        return known


def _records(file: ExportFile) -> Iterator[LegacyRecord]:
    """Those that are sound; what is not is met again where the file is read for good."""
    entries = _entries(file)
    while True:
        try:
            entry = next(entries, None)
            if entry is None:
                return
            record = entry.record()
        except InvalidConversation:
            continue
        except (BrokenJson, ForeignShape):
            return
        yield record


def _entries(file: ExportFile) -> Iterator[_Entry]:
    """What may be records, in the file's order.

    Raises:
        ForeignShape: there is nothing like one.
    """
    members: set[str] = set()
    begun = False
    lists_of_others: set[str] = set()
    for item in file.items():
        if item.key == _IDS:
            yield from _side_by_side(file)
            return
        if item.key is not None:
            members.add(item.key)
        collection = item.key if item.key in COLLECTIONS else None
        if item.index is None:
            columns = object_of(item.value)
            begun = begun or _IDS in columns
            for number, value in enumerate(_rows(columns), 1):
                place = f"{item.key} {number}"
                yield _Entry(place=place, value=value, collection=collection, read_bytes=item.read_bytes)
            continue
        if item.index == 0 and not object_of(item.value).keys() & _RECORD_KEYS:
            if item.key is None:
                raise ForeignShape("its items have no id, document and metadata")
            lists_of_others.add(item.key)
        if item.key not in lists_of_others:
            begun = True
            place = f"{item.key or 'record'} {item.index + 1}"
            yield _Entry(place=place, value=item.value, collection=collection, read_bytes=item.read_bytes)
    if not begun and members - set(COLLECTIONS):
        raise ForeignShape("it has neither records with id, document and metadata nor ids, documents and metadatas")


def _side_by_side(file: ExportFile) -> Iterator[_Entry]:
    """The columns of one collection: the file is read in three places at once."""
    columns = (_column(file, _IDS), _column(file, _DOCUMENTS), _column(file, _METADATAS))
    for number, items in enumerate(itertools.zip_longest(*columns), 1):
        record_id, document, metadata = (None if item is None else item.value for item in items)
        read_bytes = max(item.read_bytes for item in items if item is not None)
        value = {"id": record_id, "document": document, "metadata": metadata}
        yield _Entry(place=f"record {number}", value=value, collection=None, read_bytes=read_bytes)


def _column(file: ExportFile, key: str) -> Iterator[JsonItem]:
    begun = False
    for item in file.items():
        if item.key == key:
            begun = True
            if item.index is not None:
                yield item
        elif begun:
            return


def _rows(columns: Mapping[str, object]) -> Iterator[object]:
    for values in itertools.zip_longest(*(list_of(columns.get(key)) for key in (_IDS, _DOCUMENTS, _METADATAS))):
        yield dict(zip(("id", "document", "metadata"), values, strict=True))
