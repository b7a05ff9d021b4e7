"""Removing from a tier what the archive does not hold any more, and nothing else."""

from __future__ import annotations

from ..domain.conversation import ConversationKey
from ..domain.projection import Projection
from .tiers import Tiers


async def sweep_user(*, tiers: Tiers, projection: Projection, tenant_id: str, user_id: str) -> int:
    """Removes what a tier holds of a user and the archive does not; how many records went.

    What the user says meanwhile may go with it: `project_missing` afterwards.
    """
    tier = tiers.derived[projection]
    held = await tier.conversation_ids(tenant_id=tenant_id, user_id=user_id)
    keys = [ConversationKey(tenant_id=tenant_id, user_id=user_id, conversation_id=item) for item in sorted(held)]
    stored = await tiers.archive.existing(keys=keys) if keys else frozenset[str]()
    if not stored:
        # Also what is no conversation, such as the user's own row.
        return await tier.forget_user(tenant_id=tenant_id, user_id=user_id)
    gone = sorted(held - stored)
    if not gone:
        return 0
    return await tier.forget_conversations(tenant_id=tenant_id, user_id=user_id, conversation_ids=gone)


async def project_missing(*, tiers: Tiers, projection: Projection, tenant_id: str, user_id: str) -> None:
    """Has everything projected once more that the archive holds of a user and a tier does not."""
    held = await tiers.derived[projection].conversation_ids(tenant_id=tenant_id, user_id=user_id)
    after = 0
    while page := await tiers.archive.page(tenant_id=tenant_id, user_id=user_id, after_sequence=after):
        after = page[-1].sequence
        missing = [item.key for item in page if item.conversation_id not in held]
        if missing:
            await tiers.outbox.enqueue(projection=projection, keys=missing)
