"""What a move has done so far."""

from __future__ import annotations

import enum

import attrs

from ..domain.json_values import JsonObject


class MovePhase(enum.StrEnum):
    """What a move is doing."""

    COPYING = "copying"
    FOLLOWING = "following"
    CUTTING_OVER = "cutting over"
    MOVED = "moved"


@attrs.define(kw_only=True)
class MoveReport:
    """What a move has done so far. Whatever it counts as being in the new archive was read there again.

    Attributes:
        users: whom the old archive knows, those who were forgotten included.
        conversations: that the old archive holds.
        copied: that this run stored in the new archive; in a dry run, those that it would.
        already_there: that the new archive held with the same content.
        removed: that the new archive held and the old one had forgotten since.
        tombstones: of erased conversations, taken over by the new archive.
        rounds: how often everything was looked at for what is new.
        refused_s: for how long stores were refused.
        duration_s: without the waiting for the new memory's tiers.
        complete: whether the old archive refers to the new one.
    """

    destination: str
    dry_run: bool = False
    phase: MovePhase = MovePhase.COPYING
    users: int = 0
    conversations: int = 0
    copied: int = 0
    already_there: int = 0
    removed: int = 0
    tombstones: int = 0
    rounds: int = 0
    refused_s: float = 0.0
    duration_s: float = 0.0
    complete: bool = False

    @property
    def compared(self) -> int:
        """Conversations that were looked at on both sides."""
        return self.copied + self.already_there

    @property
    def progress(self) -> float:
        """Part of the conversations that was compared, 0 to 1."""
        return min(1.0, self.compared / self.conversations) if self.conversations else 1.0

    @property
    def rate_per_s(self) -> float:
        """Conversations compared a second; 0 before the first."""
        return self.compared / self.duration_s if self.duration_s else 0.0

    @property
    def remaining_s(self) -> float | None:
        """How long the rest takes at this rate; ``None``: not known yet."""
        return max(0, self.conversations - self.compared) / self.rate_per_s if self.rate_per_s else None

    def to_json(self) -> JsonObject:
        """The report as plain data."""
        return {
            "destination": self.destination,
            "dry_run": self.dry_run,
            "complete": self.complete,
            "users": self.users,
            "conversations": self.conversations,
            "copied": self.copied,
            "already_there": self.already_there,
            "removed": self.removed,
            "tombstones": self.tombstones,
            "rounds": self.rounds,
            "refused_s": round(self.refused_s, 3),
            "duration_s": round(self.duration_s, 3),
            "rate_per_s": round(self.rate_per_s, 1),
        }
