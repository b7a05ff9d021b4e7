"""Bringing stored conversations into the recent cache at once, best effort; their outbox rows cover a failure."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from ..domain.conversation import Conversation
from ..domain.errors import TalktiersError
from ..domain.recent_window import CachedConversation, windows_of
from .background_tasks import BackgroundTasks
from .logs import get_logger
from .seldom import Seldom
from .tiers import Tiers

MAX_WAITING_PUSHES: Final = 1024
"""Stored conversations on their way into the cache; beyond that the projector brings them."""
GATHER_S: Final = 0.005
"""Stores that follow each other share one push, and the first does not hold up the second. Until then a reader finds
them as not yet projected."""

_log = get_logger("caching")


class CachePusher:
    """Brings stored conversations into the cache at once, many in one call, best effort."""

    def __init__(self, *, tiers: Tiers, background: BackgroundTasks, share_between_bots: bool) -> None:
        self._tiers = tiers
        self._background = background
        self._share_between_bots = share_between_bots
        self._waiting: deque[CachedConversation] = deque()
        self._running = False
        self._failures = Seldom()

    def push(self, conversation: Conversation, *, epoch: int) -> None:
        """Hands a stored conversation over; returns at once."""
        if len(self._waiting) >= MAX_WAITING_PUSHES:
            return
        windows = windows_of(conversation, share_between_bots=self._share_between_bots)
        self._waiting.append(CachedConversation(conversation=conversation, windows=windows, epoch=epoch))
        if not self._running:
            self._running = self._background.start("cache_push", self._drain())

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(GATHER_S)
                entries = [self._waiting.popleft() for _ in range(len(self._waiting))]
                try:
                    await push_into_cache(self._tiers, entries)
                except TalktiersError as error:
                    if (left_out := self._failures.left_out("cache")) is not None:
                        _log.info("cache_push_failed", error=type(error).__name__, left_out=left_out)
                    return  # their outbox rows bring them
        finally:
            self._running = False


async def push_into_cache(tiers: Tiers, entries: list[CachedConversation]) -> None:
    """Pushes entries, then takes back what belongs to a user who was forgotten meanwhile."""
    if tiers.cache is None:
        return
    await tiers.cache.push(entries=entries)
    oldest: dict[tuple[str, str], int] = {}
    for entry in entries:
        user = (entry.conversation.tenant_id, entry.conversation.user_id)
        oldest[user] = min(entry.epoch, oldest.get(user, entry.epoch))
    for (tenant_id, user_id), epoch in oldest.items():
        await take_back_if_forgotten(tiers, tenant_id=tenant_id, user_id=user_id, epoch=epoch)


async def take_back_if_forgotten(tiers: Tiers, *, tenant_id: str, user_id: str, epoch: int) -> None:
    """Empties a user's windows, bytes included, where something was forgotten since that epoch.

    What has just been written may be from before, and whoever forgot it may have looked already. No reader sees it,
    since the epoch voids it, but it is not to lie about either.
    """
    if tiers.cache is None or await tiers.archive.epoch(tenant_id=tenant_id, user_id=user_id) == epoch:
        return
    await tiers.cache.forget_user(tenant_id=tenant_id, user_id=user_id)
    await tiers.archive.purge()
