"""What holds old records: a Chroma directory, a Chroma server, or a file of single records."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from ...domain.legacy_records import LegacyRecord


class LegacyStore(Protocol):
    """Reads, and changes nothing. All methods raise `MigrationError` where the store cannot be read."""

    async def ids(self, *, collection: str, user_id: str | None = None) -> list[str]:
        """The ids of all records of a collection, or of one user's, in any order; none of a missing collection."""
        ...

    async def records(self, *, collection: str, ids: Sequence[str]) -> list[LegacyRecord]:
        """Those of the records that are there, in any order."""
        ...


class OpenableLegacyStore(Protocol):
    """A place where a store is.

    Attributes:
        name: for people, without a password.
    """

    name: str

    def open(self) -> AbstractAsyncContextManager[LegacyStore]:
        """The store, readable until the context is left.

        Raises:
            MigrationError: there is none, or it cannot be read.
        """
        ...
