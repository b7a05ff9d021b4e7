"""Rebuilding a tier from the archive while the memory goes on serving."""

from __future__ import annotations

from collections.abc import Callable

from ..domain.projection import Projection
from ..ports.conversation_archive import User
from .projecting import Projector
from .sweeping import project_missing
from .tiers import Tiers

USERS_PAGE = 200


class Rebuild:
    """Empties a tier user by user and lets the projector fill it again.

    One user at a time is without the tier, and for them the latest conversations are read from the archive directly.
    """

    def __init__(self, *, tiers: Tiers, projector: Projector) -> None:
        self._tiers = tiers
        self._projector = projector

    async def __call__(self, projection: Projection, *, on_progress: Callable[[int], None] | None = None) -> int:
        """Rebuilds one tier; how many conversations were handed to the projector.

        Returns when every user's conversations are waiting or projected; `Projector.settle` waits for the rest.
        """
        tier = self._tiers.derived[projection]
        total = 0
        after: User | None = None
        while users := await self._tiers.archive.users(after=after, limit=USERS_PAGE):
            for user in users:
                # Jobs first: should this process die before the end, they wait; and reads look at what waits.
                total += await self._enqueue(projection, user)
                await tier.forget_user(tenant_id=user.tenant_id, user_id=user.user_id)
                await project_missing(
                    tiers=self._tiers, projection=projection, tenant_id=user.tenant_id, user_id=user.user_id
                )
                self._projector.wake()
                if on_progress is not None:
                    on_progress(total)
            after = users[-1]
        return total

    async def _enqueue(self, projection: Projection, user: User) -> int:
        count = after = 0
        while page := await self._tiers.archive.page(
            tenant_id=user.tenant_id, user_id=user.user_id, after_sequence=after
        ):
            await self._tiers.outbox.enqueue(projection=projection, keys=[item.key for item in page])
            count += len(page)
            after = page[-1].sequence
        return count
