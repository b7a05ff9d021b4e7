"""What the mapping rules give as items of a source; and a source of several files, of which one may be broken."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence

import attrs

from ...domain.errors import MigrationError
from ...domain.exchanges import Mapped, Unmapped
from ...domain.interchange import record_to_json
from ...domain.json_values import JsonValue, canonical_json
from ...ports.conversation_source import Item, Omission, RecordKind, Rejection, SourcedRecord
from .export_files import ExportFile
from .json_items import BrokenJson
from .recognition import hint


class ForeignShape(Exception):
    """A file is not of the format that is read.

    Args:
        reason: what is missing, for people.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@attrs.frozen(kw_only=True)
class Reading:
    """Where the reading of several files is.

    Attributes:
        file: the one at work.
        before_bytes: of the files before it.
        total_bytes: of all.
        several: whether there are more.
    """

    file: ExportFile
    before_bytes: int
    total_bytes: int
    several: bool

    def position(self, place: str) -> str:
        """A place within the file, for people."""
        return f"{self.file.name} {place}" if self.several else place

    def progress(self, read_bytes: int) -> float:
        """Part of all files that was read, 0 to 1."""
        return min(1.0, (self.before_bytes + read_bytes) / max(1, self.total_bytes))

    def item(
        self, found: Mapped | Unmapped, *, read_bytes: int, user_id: str | None, kind: RecordKind | None = None
    ) -> Item:
        """An item of the source.

        Args:
            user_id: whose it is, if it is known, where it is no record.
        """
        position, progress = self.position(found.place), self.progress(read_bytes)
        if isinstance(found, Mapped):
            raw = raw_of(record_to_json(found.record))
            return SourcedRecord(
                record=found.record,
                kind=RecordKind.CONVERSATION if kind is None else kind,
                position=position,
                raw=raw,
                progress=progress,
            )
        cls = Rejection if found.is_fault else Omission
        raw = raw_of(found.source)
        return cls(position=position, reason=found.reason, raw=raw, progress=progress, user_id=user_id)


def raw_of(value: JsonValue) -> str:
    """A value as JSON, for mending it; what JSON cannot hold, such as a number that is too large, as it is shown."""
    try:
        return canonical_json(value)
    except (ValueError, RecursionError):
        return repr(value)


def items_of_files(
    files: Sequence[ExportFile], read: Callable[[Reading], Iterator[Item]], *, path: str, format_name: str
) -> Generator[Item, None, None]:
    """The items of all files. One that cannot be read, or not any further, is rejected, and the others are read.

    Args:
        read: the items of one file; raises `ForeignShape` or `BrokenJson`.
        path: what was named, for people.
        format_name: what is expected, for people: ``a ChatGPT export``.

    Raises:
        MigrationError: nothing of it can be read.
    """
    total = sum(file.size_bytes for file in files)
    before = 0
    is_one = False
    faults: list[Rejection] = []
    """Withheld until something shows that the path means an export at all."""
    for file in files:
        reading = Reading(file=file, before_bytes=before, total_bytes=total, several=len(files) > 1)
        before += file.size_bytes
        try:
            for item in read(reading):
                is_one = True
                yield from faults
                faults.clear()
                yield item
            is_one = True
        except (ForeignShape, BrokenJson) as error:
            progress = reading.progress(file.size_bytes)
            faults.append(Rejection(position=file.name, reason=error.reason, raw=str(file.path), progress=progress))
        if is_one:
            yield from faults
            faults.clear()
    if faults:
        raise MigrationError(
            f"{path} is not read as {format_name}: {faults[0].reason}{hint(files[0], path, unless=format_name)}"
        )
