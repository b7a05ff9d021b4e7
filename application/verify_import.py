"""Checking an import: the source is read once more and compared with what is stored, record by record."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Final, TypeAlias

import attrs

from ..domain.conversation import Conversation
from ..domain.errors import InvalidConversation
from ..domain.identifiers import DEFAULT_TENANT_ID
from ..domain.json_values import JsonObject
from ..ports.clock import Clock
from ..ports.conversation_archive import ConversationArchive
from ..ports.conversation_source import ConversationSource, SourcedRecord
from .import_conversations import intake_of

Fetch: TypeAlias = Callable[[Conversation], Awaitable[Conversation | None]]
"""How a user of the memory would read a conversation: its public call."""

_PAGE: Final = 500
SAMPLE: Final = 100
"""Conversations read through the public call too, spread over the source."""
_SHOWN: Final = 20


@attrs.define(kw_only=True)
class Verification:
    """How what is stored compares with the source.

    Attributes:
        expected: conversations and facts that the source holds, each counted once.
        found: of those stored with the same content, by SHA-256 over all of it.
        missing: positions of those that are not stored, the first ones; ``missing_count`` says how many.
        different: likewise of those stored with other content.
        sampled: read through the public call too; all of them were the same there, unless ``different`` names them.
    """

    expected: int = 0
    found: int = 0
    missing_count: int = 0
    different_count: int = 0
    missing: list[str] = attrs.field(factory=list)
    different: list[str] = attrs.field(factory=list)
    sampled: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything is there as it was."""
        return not self.missing_count and not self.different_count and self.found == self.expected

    def to_json(self) -> JsonObject:
        """The result as plain data."""
        return {
            "ok": self.ok,
            "expected": self.expected,
            "found": self.found,
            "missing_count": self.missing_count,
            "missing": self.missing,
            "different_count": self.different_count,
            "different": self.different,
            "sampled": self.sampled,
        }


class VerifyImport:
    """Compares a source with the archive, and a sample of it with what the public call gives."""

    def __init__(self, *, archive: ConversationArchive, clock: Clock, fetch: Fetch, sample: int = SAMPLE) -> None:
        self._archive = archive
        self._clock = clock
        self._fetch = fetch
        self._sample = sample

    async def __call__(
        self, source: ConversationSource, *, user_id: str | None = None, tenant_id: str = DEFAULT_TENANT_ID
    ) -> Verification:
        """Reads the source.

        Args:
            user_id: only this user's conversations; ``None``: everybody's.
            tenant_id: of records that do not name one.

        Raises:
            MigrationError: the source cannot be read.
        """
        result = Verification()
        seen: set[str] = set()
        every = 1
        async with aclosing(self._pages(source, user_id=user_id, tenant_id=tenant_id)) as pages:
            async for page in pages:
                stored = {
                    item.conversation_id: item
                    for item in await self._archive.load(keys=[expected.key for _, expected, _ in page])
                }
                for position, expected, timed in page:
                    if expected.conversation_id in seen:
                        continue
                    seen.add(expected.conversation_id)
                    result.expected += 1
                    found = stored.get(expected.conversation_id)
                    self._compare(result, position, expected, found, timed=timed)
                    if result.expected % every == 0 and found is not None:
                        await self._compare_read(result, position, found)
                        if result.sampled % self._sample == 0:
                            every *= 2  # fewer and fewer, so that a large source is sampled to its end
        return result

    def _compare(
        self,
        result: Verification,
        position: str,
        expected: Conversation,
        stored: Conversation | None,
        *,
        timed: bool,
    ) -> None:
        if stored is None:
            result.missing_count += 1
            if len(result.missing) < _SHOWN:
                result.missing.append(position)
        elif stored.content_hash(with_time=timed) != expected.content_hash(with_time=timed):
            self._differs(result, position)
        else:
            result.found += 1

    async def _compare_read(self, result: Verification, position: str, stored: Conversation) -> None:
        read = await self._fetch(stored)
        result.sampled += 1
        if (read is None or read.content_hash() != stored.content_hash()) and position not in result.different:
            self._differs(result, position)

    def _differs(self, result: Verification, position: str) -> None:
        result.different_count += 1
        if len(result.different) < _SHOWN:
            result.different.append(position)

    async def _pages(
        self, source: ConversationSource, *, user_id: str | None, tenant_id: str
    ) -> AsyncGenerator[Sequence[tuple[str, Conversation, bool]], None]:
        """What can be stored of the source, with its position and whether it tells its time; what cannot be stored was
        rejected by the import, too."""
        page: list[tuple[str, Conversation, bool]] = []
        async with aclosing(source.read()) as items:
            async for item in items:
                if not isinstance(item, SourcedRecord) or user_id not in (None, item.record.user_id):
                    continue
                try:
                    intake = intake_of(item.record, tenant_id=tenant_id)
                    conversation = intake.conversation(now=self._clock.now(), new_id="")
                    page.append((item.position, conversation, item.record.occurred_at is not None))
                except InvalidConversation:
                    continue
                if len(page) >= _PAGE:
                    yield page
                    page = []
        if page:
            yield page
