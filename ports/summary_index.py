"""Tier 3: a summary of each conversation, found by meaning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import attrs
import numpy as np
import numpy.typing as npt

from ..domain.derived import Summary
from ..domain.place import Scope
from .derived_tier import DerivedTier


@attrs.frozen(kw_only=True, eq=False)
class SummaryRecord:
    """A summary and the vector of its conversation's full text, shape (dimensions,); ``None``: without an embedder."""

    summary: Summary
    vector: npt.NDArray[np.float32] | None


@attrs.frozen(kw_only=True)
class SemanticMatch:
    """A conversation whose text is alike in meaning.

    Attributes:
        similarity: cosine, -1 to 1, higher is closer.
    """

    conversation_id: str
    similarity: float


class SummaryIndex(DerivedTier, Protocol):
    """Summaries with one vector each. Vectors of another embedder's fingerprint are never compared nor returned."""

    async def add(self, *, records: Sequence[SummaryRecord]) -> None:
        """Upserts by conversation id. Idempotent. Visible to a search that starts after it returned."""
        ...

    async def search(self, *, scope: Scope, vector: npt.NDArray[np.float32], limit: int) -> list[SemanticMatch]:
        """The visible conversations with the highest cosine, best first; filtered by scope before the best are cut off.

        Equal ones are ordered by conversation id. Records without a vector are never found.
        """
        ...

    async def summaries(self, *, scope: Scope, conversation_ids: Sequence[str]) -> dict[str, Summary]:
        """The summaries of those conversations that are visible and held."""
        ...
