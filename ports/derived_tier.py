"""What every tier that is derived from the archive can do besides answering."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class DerivedTier(Protocol):
    """A projection of the archive: rebuildable, and never the only place of anything.

    Attributes:
        name: as in `Projection`.
        leaves: what forgetting leaves in the store's own files, and what removes it, for people; empty: nothing.
    """

    name: str
    leaves: str = ""

    async def forget_user(self, *, tenant_id: str, user_id: str) -> int:
        """Removes everything of a user, its traces in shared records included; how many records went. Idempotent."""
        ...

    async def forget_conversations(self, *, tenant_id: str, user_id: str, conversation_ids: Sequence[str]) -> int:
        """Removes these conversations of that user and all that only they brought; how many went. Idempotent.

        Ids of other users and unknown ids are left alone.
        """
        ...

    async def conversation_ids(self, *, tenant_id: str, user_id: str) -> frozenset[str]:
        """The conversations of a user that this tier holds at present."""
        ...

    async def size_bytes(self) -> int:
        """What the tier takes in its store, as far as it can be told."""
        ...
