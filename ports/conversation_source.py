"""Where conversations are imported from."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

import attrs

from ..domain.interchange import ConversationRecord


@attrs.frozen(kw_only=True)
class SourcedRecord:
    """A conversation that a source holds.

    Attributes:
        record: carries a conversation id or an idempotency key, the same whenever the source is read again.
        position: where it stands, for people: ``line 12``, ``conv-1.json exchange 3``.
        raw: what stands there, for mending it.
        progress: part of the source read so far, 0 to 1; ``None`` where its size is not known.
    """

    record: ConversationRecord
    position: str
    raw: str
    progress: float | None = None


@attrs.frozen(kw_only=True)
class Rejection:
    """Something in a source that cannot be a conversation, or that the memory refused.

    Attributes:
        reason: what to mend.
    """

    position: str
    reason: str
    raw: str
    progress: float | None = None


class ConversationSource(Protocol):
    """A file, a stream, another system's store.

    Attributes:
        name: what is read, for people.
    """

    name: str

    def read(self) -> AsyncGenerator[SourcedRecord | Rejection, None]:
        """Everything that the source holds, in its order; what cannot be read is rejected and does not end the stream.

        Reading the same source again gives the same records with the same keys in the same order. Memory is bounded
        by the largest item, not by the source; the loop is not blocked. Closing the generator closes what it opened.

        Raises:
            MigrationError: the source as a whole cannot be read; the message says what to mend.
        """
        ...
