"""Assembling a context: all sources at once under one deadline, checked against the scope, fitted to the prompt."""

from __future__ import annotations

import asyncio

from ..domain.context_budget import ContextBudget, ContextShares
from ..domain.context_bundle import AssemblyMetadata, ContextBundle
from ..domain.context_material import ContextMaterial, Question
from ..domain.conversation import Conversation
from ..domain.derived import RelatedTopic
from ..domain.place import Scope
from ..domain.retrieval_metrics import RetrievalRecord
from ..domain.topic_folding import folded
from .asking import Asking, DetachedCalls
from .pending import PendingConversations, pending_conversations
from .recalling_recent import RecallRecent
from .retrieving import MAX_QUESTION_CHARS, Retrieval, Retriever
from .seldom import Seldom
from .tiers import Processors, Tiers
from .topics import FOLDING, confirmed, conversations_behind
from .usage import Usage

_GRAPH_SHARE, _OLDER_SHARE = 0.8, 0.95
_MAX_TOPICS = 10
_WITNESSES = 2
"""Of each topic the archive is asked for so many conversations: one that is still there is enough, and they are the newest."""
_FOLLOWED = 3
"""The best so many conversations are asked what came next."""
_MAX_OLDER = 10
_CHARS_PER_CANDIDATE = 150
_MIN_CANDIDATES, _MAX_CANDIDATES = 20, 400


class AssembleContext:
    """Brings together what was said lately, what the question brings back, and what belongs to it."""

    def __init__(
        self,
        *,
        tiers: Tiers,
        processors: Processors,
        retriever: Retriever,
        recall_recent: RecallRecent,
        shares: ContextShares,
        detached: DetachedCalls,
        failures: Seldom,
        usage: Usage,
    ) -> None:
        self._tiers = tiers
        self._processors = processors
        self._retriever = retriever
        self._recall_recent = recall_recent
        self._shares = shares
        self._detached = detached
        self._failures = failures
        self._usage = usage
        # Packing keeps the loop busy for some milliseconds: between two contexts everything else has its turn, which
        # takes a lock that is held over a pause.
        self._packing = asyncio.Lock()

    async def __call__(self, *, scope: Scope, query: str, budget: ContextBudget, deadline_ms: float) -> ContextBundle:
        """The context for a question, within its deadline, with a report of every tier.

        It is returned whatever the tiers do; what did not answer in time is missing and named.
        """
        asking = Asking(deadline_s=deadline_ms / 1000, detached=self._detached, failures=self._failures)
        pending = await pending_conversations(tiers=self._tiers, scope=scope, asking=asking)
        recent, (retrieval, older), (related, interests) = await asyncio.gather(
            self._recall_recent(scope=scope, pending=pending, asking=asking),
            self._relevant(scope, query, budget, pending, asking),
            self._topics(scope, query, asking),
        )
        material = ContextMaterial(
            question=Question(
                text=query[:MAX_QUESTION_CHARS],
                idf=retrieval.question.idf,
                analyse=lambda text: self._processors.analyser.analyse(text=text),
            ),
            recent=recent.conversations,
            candidates=retrieval.candidates,
            related_topics=tuple(related),
            interests=tuple(interests),
            older=tuple(older),
            withheld=retrieval.withheld,
            recent_tier=recent.tier,
        )
        sources = [recent.tier] if recent.conversations else []
        sources += retrieval.sources
        if related or interests or older:
            sources.append("graph")
        async with self._packing:
            await asyncio.sleep(0)
            bundle = ContextBundle.assemble(
                material=material,
                metadata=AssemblyMetadata(
                    query=query,
                    user_id=scope.user_id,
                    intent=self._processors.intents.classify(text=query[:MAX_QUESTION_CHARS]),
                    sources_used=tuple(dict.fromkeys(sources)),
                    tiers=asking.reports,
                    cache_hit=recent.cache_hit,
                    retrieval_time_ms=asking.elapsed_ms,
                ),
                budget=budget,
                shares=self._shares,
            ).timed(asking.elapsed_ms)
        self._usage.retrieved(
            RetrievalRecord(
                tenant_id=scope.tenant_id,
                user_id=scope.user_id,
                occurred_at=self._processors.clock.now(),
                kind="context",
                retrieval_time_ms=bundle.assembly_metadata.retrieval_time_ms,
                sources_used=bundle.assembly_metadata.sources_used,
                context_chars=bundle.assembly_metadata.context_chars,
                cache_hit=recent.cache_hit,
            )
        )
        return bundle

    async def _relevant(
        self, scope: Scope, query: str, budget: ContextBudget, pending: PendingConversations, asking: Asking
    ) -> tuple[Retrieval, list[Conversation]]:
        limit = min(_MAX_CANDIDATES, max(_MIN_CANDIDATES, budget.max_chars // _CHARS_PER_CANDIDATE))
        retrieval = await self._retriever.retrieve(
            scope=scope, text=query, limit=limit, pending=pending, asking=asking, with_summaries=True
        )
        return retrieval, await self._followed(scope, retrieval, asking)

    async def _followed(self, scope: Scope, retrieval: Retrieval, asking: Asking) -> list[Conversation]:
        """What came next after the best conversations, unless it was brought back itself."""
        graph = self._tiers.graph
        if graph is None or not retrieval.candidates:
            return []
        best = [item.conversation_id for item in retrieval.candidates[:_FOLLOWED]]

        async def followed() -> list[str]:
            found: list[list[str]] = await asyncio.gather(
                *(graph.followed_by(scope=scope, conversation_id=item, limit=2) for item in best)
            )
            return [item for ids in found for item in ids]

        known = {item.conversation_id for item in retrieval.candidates}
        ids: list[str] = await asking.ask("graph", followed, share=_OLDER_SHARE, default=[])
        new = [item for item in dict.fromkeys(ids) if item not in known][:_MAX_OLDER]
        if not new:
            return []
        found: list[Conversation] = await asking.ask(
            "archive",
            lambda: self._tiers.archive.fetch(scope=scope, conversation_ids=new),
            share=_OLDER_SHARE,
            default=[],
        )
        by_id = {item.conversation_id: item for item in found}
        return [by_id[item] for item in new if item in by_id]

    async def _topics(self, scope: Scope, query: str, asking: Asking) -> tuple[list[RelatedTopic], list[RelatedTopic]]:
        graph = self._tiers.graph
        if graph is None:
            return [], []
        labels = self._processors.topics.topics_of_query(text=query[:MAX_QUESTION_CHARS])

        async def related() -> list[RelatedTopic]:
            if not labels:
                return []
            return await asking.ask(
                "graph",
                lambda: graph.related_topics(scope=scope, labels=labels, limit=FOLDING * _MAX_TOPICS),
                share=_GRAPH_SHARE,
                default=[],
            )

        async def interests() -> list[RelatedTopic]:
            return await asking.ask(
                "graph",
                lambda: graph.interests(scope=scope, limit=FOLDING * _MAX_TOPICS),
                share=_GRAPH_SHARE,
                default=[],
            )

        belonging, liked = [folded(found)[:_MAX_TOPICS] for found in await asyncio.gather(related(), interests())]
        ids = conversations_behind((*belonging, *liked), each=_WITNESSES)
        if not ids:
            return [], []
        visible: frozenset[str] = await asking.ask(
            "archive",
            lambda: self._tiers.archive.visible(scope=scope, conversation_ids=ids),
            share=_OLDER_SHARE,
            default=frozenset(),
        )
        return confirmed(belonging, visible=visible), confirmed(liked, visible=visible)
