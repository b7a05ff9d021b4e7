"""Percentiles of times over a whole run in constant memory."""

from __future__ import annotations

import math

import attrs

_BASE = 1.02
"""Neighbouring buckets differ by 2 %: the error of a percentile is at most half of that."""
_SMALLEST_MS = 0.001


@attrs.define
class LatencyHistogram:
    """Counts values above zero in logarithmic buckets (the scheme of DDSketch, Masson et al., 2019)."""

    count: int = 0
    total: float = 0.0
    _buckets: dict[int, int] = attrs.field(factory=dict, init=False)

    def record(self, value: float) -> None:
        """Adds a value; anything below 0.001 counts as that."""
        self.count += 1
        self.total += value
        bucket = math.ceil(math.log(max(value, _SMALLEST_MS), _BASE))
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0.0

    def percentile(self, share: float) -> float:
        """The value below which that share of the values lies, within 1 %; 0 where nothing was recorded."""
        needed = share * self.count
        seen = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= needed:
                return 2 * _BASE**bucket / (1 + _BASE)
        return 0.0
