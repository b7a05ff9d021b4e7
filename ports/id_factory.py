"""Fresh ids as a port, so that a test can foresee them."""

from __future__ import annotations

from typing import Protocol


class IdFactory(Protocol):
    """Makes conversation ids for conversations without an idempotency key."""

    def new_id(self) -> str:
        """A lower-case UUID that was never handed out before and sorts after the earlier ones (version 7)."""
        ...
