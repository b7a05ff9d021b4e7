"""What a running memory measures of itself."""

from __future__ import annotations

import collections

import attrs

from ..domain.latency import LatencyHistogram
from ..domain.retrieval_metrics import RetrievalRecord

MAX_UNSAVED = 1000
"""Measurements waiting to be kept in the archive; while they cannot be, the oldest are dropped."""


@attrs.define
class Usage:
    """Counts and times since the start of this process, and the records that are not kept in the archive yet."""

    store_ms: LatencyHistogram = attrs.field(factory=LatencyHistogram)
    context_ms: LatencyHistogram = attrs.field(factory=LatencyHistogram)
    search_ms: LatencyHistogram = attrs.field(factory=LatencyHistogram)
    context_chars: LatencyHistogram = attrs.field(factory=LatencyHistogram)
    sources_used: collections.Counter[str] = attrs.field(factory=collections.Counter)
    cache_hits: int = 0
    unsaved: collections.deque[RetrievalRecord] = attrs.field(factory=lambda: collections.deque(maxlen=MAX_UNSAVED))

    def stored(self, *, time_ms: float) -> None:
        self.store_ms.record(time_ms)

    def retrieved(self, record: RetrievalRecord) -> None:
        """Counts a context or search."""
        if record.kind == "context":
            self.context_ms.record(record.retrieval_time_ms)
            self.context_chars.record(record.context_chars)
            self.cache_hits += record.cache_hit
        else:
            self.search_ms.record(record.retrieval_time_ms)
        self.sources_used.update(record.sources_used)
        self.unsaved.append(record)

    @property
    def cache_hit_ratio(self) -> float:
        """Contexts whose recent part came from the cache, 0 to 1; 0 before the first."""
        return self.cache_hits / self.context_ms.count if self.context_ms.count else 0.0

    def take_unsaved(self) -> list[RetrievalRecord]:
        """The records that were not kept yet; they count as taken."""
        taken = list(self.unsaved)
        self.unsaved.clear()
        return taken
