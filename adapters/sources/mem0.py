"""mem0: what ``get_all()`` or ``history()`` returned, saved as JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Generator, Iterator
from typing import Final

from ...domain.errors import InvalidConversation
from ...domain.exchanges import Mapped, Unmapped
from ...domain.foreign_values import as_json, id_of, object_of
from ...domain.mem0_export import fact_of, is_event, is_memory, memory_after, memory_id_of
from ...ports.conversation_source import ConversationSource, Item, RecordKind
from .export_files import ExportFile, export_files
from .json_items import JsonItem
from .mapped_items import ForeignShape, Reading, items_of_files
from .recognition import NAMES
from .streaming import streamed

_RELATIONS: Final = "relations"
_RESULTS: Final = frozenset({None, "results", "memories"})


class Mem0Memories(ConversationSource):
    """Reads memories as facts; of a history the last state of each memory. Relations are found anew from the facts.

    Args:
        user_id: whose the memories are that do not say so.
        timezone: of times that name none.
    """

    def __init__(self, *, path: str, user_id: str | None = None, timezone: dt.tzinfo = dt.UTC) -> None:
        self.name = path
        self._path = path
        self._user_id = user_id
        self._timezone = timezone

    def read(self) -> AsyncGenerator[Item, None]:
        """See the port."""
        return streamed(self._items())

    def _items(self) -> Generator[Item, None, None]:
        files = export_files(self._path)
        yield from items_of_files(files, self._read, path=self._path, format_name=NAMES["mem0"])

    def _read(self, reading: Reading) -> Iterator[Item]:
        last: dict[str, int] | None = None
        begun = False
        members: set[str] = set()
        for item in reading.file.items():
            if item.index is None or item.key not in _RESULTS | {_RELATIONS}:
                members.update({item.key} if item.key is not None else ())
                continue
            if item.key != _RELATIONS and not begun:
                begun = True
                if is_event(item.value):
                    last = _last_events(reading.file)
                elif not is_memory(item.value):
                    raise ForeignShape("its items have no id and memory")
            found = self._mapped(item, last)
            owner = id_of(object_of(item.value).get("user_id")) or self._user_id
            yield reading.item(found, read_bytes=item.read_bytes, user_id=owner, kind=RecordKind.FACT)
        if members and not members & _RESULTS:
            raise ForeignShape("it has no list of results")

    def _mapped(self, item: JsonItem, last: dict[str, int] | None) -> Mapped | Unmapped:
        place, source = f"{item.key or 'memory'} {(item.index or 0) + 1}", as_json(item.value)
        if item.key == _RELATIONS:
            return Unmapped(
                place=place, reason="relations are found anew from the facts", source=source, is_fault=False
            )
        memory = item.value
        if last is not None:
            after = memory_after(memory)
            if last.get(memory_id_of(memory) or "") != item.index:
                return Unmapped(place=place, reason="the memory was changed later", source=source, is_fault=False)
            if after is None:
                return Unmapped(place=place, reason="the memory was deleted", source=source, is_fault=False)
            memory = after
        try:
            return Mapped(place=place, record=fact_of(memory, user_id=self._user_id, timezone=self._timezone))
        except InvalidConversation as error:
            return Unmapped(place=place, reason=str(error), source=source)


def _last_events(file: ExportFile) -> dict[str, int]:
    """Of each memory the place of the last row that tells of it: rows stand in the order of their events."""
    return {
        memory_id: item.index
        for item in file.items()
        if item.index is not None and (memory_id := memory_id_of(item.value)) is not None
    }
