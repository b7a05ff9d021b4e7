"""Where conversations are imported from."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol, TypeAlias, runtime_checkable

import attrs

from ..domain.interchange import ConversationRecord
from ..domain.record_kinds import FACT_MESSAGE_TYPE, RecordKind

__all__ = [
    "FACT_MESSAGE_TYPE",
    "ConversationSource",
    "Item",
    "Omission",
    "RecordKind",
    "Rejection",
    "ResumableSource",
    "SourceItem",
    "SourcedRecord",
]


@attrs.frozen(kw_only=True)
class SourceItem:
    """Something that a source holds.

    Attributes:
        position: where it stands, for people: ``line 12``, ``conv-1.json exchange 3``.
        raw: what stands there, for mending it.
        progress: part of the source read so far, 0 to 1; ``None`` where its size is not known.
        cursor: of a `ResumableSource`: what `read_after` takes to go on behind this item.
    """

    position: str
    raw: str
    progress: float | None = None
    cursor: str | None = None


@attrs.frozen(kw_only=True)
class SourcedRecord(SourceItem):
    """A conversation that a source holds.

    Attributes:
        record: carries a conversation id or an idempotency key, the same whenever the source is read again. Where its
            time is not known, ``occurred_at`` is the source's best guess and ``time_unknown`` is true in its processing
            metadata. Texts are as they stood: what no store can hold is replaced later, and that is noted.
        raw: the source's own text, or `record_to_json` of the record as JSON: then JSON Lines read it again.
    """

    record: ConversationRecord
    kind: RecordKind = RecordKind.CONVERSATION


@attrs.frozen(kw_only=True)
class Omission(SourceItem):
    """Something that holds nothing to remember: counted as a placeholder, not stored, and no error.

    Attributes:
        reason: what it is.
        user_id: whose; ``None``: not known.
    """

    reason: str
    user_id: str | None = None


@attrs.frozen(kw_only=True)
class Rejection(SourceItem):
    """Something in a source that cannot be a conversation, or that the memory refused.

    Attributes:
        reason: what to mend.
        user_id: whose; ``None``: not known.
    """

    reason: str
    user_id: str | None = None


Item: TypeAlias = SourcedRecord | Omission | Rejection


class ConversationSource(Protocol):
    """A file, a stream, another system's store.

    Attributes:
        name: what is read, for people; without a password. The same for the same source: it names an import run.
    """

    name: str

    def read(self) -> AsyncGenerator[Item, None]:
        """Everything that the source holds, in its order; what cannot be read is rejected and does not end the stream.

        Reading the same source again gives the same records with the same keys in the same order. Memory is bounded
        by the largest item, not by the source; the loop is not blocked. Closing the generator closes what it opened.

        Raises:
            MigrationError: the source as a whole cannot be read; the message says what to mend.
        """
        ...


@runtime_checkable
class ResumableSource(ConversationSource, Protocol):
    """A source that need not be read from its beginning again after an interruption. Its items carry cursors."""

    def read_after(self, cursor: str) -> AsyncGenerator[Item, None]:
        """As `read`, without the items up to the one that carried this cursor.

        Where the source has changed so that something new may stand among those, everything is read.
        """
        ...
