"""Forgetting: what was asked to go, and the receipt that it went."""

from __future__ import annotations

import datetime as dt

import attrs

from .json_values import JsonObject


@attrs.frozen(kw_only=True)
class TierErasure:
    """What forgetting did in one tier.

    Attributes:
        removed: records that were there and are gone.
        remaining: records found by reading again afterwards; 0 once it is done.
        error: why it could not be done yet, without a user's text; ``None``: it was done. It is tried again until it is.
        leaves: what its server keeps of its own accord where nobody reads, and what removes that; empty: nothing.
    """

    tier: str
    removed: int = 0
    remaining: int = 0
    error: str | None = None
    leaves: str = ""

    @property
    def done(self) -> bool:
        return self.error is None and self.remaining == 0


@attrs.frozen(kw_only=True)
class ErasureReceipt:
    """The proof of a forgetting: counts per tier, verified by reading again.

    Attributes:
        epoch: the user's epoch from which on nothing older is valid.
        bytes_purged: whether the stores overwrote their free space too, as far as it is theirs to do: what a server
            keeps beyond that stands in the tiers' ``leaves``.
    """

    tenant_id: str
    user_id: str
    conversation_ids: tuple[str, ...] | None
    """The conversations that were to be forgotten; ``None``: the user as a whole."""
    requested_at: dt.datetime
    completed_at: dt.datetime | None
    epoch: int
    tiers: tuple[TierErasure, ...]
    bytes_purged: bool

    @property
    def complete(self) -> bool:
        """Whether every tier was read again and found empty, and the stores have cleaned up behind it."""
        return self.bytes_purged and all(tier.done for tier in self.tiers)

    @property
    def removed(self) -> int:
        """Conversations that the archive held."""
        return next((tier.removed for tier in self.tiers if tier.tier == "archive"), 0)

    def to_json(self) -> JsonObject:
        """The receipt as plain data."""
        return {
            "tenant_id": self.tenant_id,
            "user_id": self.user_id,
            "conversation_ids": None if self.conversation_ids is None else list(self.conversation_ids),
            "requested_at": self.requested_at.isoformat(),
            "completed_at": None if self.completed_at is None else self.completed_at.isoformat(),
            "epoch": self.epoch,
            "complete": self.complete,
            "bytes_purged": self.bytes_purged,
            "tiers": [
                {
                    "tier": t.tier,
                    "removed": t.removed,
                    "remaining": t.remaining,
                    "error": t.error,
                    "leaves": t.leaves,
                }
                for t in self.tiers
            ],
        }
