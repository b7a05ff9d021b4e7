"""What is measured of every retrieval."""

from __future__ import annotations

import datetime as dt

import attrs


@attrs.frozen(kw_only=True)
class RetrievalRecord:
    """One assembled context or search, as it is kept in the archive. It holds no text.

    Attributes:
        kind: ``context`` or ``search``.
        context_chars: length of what was handed over; 0 for a search.
    """

    tenant_id: str
    user_id: str
    occurred_at: dt.datetime
    kind: str
    retrieval_time_ms: float
    sources_used: tuple[str, ...]
    context_chars: int
    cache_hit: bool


@attrs.frozen(kw_only=True)
class RetrievalMetrics:
    """Retrievals over a period. Times in milliseconds; every figure is 0 where nothing was retrieved.

    Attributes:
        context_chars_mean, cache_hit_ratio: of the contexts among them; a search has neither.
        sources_used: how often each source contributed, most often first.
    """

    retrievals: int = 0
    retrieval_time_ms_p50: float = 0.0
    retrieval_time_ms_p95: float = 0.0
    context_chars_mean: float = 0.0
    cache_hit_ratio: float = 0.0
    sources_used: tuple[tuple[str, int], ...] = ()
