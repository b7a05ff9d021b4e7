"""JSON Lines: one conversation a line, in the form that an export writes."""

from __future__ import annotations

import asyncio
import collections
import os
import stat
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Final

import attrs

from ...domain.errors import InvalidConversation, MigrationError
from ...domain.interchange import ConversationRecord, record_from_line
from ...domain.record_kinds import FACT_MESSAGE_TYPE, RecordKind
from ...ports.conversation_source import ConversationSource, Item, Rejection, SourcedRecord

STDIN: Final = "-"

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
"""Two texts of a megabyte, escaped, and all metadata: no line that could be stored is longer."""
_CHUNK_BYTES: Final = 256 * 1024
_SHOWN_RAW: Final = 4096
"""Characters kept of a line that is too long to be one."""


class JsonLines(ConversationSource):
    """Reads JSON Lines from a file, or from standard input where the path is ``-``. Empty lines are skipped.

    A line without an id is known by its content. Lines that say the same at the same time are one conversation;
    lines without a time may repeat themselves ("ok"), and count as often as they are there.
    """

    def __init__(self, *, path: str) -> None:
        self.name = "standard input" if path == STDIN else path
        self._path = path

    async def read(self) -> AsyncGenerator[Item, None]:
        repeated: collections.Counter[str] = collections.Counter()
        descriptor, size = self._open()
        try:
            number = consumed = 0
            async for line in _lines(descriptor):
                number += 1
                consumed += line.size
                position = f"line {number}"
                progress = None if size is None else min(1.0, consumed / max(1, size))
                text = line.content.decode("utf-8", "surrogateescape").removeprefix("\ufeff" if number == 1 else "")
                if not text.strip():
                    continue
                raw = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
                try:
                    if line.cut:
                        raise InvalidConversation(f"longer than {MAX_LINE_BYTES} bytes")
                    if raw != text:
                        raise InvalidConversation("not UTF-8: save the file in that encoding")
                    record = _identified(record_from_line(text), repeated)
                except InvalidConversation as error:
                    yield Rejection(position=position, reason=str(error), raw=raw, progress=progress)
                else:
                    kind = RecordKind.FACT if record.message_type == FACT_MESSAGE_TYPE else RecordKind.CONVERSATION
                    yield SourcedRecord(record=record, kind=kind, position=position, raw=raw, progress=progress)
        finally:
            if self._path != STDIN:
                os.close(descriptor)

    def _open(self) -> tuple[int, int | None]:
        """The file's descriptor and its size in bytes, if it has one."""
        if self._path == STDIN:
            descriptor = sys.stdin.fileno()
        else:
            if Path(self._path).is_dir():
                raise MigrationError(f"{self._path} is a folder: name a file of JSON lines")
            try:
                descriptor = os.open(self._path, os.O_RDONLY)
            except OSError as error:
                raise MigrationError(f"cannot read {self._path}: {error.strerror}") from error
        status = os.fstat(descriptor)
        return descriptor, status.st_size if stat.S_ISREG(status.st_mode) else None


def _identified(record: ConversationRecord, repeated: collections.Counter[str]) -> ConversationRecord:
    """The record with an idempotency key of its content where it has no id."""
    if record.conversation_id is not None or record.idempotency_key is not None:
        return record
    key = record.content_key
    if record.occurred_at is None:
        repeated[key] += 1
        if repeated[key] > 1:
            key = f"{key}#{repeated[key]}"
    return attrs.evolve(record, idempotency_key=key)


@attrs.frozen
class _Line:
    content: bytes
    size: int
    cut: bool = False


async def _lines(descriptor: int) -> AsyncIterator[_Line]:
    """The lines of a stream; of one that is too long only the beginning."""
    pending = bytearray()
    skipped = 0
    async for chunk in _chunks(descriptor):
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            pending += part
            yield _line(pending, skipped, ending=1)
            pending, skipped = bytearray(), 0
        pending += rest
        if len(pending) > MAX_LINE_BYTES:
            skipped += len(pending) - MAX_LINE_BYTES
            del pending[MAX_LINE_BYTES:]
    if pending:
        yield _line(pending, skipped, ending=0)


def _line(content: bytearray, skipped: int, *, ending: int) -> _Line:
    size = len(content) + skipped + ending
    if skipped or len(content) > MAX_LINE_BYTES:
        return _Line(bytes(content[:_SHOWN_RAW]), size, cut=True)
    return _Line(bytes(content.removesuffix(b"\r")), size)


async def _chunks(descriptor: int) -> AsyncIterator[bytes]:
    """What can be read, as it comes.

    A pipe or a terminal is waited for in the event loop: a thread that is blocked in reading could not be interrupted.
    """
    waits = not stat.S_ISREG(os.fstat(descriptor).st_mode) and sys.platform != "win32"
    while True:
        if waits:
            await _readable(descriptor)
            chunk = os.read(descriptor, _CHUNK_BYTES)
        else:
            chunk = await asyncio.to_thread(os.read, descriptor, _CHUNK_BYTES)
        if not chunk:
            return
        yield chunk


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    try:
        loop.add_reader(descriptor, _settle, ready)
    except PermissionError:  # a device that is always ready, such as /dev/null
        return
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)
