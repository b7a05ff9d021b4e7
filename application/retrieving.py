"""Retrieval: which visible conversations a question brings back, by its words, by its meaning, and not yet indexed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import attrs

from ..domain.context_material import Candidate, ScorePart
from ..domain.conversation import Conversation
from ..domain.dates import named_dates
from ..domain.derived import Summary
from ..domain.fusion import CANDIDATES, Decay, RankedCandidate, fused
from ..domain.indexing import lexical_query
from ..domain.lexical import LexicalMatch, LexicalQuery, LexicalResult, TermStatistics, match_unindexed
from ..domain.lexical_document import LexicalDocument
from ..domain.mending import mended_text, mended_word, suspect_words
from ..domain.place import Scope
from ..domain.projection import Projection
from ..ports.summary_index import SemanticMatch
from .asking import Asking
from .pending import PendingConversations
from .projections import analysed_document
from .tiers import Processors, Tiers

MAX_QUESTION_CHARS = 2000
"""Longer questions are cut: what is asked stands in the beginning, and a pasted page would only add noise."""
MAX_NEAR_WORDS = 4
"""Of so many words of a question a typing error is looked for; each costs a look-up of some hundred words."""

_STATISTICS_SHARE, _MENDING_SHARE, _SEARCH_SHARE, _FETCH_SHARE = 0.35, 0.45, 0.8, 0.95
"""Until which part of the deadline each round may take."""

_EMPTY_STATISTICS = TermStatistics(documents=0, document_frequency={}, word_frequency={})


@attrs.frozen(kw_only=True)
class AskedQuestion:
    """A question taken apart, its typing errors mended.

    Attributes:
        text: after mending.
        idf: inverse document frequency of each term; empty where the lexical index did not answer.
        weights: the same of each word that is no stop word.
    """

    text: str
    query: LexicalQuery
    idf: Mapping[str, float]
    weights: Mapping[str, float]


@attrs.frozen(kw_only=True)
class Retrieval:
    """What a question brought back.

    Attributes:
        candidates: visible conversations, best first.
        withheld: ids that a tier returned and the archive did not confirm for this scope.
        sources: what found something, in a fixed order.
    """

    question: AskedQuestion
    candidates: tuple[Candidate, ...]
    withheld: tuple[str, ...]
    sources: tuple[str, ...]


class Retriever:
    """Ranks the visible conversations for a question."""

    def __init__(self, *, tiers: Tiers, processors: Processors, decay: Decay) -> None:
        self._tiers = tiers
        self._processors = processors
        self._decay = decay
        # Ranking keeps the loop busy for a millisecond: of many questions at once not all in one go.
        self._ranking = asyncio.Lock()

    async def retrieve(
        self,
        *,
        scope: Scope,
        text: str,
        limit: int,
        pending: PendingConversations,
        asking: Asking,
        with_summaries: bool,
    ) -> Retrieval:
        """The best visible conversations for a question.

        Args:
            pending: read before this call, so that a conversation is either among them or in the tiers.
            with_summaries: whether to fetch what stands for a conversation in a small space.
        """
        question = await self._understand(scope, text[:MAX_QUESTION_CHARS], asking)
        (lexical, unindexed), semantic = await asyncio.gather(
            self._by_words(scope, question, pending, asking, depth=max(CANDIDATES, limit)),
            self._by_meaning(scope, question, asking, depth=max(CANDIDATES, limit)),
        )
        async with self._ranking:
            await asyncio.sleep(0)
            ranked = fused(
                _merged(lexical.matches, unindexed),
                similarities={match.conversation_id: match.similarity for match in semantic},
                dates=named_dates(question.text),
                decay=self._decay,
                now=self._processors.clock.now(),
                limit=limit,
            )
        ranking = [item for item in ranked if item.score > 0]
        ids = [item.conversation_id for item in ranking]
        held, summaries = await self._read_again(scope, ids, asking, with_summaries=with_summaries)
        confirmed = {item.conversation_id: item for item in held or () if item.visible_in(scope)}
        # An archive that did not answer has not refused anything.
        withheld = () if held is None else tuple(item for item in ids if item not in confirmed)
        found_by = {
            "lexical": {match.conversation_id for match in lexical.matches},
            "summaries": {match.conversation_id for match in semantic},
            "pending": {match.conversation_id for match in unindexed},
        }
        return Retrieval(
            question=question,
            candidates=tuple(
                Candidate(
                    conversation=confirmed[item.conversation_id],
                    score=item.score,
                    tiers=tuple(tier for tier, found in found_by.items() if item.conversation_id in found),
                    score_parts=_parts(item),
                    summary=summaries.get(item.conversation_id),
                )
                for item in ranking
                if item.conversation_id in confirmed
            ),
            withheld=withheld,
            sources=tuple(tier for tier, found in found_by.items() if found),
        )

    async def _understand(self, scope: Scope, text: str, asking: Asking) -> AskedQuestion:
        """Takes the question apart, mends its typing errors, and weighs its words by the user's archive."""
        analyser = self._processors.analyser
        analysis = analyser.analyse(text=text)
        statistics = await self._statistics(scope, analysis.terms, (), asking, share=_STATISTICS_SHARE)
        if statistics.documents:
            suspects = suspect_words(analysis, statistics=statistics, knows=self._knows)[:MAX_NEAR_WORDS]
            near = {word: analyser.words_near(word=word) for word in suspects}
            if any(near.values()):
                stored = await self._statistics(
                    scope, (), sorted(frozenset().union(*near.values())), asking, share=_MENDING_SHARE
                )
                replacements = {word: mended_word(word, candidates=_among(stored, near[word])) for word in suspects}
                mended = mended_text(text, replacements=replacements)
                if mended != text:
                    text, analysis = mended, analyser.analyse(text=mended)
                    statistics = await self._statistics(scope, analysis.terms, (), asking, share=_MENDING_SHARE)
        query = lexical_query(analysis)
        known = statistics.documents > 0
        return AskedQuestion(
            text=text,
            query=query,
            idf={term: statistics.idf(term) for term in query.terms} if known else {},
            weights={token.word: statistics.idf(token.term) for token in analysis.tokens if token.term is not None}
            if known
            else {},
        )

    async def _statistics(
        self, scope: Scope, terms: Sequence[str], words: Sequence[str], asking: Asking, *, share: float
    ) -> TermStatistics:
        index = self._tiers.lexical
        if index is None or not (terms or words):
            return _EMPTY_STATISTICS
        return await asking.ask(
            "lexical",
            lambda: index.statistics(
                tenant_id=scope.tenant_id, user_id=scope.user_id, terms=tuple(dict.fromkeys(terms)), words=words
            ),
            share=share,
            default=_EMPTY_STATISTICS,
        )

    def _knows(self, word: str) -> bool:
        embedder = self._processors.embedder
        return embedder is not None and embedder.knows(word=word)

    async def _by_words(
        self, scope: Scope, question: AskedQuestion, pending: PendingConversations, asking: Asking, *, depth: int
    ) -> tuple[LexicalResult, list[LexicalMatch]]:
        """What the index finds, and what it would find of the conversations that it lacks."""
        index = self._tiers.lexical
        if not question.query.terms:
            return LexicalResult(), []
        result = LexicalResult()
        if index is not None:
            result = await asking.ask(
                "lexical",
                lambda: index.search(scope=scope, query=question.query, limit=depth),
                share=_SEARCH_SHARE,
                default=result,
            )
        unindexed = pending.lacking_in(Projection.LEXICAL)
        if not unindexed:
            return result, []
        documents: list[LexicalDocument] = await asking.ask(
            "pending",
            lambda: self._processors.off_loop.map(self._document, unindexed),
            share=_SEARCH_SHARE,
            default=[],
        )
        return result, match_unindexed(documents, query=question.query, result=result)

    def _document(self, conversation: Conversation) -> LexicalDocument:
        return analysed_document(conversation, self._processors.analyser)

    async def _by_meaning(
        self, scope: Scope, question: AskedQuestion, asking: Asking, *, depth: int
    ) -> list[SemanticMatch]:
        index, embedder = self._tiers.summaries, self._processors.embedder
        if index is None or embedder is None:
            return []

        async def search() -> list[SemanticMatch]:
            vector = await embedder.embed_query(text=question.text, weights=question.weights)
            return await index.search(scope=scope, vector=vector, limit=depth) if vector.any() else []

        return await asking.ask("summaries", search, share=_SEARCH_SHARE, default=[])

    async def _read_again(
        self, scope: Scope, ids: Sequence[str], asking: Asking, *, with_summaries: bool
    ) -> tuple[list[Conversation] | None, dict[str, Summary]]:
        """The conversations as the archive has them for this scope, ``None`` where it did not answer, with summaries.

        Nothing leaves on an index's word alone.
        """
        if not ids:
            return [], {}

        async def held() -> list[Conversation] | None:
            return await asking.ask(
                "archive",
                lambda: self._tiers.archive.fetch(scope=scope, conversation_ids=ids),
                share=_FETCH_SHARE,
                default=None,
            )

        async def summed_up() -> dict[str, Summary]:
            summaries = self._tiers.summaries
            if summaries is None or not with_summaries:
                return {}
            return await asking.ask(
                "summaries",
                lambda: summaries.summaries(scope=scope, conversation_ids=ids),
                share=_FETCH_SHARE,
                default={},
            )

        return await asyncio.gather(held(), summed_up())


def _merged(indexed: Sequence[LexicalMatch], unindexed: Sequence[LexicalMatch]) -> list[LexicalMatch]:
    """Both on one scale, best first; what was indexed in the meantime counts once."""
    known = {match.conversation_id for match in indexed}
    matches = [*indexed, *(match for match in unindexed if match.conversation_id not in known)]
    return sorted(matches, key=lambda match: -match.score)


def _among(statistics: TermStatistics, words: frozenset[str]) -> dict[str, int]:
    return {word: count for word, count in statistics.word_frequency.items() if word in words}


def _parts(item: RankedCandidate) -> tuple[ScorePart, ...]:
    values = {
        "lexical": item.lexical,
        "semantic": item.semantic,
        "first_person": item.first_person,
        "share": item.share,
        "date": item.date,
    }
    parts = [ScorePart(name=name, value=value) for name, value in values.items() if value]
    if item.decay != 1:
        parts.append(ScorePart(name="decay", value=item.decay))
    return tuple(parts)
