"""Old records one by one in a file: those that an import rejected, corrected by hand, or a dump."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from ...domain.errors import InvalidConversation, MigrationError
from ...domain.legacy_records import LegacyRecord, legacy_record_from_json
from ...domain.rejected_lines import unwrapped
from .legacy_store import LegacyStore, OpenableLegacyStore


class LegacyLines(OpenableLegacyStore):
    """A file with one record a line, ``{"collection": …, "id": …, "document": …, "metadata": {…}}``, or such a record
    as ``raw`` in a line of a file of rejects. It is held in memory as a whole; of a record that is there twice the
    last one counts."""

    def __init__(self, *, path: str) -> None:
        self.name = path
        self._path = Path(path)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[LegacyStore]:
        """The records of the file."""
        yield _Lines(await asyncio.to_thread(self._read))

    def _read(self) -> dict[str, dict[str, LegacyRecord]]:
        found: defaultdict[str, dict[str, LegacyRecord]] = defaultdict(dict)
        try:
            with self._path.open(encoding="utf-8") as file:
                for number, line in enumerate(file, 1):
                    if not line.strip():
                        continue
                    try:
                        record = legacy_record_from_json(unwrapped(json.loads(line)))
                    except (ValueError, RecursionError, InvalidConversation) as error:
                        raise MigrationError(f"{self._path}, line {number}: no record: {error}") from error
                    found[record.collection][record.record_id] = record
        except OSError as error:
            raise MigrationError(f"cannot read {self._path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise MigrationError(f"{self._path} is not UTF-8: save the file in that encoding") from error
        return dict(found)


class _Lines(LegacyStore):
    def __init__(self, found: dict[str, dict[str, LegacyRecord]]) -> None:
        self._found = found

    async def ids(self, *, collection: str, user_id: str | None = None) -> list[str]:
        records = self._found.get(collection, {})
        return [
            record_id
            for record_id, record in records.items()
            if user_id is None or str(record.metadata.get("user_id")) == user_id
        ]

    async def records(self, *, collection: str, ids: Sequence[str]) -> list[LegacyRecord]:
        records = self._found.get(collection, {})
        return [records[record_id] for record_id in ids if record_id in records]
