"""Tier 3 over a dictionary of summaries and numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from ...domain.derived import Summary
from ...domain.place import Scope
from ...domain.projection import Projection
from ...ports.conversation_archive import User
from ...ports.summary_index import SemanticMatch, SummaryIndex, SummaryRecord


class InMemorySummaryIndex(SummaryIndex):
    """Summaries and vectors of this process, and with it of one embedder."""

    name = Projection.SUMMARIES.value

    def __init__(self) -> None:
        self._records: dict[User, dict[str, SummaryRecord]] = {}

    async def add(self, *, records: Sequence[SummaryRecord]) -> None:
        """Upserts by conversation id."""
        for record in records:
            key = record.summary.key
            user = User(tenant_id=key.tenant_id, user_id=key.user_id)
            # A copy: the caller may go on using the array.
            vector = None if record.vector is None else record.vector.copy()
            self._records.setdefault(user, {})[key.conversation_id] = attrs.evolve(record, vector=vector)

    async def search(self, *, scope: Scope, vector: npt.NDArray[np.float32], limit: int) -> list[SemanticMatch]:
        """The visible conversations with the highest cosine, best first, equal ones by conversation id."""
        matches = [
            SemanticMatch(conversation_id=conversation_id, similarity=_cosine(record.vector, vector))
            for conversation_id, record in self._visible(scope).items()
            if record.vector is not None
        ]
        return sorted(matches, key=lambda match: (-match.similarity, match.conversation_id))[:limit]

    async def summaries(self, *, scope: Scope, conversation_ids: Sequence[str]) -> dict[str, Summary]:
        """The summaries of those conversations that are visible and held."""
        visible = self._visible(scope)
        return {number: visible[number].summary for number in conversation_ids if number in visible}

    async def forget_user(self, *, tenant_id: str, user_id: str) -> int:
        """Removes everything of a user; how many summaries went."""
        return len(self._records.pop(User(tenant_id=tenant_id, user_id=user_id), {}))

    async def forget_conversations(self, *, tenant_id: str, user_id: str, conversation_ids: Sequence[str]) -> int:
        """Removes these summaries of that user; how many went."""
        records = self._records.get(User(tenant_id=tenant_id, user_id=user_id), {})
        return sum(records.pop(conversation_id, None) is not None for conversation_id in conversation_ids)

    async def conversation_ids(self, *, tenant_id: str, user_id: str) -> frozenset[str]:
        """The conversations of a user that have a summary here."""
        return frozenset(self._records.get(User(tenant_id=tenant_id, user_id=user_id), {}))

    async def size_bytes(self) -> int:
        """Bytes of summaries and vectors."""
        return sum(
            len(record.summary.text.encode()) + (0 if record.vector is None else record.vector.nbytes)
            for records in self._records.values()
            for record in records.values()
        )

    def _visible(self, scope: Scope) -> Mapping[str, SummaryRecord]:
        records = self._records.get(User(tenant_id=scope.tenant_id, user_id=scope.user_id), {})
        return {
            conversation_id: record
            for conversation_id, record in records.items()
            if scope.visibility.allows(bot_id=record.summary.bot_id, compartment=record.summary.place.compartment)
        }


def _cosine(left: npt.NDArray[np.float32], right: npt.NDArray[np.float32]) -> float:
    """-1 to 1; 0 where one of them is all zeros."""
    norms = float(np.linalg.norm(left)) * float(np.linalg.norm(right))
    return float(np.dot(left, right)) / norms if norms else 0.0
