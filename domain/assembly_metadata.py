"""How a context came about: what each tier did, how long it took, and how long it became."""

from __future__ import annotations

import enum

import attrs

from .derived import Intent
from .json_values import JsonObject


class TierStatus(enum.StrEnum):
    """What became of a question to a tier."""

    OK = "ok"
    STALE = "stale"
    """It answered, with less than it should hold."""
    SKIPPED = "skipped"
    """It was not asked."""
    TIMEOUT = "timeout"
    ERROR = "error"

    @property
    def severity(self) -> int:
        """The higher the worse."""
        return list(TierStatus).index(self)


@attrs.frozen(kw_only=True)
class TierReport:
    """One tier's part in a context.

    Attributes:
        time_ms: spent waiting for it.
        error: kind of the error, never a user's text; ``None`` where there was none.
    """

    tier: str
    status: TierStatus
    time_ms: float = 0.0
    error: str | None = None


@attrs.frozen(kw_only=True)
class AssemblyMetadata:
    """What is known of one assembled context.

    Attributes:
        retrieval_time_ms: from the call to the finished context.
        sources_used: tiers that contributed, in the order of the parts.
        cache_hit: whether the recent part came from the cache.
        context_chars: length of the context within the budget of the call.
        tiers: in the order of asking.
        migration: ``running`` while an older memory is being taken over: what is not here may come yet; ``failed``
            where that could not go on; else ``None``.
    """

    query: str
    user_id: str
    intent: Intent = Intent.GENERAL
    retrieval_time_ms: float = 0.0
    sources_used: tuple[str, ...] = ()
    tiers: tuple[TierReport, ...] = ()
    cache_hit: bool = False
    context_chars: int = 0
    max_chars: int = 0
    max_tokens: int | None = None
    migration: str | None = None

    @property
    def complete(self) -> bool:
        """Whether every tier that was asked answered in full, and holds all that it is to hold."""
        return self.migration is None and all(
            report.status in (TierStatus.OK, TierStatus.SKIPPED) for report in self.tiers
        )

    def to_json(self) -> JsonObject:
        """The metadata as plain data."""
        return {
            "query": self.query,
            "user_id": self.user_id,
            "intent": self.intent.value,
            "retrieval_time_ms": round(self.retrieval_time_ms, 3),
            "sources_used": list(self.sources_used),
            "tiers": {
                report.tier: {"status": report.status.value, "time_ms": round(report.time_ms, 3), "error": report.error}
                for report in self.tiers
            },
            "cache_hit": self.cache_hit,
            "context_chars": self.context_chars,
            "max_chars": self.max_chars,
            "max_tokens": self.max_tokens,
            "migration": self.migration,
        }
