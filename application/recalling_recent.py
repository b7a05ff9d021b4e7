"""The recent part: from the cache's windows where they are complete and of the user's epoch, else from the archive."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence

import attrs

from ..domain.context_bundle import TierStatus
from ..domain.conversation import Conversation
from ..domain.place import Scope
from ..domain.projection import Projection
from ..domain.recent_window import RecentWindow, WindowKey, windows_for
from .asking import Asking
from .background_tasks import BackgroundTasks
from .caching import take_back_if_forgotten
from .pending import PendingConversations
from .tiers import Tiers

_CACHE_SHARE, _ARCHIVE_SHARE = 0.5, 0.9
_MAX_EPOCHS = 10_000


@attrs.frozen(kw_only=True)
class Recent:
    """The latest visible conversations.

    Attributes:
        conversations: chronological, oldest first.
        tier: where they came from, ``cache`` or ``archive``.
    """

    conversations: tuple[Conversation, ...]
    tier: str

    @property
    def cache_hit(self) -> bool:
        return self.tier == "cache"


class RecallRecent:
    """Reads what was said lately in a scope, and warms the cache where it was cold.

    Args:
        size: conversations of a window.
    """

    def __init__(self, *, tiers: Tiers, background: BackgroundTasks, size: int) -> None:
        self._tiers = tiers
        self._background = background
        self._size = size
        self._filling: set[WindowKey] = set()
        # The last epochs that this process saw: they decide while the archive cannot be asked.
        self._epochs: OrderedDict[tuple[str, str], int] = OrderedDict()

    async def __call__(self, *, scope: Scope, pending: PendingConversations, asking: Asking) -> Recent:
        """The latest visible conversations, those not yet cached included."""
        windows, epoch = await self._read(scope, asking)
        current = Projection.CACHE not in pending.behind and epoch is not None
        if windows and current and all(item.complete and item.epoch == epoch for item in windows):
            fresh = pending.lacking_in(Projection.CACHE)
            return Recent(
                conversations=self._latest([*(item for window in windows for item in window.conversations), *fresh]),
                tier="cache",
            )
        conversations: list[Conversation] = await asking.ask(
            "archive",
            lambda: self._tiers.archive.recent(scope=scope, limit=self._size),
            share=_ARCHIVE_SHARE,
            default=[],
        )
        if epoch is not None:
            cold = [item.key for item in windows if not item.complete or item.epoch != epoch]
            self._warm(scope, cold, epoch)
        return Recent(conversations=tuple(conversations), tier="archive")

    async def _read(self, scope: Scope, asking: Asking) -> tuple[list[RecentWindow], int | None]:
        cache = self._tiers.cache
        if cache is None:
            return [], None
        keys = windows_for(scope)

        async def windows() -> list[RecentWindow]:
            return await asking.ask("cache", lambda: cache.read(keys=keys), share=_CACHE_SHARE, default=[])

        async def epoch() -> int | None:
            return await asking.ask(
                "archive",
                lambda: self._tiers.archive.epoch(tenant_id=scope.tenant_id, user_id=scope.user_id),
                share=_CACHE_SHARE,
                default=None,
            )

        found, current = await asyncio.gather(windows(), epoch())
        user = (scope.tenant_id, scope.user_id)
        if current is None:
            current = self._epochs.get(user)
            if current is not None:
                asking.note("cache", TierStatus.STALE)
        else:
            self._epochs[user] = current
            self._epochs.move_to_end(user)
            if len(self._epochs) > _MAX_EPOCHS:
                self._epochs.popitem(last=False)
        return found, current

    def _latest(self, conversations: Iterable[Conversation]) -> tuple[Conversation, ...]:
        unique = {item.conversation_id: item for item in conversations}
        return tuple(sorted(unique.values(), key=lambda item: item.order)[-self._size :])

    def _warm(self, scope: Scope, keys: Sequence[WindowKey], epoch: int) -> None:
        for key in keys:
            if key not in self._filling and self._background.start("cache_fill", self._fill(scope, key, epoch)):
                self._filling.add(key)

    async def _fill(self, scope: Scope, key: WindowKey, epoch: int) -> None:
        cache = self._tiers.cache
        if cache is None:
            return
        try:
            latest = await self._tiers.archive.recent(scope=scope, limit=self._size, compartment=key.compartment)
            await cache.fill(key=key, conversations=latest, epoch=epoch)
            await take_back_if_forgotten(self._tiers, tenant_id=key.tenant_id, user_id=key.user_id, epoch=epoch)
        finally:
            self._filling.discard(key)
