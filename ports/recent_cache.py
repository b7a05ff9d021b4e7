"""Tier 1: what was said lately."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..domain.conversation import Conversation
from ..domain.recent_window import CachedConversation, RecentWindow, WindowKey
from .derived_tier import DerivedTier


class RecentCache(DerivedTier, Protocol):
    """Windows of the last conversations, bounded in number (20 by default) and time (30 minutes by default).

    A window is read whole. It is *complete* once it was filled from the archive; until then it may hold a few
    conversations and must not be taken for all. Every window carries the epoch under which it was written.
    """

    async def push(self, *, entries: Sequence[CachedConversation]) -> None:
        """Adds conversations to the windows that they name and renews those windows' time.

        Idempotent by conversation id, in any order: a window keeps the latest by (occurred_at, sequence). A missing
        window is begun as an incomplete one. An entry with a newer epoch than its window's replaces the window by an
        incomplete one; an entry with an older epoch is dropped. Atomic for each window.
        """
        ...

    async def fill(self, *, key: WindowKey, conversations: Sequence[Conversation], epoch: int) -> None:
        """Merges what the archive returned into a window and marks it complete.

        What was pushed meanwhile stays. A window of a newer epoch is left alone; of an older one it is replaced.
        """
        ...

    async def read(self, *, keys: Sequence[WindowKey]) -> list[RecentWindow]:
        """The windows in the order of the keys, in one round trip; conversations chronological, oldest first.

        A missing or expired window comes back empty, incomplete and with epoch 0; an entry that cannot be decoded,
        or that is of another user than its key, is dropped and makes its window incomplete.
        """
        ...
