"""Forgetting: gone at once for every reader, then from every tier, then from the bytes; the receipt is read again."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Collection, Sequence

from ..domain.conversation import ConversationKey
from ..domain.erasure import ErasureReceipt, TierErasure
from ..domain.errors import TalktiersError
from ..domain.projection import Projection
from ..ports.clock import Clock
from ..ports.conversation_archive import ArchiveErasure
from ..ports.derived_tier import DerivedTier
from .logs import get_logger
from .projecting import Projector
from .sweeping import project_missing, sweep_user
from .tiers import Tiers

TIER_TIMEOUT_S = 30.0
"""A tier that takes longer is swept by the projector later, and the receipt says that it is not done."""

SWEEP_PAUSES_S = (0.02, 0.05, 0.1, 0.25, 0.5)
"""A projection that was under way may land just after a sweep: then it is swept again, after these pauses."""

_log = get_logger("forgetting")


class Forget:
    """Erases a user, or single conversations.

    The archive's commit decides: it hides everything at once, leaves tombstones and writes a job a tier. The tiers are
    then swept directly, so that the receipt can say how it ended; the jobs sweep them once more.
    """

    def __init__(self, *, tiers: Tiers, projector: Projector, clock: Clock) -> None:
        self._tiers = tiers
        self._derived = tiers.derived
        self._projector = projector
        self._clock = clock

    async def user(self, *, tenant_id: str, user_id: str) -> ErasureReceipt:
        """Erases everything of a user. Repeating it is harmless and completes what was left over."""
        requested_at = self._clock.now()
        erasure = await self._tiers.archive.forget_user(
            tenant_id=tenant_id, user_id=user_id, projections=tuple(self._derived)
        )
        return await self._complete(
            erasure, tenant_id=tenant_id, user_id=user_id, conversation_ids=None, requested_at=requested_at
        )

    async def conversations(
        self, *, tenant_id: str, user_id: str, conversation_ids: Sequence[str], final: bool = True
    ) -> ErasureReceipt:
        """Erases these conversations of a user; ids that are not theirs are left alone.

        Args:
            final: ``False``: the same ones may be stored again.
        """
        requested_at = self._clock.now()
        ids = tuple(dict.fromkeys(conversation_ids))
        erasure = await self._tiers.archive.forget_conversations(
            tenant_id=tenant_id,
            user_id=user_id,
            conversation_ids=ids,
            projections=tuple(self._derived),
            final=final,
        )
        return await self._complete(
            erasure, tenant_id=tenant_id, user_id=user_id, conversation_ids=ids, requested_at=requested_at
        )

    async def _complete(
        self,
        erasure: ArchiveErasure,
        *,
        tenant_id: str,
        user_id: str,
        conversation_ids: tuple[str, ...] | None,
        requested_at: dt.datetime,
    ) -> ErasureReceipt:
        derived = await asyncio.gather(
            *(
                self._sweep(projection, tier, tenant_id=tenant_id, user_id=user_id, conversation_ids=conversation_ids)
                for projection, tier in self._derived.items()
            )
        )
        left = await self._existing(erasure.conversation_ids, tenant_id=tenant_id, user_id=user_id)
        archive = TierErasure(
            tier="archive",
            removed=len(erasure.conversation_ids),
            remaining=len(left),
            leaves=self._tiers.archive.leaves,
        )
        purged = await self._purged()
        self._projector.wake()
        tiers = (archive, *derived)
        complete = purged and all(tier.done for tier in tiers)
        _log.info(
            "forgotten",
            tenant_id=tenant_id,
            user_id=user_id,
            removed=archive.removed,
            complete=complete,
        )
        return ErasureReceipt(
            tenant_id=tenant_id,
            user_id=user_id,
            conversation_ids=conversation_ids,
            requested_at=requested_at,
            completed_at=self._clock.now() if complete else None,
            epoch=erasure.epoch,
            tiers=tiers,
            bytes_purged=purged,
        )

    async def _sweep(
        self,
        projection: Projection,
        tier: DerivedTier,
        *,
        tenant_id: str,
        user_id: str,
        conversation_ids: Sequence[str] | None,
    ) -> TierErasure:
        removed, held = 0, frozenset[str]()
        try:
            async with asyncio.timeout(TIER_TIMEOUT_S):
                for pause_s in SWEEP_PAUSES_S:
                    if conversation_ids is None:
                        removed += await sweep_user(
                            tiers=self._tiers, projection=projection, tenant_id=tenant_id, user_id=user_id
                        )
                        held = await tier.conversation_ids(tenant_id=tenant_id, user_id=user_id)
                        # What the user said since the forgetting began is not left over from before.
                        held -= await self._existing(held, tenant_id=tenant_id, user_id=user_id)
                    else:
                        removed += await tier.forget_conversations(
                            tenant_id=tenant_id, user_id=user_id, conversation_ids=conversation_ids
                        )
                        held = await tier.conversation_ids(tenant_id=tenant_id, user_id=user_id)
                        held &= frozenset(conversation_ids)
                    if not held:
                        break
                    await asyncio.sleep(pause_s)
                if conversation_ids is None:
                    await project_missing(
                        tiers=self._tiers, projection=projection, tenant_id=tenant_id, user_id=user_id
                    )
        except Exception as error:  # noqa: BLE001
            # A tier behind a port may raise anything: the others are swept all the same, and its job tries it again.
            _log.warning("tier_not_swept", projection=projection, error=type(error).__name__)
            return TierErasure(tier=projection.value, removed=removed, error=type(error).__name__, leaves=tier.leaves)
        return TierErasure(tier=projection.value, removed=removed, remaining=len(held), leaves=tier.leaves)

    async def _purged(self) -> bool:
        """Whether nothing is left in the files; where that fails, its jobs try again, and the receipt says so."""
        try:
            return await self._tiers.archive.purge()
        except TalktiersError as error:
            _log.warning("bytes_not_purged", error=type(error).__name__)
            return False

    async def _existing(self, ids: Collection[str], *, tenant_id: str, user_id: str) -> frozenset[str]:
        if not ids:
            return frozenset()
        keys = [ConversationKey(tenant_id=tenant_id, user_id=user_id, conversation_id=item) for item in ids]
        return await self._tiers.archive.existing(keys=keys)
