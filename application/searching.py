"""Search: the ranked conversations themselves, by the same retrieval that feeds the context."""

from __future__ import annotations

from ..domain.assembly_metadata import TierStatus
from ..domain.conversation import ScoredConversation
from ..domain.errors import BackendTimeout, BackendUnavailable
from ..domain.place import Scope
from ..domain.retrieval_metrics import RetrievalRecord
from .asking import Asking, DetachedCalls
from .pending import pending_conversations, wait_until_few_pending
from .retrieving import Retriever
from .seldom import Seldom
from .tiers import Processors, Tiers
from .usage import Usage

_WAIT_SHARE = 0.5


class Search:
    """Ranks the visible conversations for a question."""

    def __init__(
        self,
        *,
        tiers: Tiers,
        processors: Processors,
        retriever: Retriever,
        detached: DetachedCalls,
        failures: Seldom,
        usage: Usage,
    ) -> None:
        self._tiers = tiers
        self._processors = processors
        self._retriever = retriever
        self._detached = detached
        self._failures = failures
        self._usage = usage

    async def __call__(self, *, scope: Scope, query: str, limit: int, deadline_ms: float) -> list[ScoredConversation]:
        """Conversations, best first.

        What was stored just now is found too: where more of it waits to be projected than a read looks at directly,
        the search waits for it, up to half of its deadline.

        Raises:
            BackendUnavailable, BackendTimeout: the archive did not answer, so that an empty list would be a guess.
        """
        asking = Asking(deadline_s=deadline_ms / 1000, detached=self._detached, failures=self._failures)
        await wait_until_few_pending(tiers=self._tiers, scope=scope, asking=asking, share=_WAIT_SHARE)
        pending = await pending_conversations(tiers=self._tiers, scope=scope, asking=asking)
        retrieval = await self._retriever.retrieve(
            scope=scope, text=query, limit=limit, pending=pending, asking=asking, with_summaries=False
        )
        self._usage.retrieved(
            RetrievalRecord(
                tenant_id=scope.tenant_id,
                user_id=scope.user_id,
                occurred_at=self._processors.clock.now(),
                kind="search",
                retrieval_time_ms=asking.elapsed_ms,
                sources_used=retrieval.sources,
                context_chars=0,
                cache_hit=False,
            )
        )
        found = [
            ScoredConversation(conversation=candidate.conversation, score=candidate.score)
            for candidate in retrieval.candidates
        ]
        if not found:
            _raise_if_silent(asking)
        return found


def _raise_if_silent(asking: Asking) -> None:
    for report in asking.reports:
        if report.tier in ("archive", "lexical") and report.status is TierStatus.TIMEOUT:
            raise BackendTimeout(report.tier, "search", "no answer within the deadline; pass a larger deadline_ms")
        if report.tier in ("archive", "lexical") and report.status in (TierStatus.ERROR, TierStatus.SKIPPED):
            raise BackendUnavailable(report.tier, "search", f"it did not answer ({report.error}); see the log")
