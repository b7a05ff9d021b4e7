"""Tier 1 over a dictionary of windows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from ...domain.conversation import Conversation
from ...domain.projection import Projection
from ...domain.recent_window import CachedConversation, RecentWindow, WindowKey
from ...ports.clock import Clock
from ...ports.recent_cache import RecentCache
from .handing_out import handed_out

DEFAULT_SIZE = 20
DEFAULT_TTL_S = 1800.0


@attrs.define(kw_only=True)
class _Window:
    epoch: int
    complete: bool = False
    conversations: dict[str, Conversation] = attrs.field(factory=dict)
    expires_at: float = 0.0


class InMemoryRecentCache(RecentCache):
    """Windows of this process.

    Args:
        clock: by whose steady time windows expire.
        size: how many a window holds.
        ttl_s: how long a window lives after it was last written.
    """

    name = Projection.CACHE.value

    def __init__(self, *, clock: Clock, size: int = DEFAULT_SIZE, ttl_s: float = DEFAULT_TTL_S) -> None:
        self._clock = clock
        self._size = size
        self._ttl_s = ttl_s
        # In the order of their last writing, and as all live equally long, of expiring.
        self._windows: dict[WindowKey, _Window] = {}

    async def push(self, *, entries: Sequence[CachedConversation]) -> None:
        """Adds conversations to the windows that they name and renews those windows' time."""
        self._drop_expired()
        for entry in entries:
            for key in entry.windows:
                self._merge(key, [entry.conversation], epoch=entry.epoch)

    async def fill(self, *, key: WindowKey, conversations: Sequence[Conversation], epoch: int) -> None:
        """Merges what the archive returned into a window and marks it complete."""
        self._drop_expired()
        if (window := self._merge(key, conversations, epoch=epoch)) is not None:
            window.complete = True

    async def read(self, *, keys: Sequence[WindowKey]) -> list[RecentWindow]:
        """The windows in the order of the keys; conversations chronological, oldest first."""
        self._drop_expired()
        return [self._read(key) for key in keys]

    async def forget_user(self, *, tenant_id: str, user_id: str) -> int:
        """Removes every window of a user; how many conversations went."""
        held = await self.conversation_ids(tenant_id=tenant_id, user_id=user_id)
        for key in self._keys_of(tenant_id, user_id):
            del self._windows[key]
        return len(held)

    async def forget_conversations(self, *, tenant_id: str, user_id: str, conversation_ids: Sequence[str]) -> int:
        """Removes conversations from every window of the user; how many went."""
        gone: set[str] = set()
        for key in self._keys_of(tenant_id, user_id):
            window = self._windows[key]
            removed = [number for number in conversation_ids if window.conversations.pop(number, None) is not None]
            if removed:
                # The archive may hold older ones that now belong here.
                window.complete = False
                gone.update(removed)
                if not window.conversations:
                    del self._windows[key]
        return len(gone)

    async def conversation_ids(self, *, tenant_id: str, user_id: str) -> frozenset[str]:
        """The conversations in the user's windows."""
        self._drop_expired()
        return frozenset(
            conversation_id
            for key in self._keys_of(tenant_id, user_id)
            for conversation_id in self._windows[key].conversations
        )

    async def size_bytes(self) -> int:
        """Bytes of the texts as UTF-8, once for each window that holds them."""
        self._drop_expired()
        return sum(
            len(conversation.user_message.encode()) + len(conversation.bot_response.encode())
            for window in self._windows.values()
            for conversation in window.conversations.values()
        )

    def _merge(self, key: WindowKey, conversations: Iterable[Conversation], *, epoch: int) -> _Window | None:
        """The window with these conversations in it; ``None``: it is of a newer epoch and was left alone."""
        window = self._windows.get(key)
        if window is None or window.epoch < epoch:
            window = _Window(epoch=epoch)
        elif window.epoch > epoch:
            return None
        window.conversations.update({item.conversation_id: item for item in conversations})
        latest = sorted(window.conversations.values(), key=lambda item: item.order)[-self._size :]
        window.conversations = {item.conversation_id: item for item in latest}
        window.expires_at = self._clock.monotonic() + self._ttl_s
        self._windows.pop(key, None)
        self._windows[key] = window
        return window

    def _read(self, key: WindowKey) -> RecentWindow:
        window = self._windows.get(key)
        if window is None:
            return RecentWindow(key=key, conversations=(), complete=False, epoch=0)
        own = tuple(
            handed_out(
                item
                for item in window.conversations.values()
                if (item.tenant_id, item.user_id) == (key.tenant_id, key.user_id)
            )
        )
        complete = window.complete and len(own) == len(window.conversations)
        return RecentWindow(key=key, conversations=own, complete=complete, epoch=window.epoch)

    def _keys_of(self, tenant_id: str, user_id: str) -> list[WindowKey]:
        return [key for key in self._windows if (key.tenant_id, key.user_id) == (tenant_id, user_id)]

    def _drop_expired(self) -> None:
        now = self._clock.monotonic()
        while self._windows and (oldest := next(iter(self._windows.items())))[1].expires_at <= now:
            del self._windows[oldest[0]]
