"""How each derived tier is made from stored conversations. Everything here may be repeated, late or out of order."""

from __future__ import annotations

from collections.abc import Sequence

from ..domain.analysis import Analysis
from ..domain.conversation import Conversation
from ..domain.derived import Summary
from ..domain.indexing import heading_text, lexical_document, searched_text
from ..domain.lexical_document import LexicalDocument
from ..domain.projection import Projection
from ..domain.recent_window import CachedConversation, windows_of
from ..ports.lexical_index import LexicalIndex
from ..ports.relationship_graph import GraphRecord, RelationshipGraph
from ..ports.summary_index import SummaryIndex, SummaryRecord
from ..ports.text_analyser import TextAnalyser
from .caching import push_into_cache
from .projecting import Projecting
from .tiers import Processors, Tiers


class CacheProjection:
    """Brings conversations into the windows that the push after the store did not reach."""

    def __init__(self, *, tiers: Tiers, share_between_bots: bool) -> None:
        self._tiers = tiers
        self._share_between_bots = share_between_bots

    async def project(self, conversations: Sequence[Conversation]) -> None:
        users = {(item.tenant_id, item.user_id) for item in conversations}
        epochs = {
            (tenant_id, user_id): await self._tiers.archive.epoch(tenant_id=tenant_id, user_id=user_id)
            for tenant_id, user_id in sorted(users)
        }
        # Read after the epochs: what is stored now was not erased before them, and what is erased from now on raises
        # them. A window answers by itself, so that nothing erased may come into it under the present epoch.
        stored = await self._tiers.archive.existing(keys=[item.key for item in conversations])
        entries = [
            CachedConversation(
                conversation=item,
                windows=windows_of(item, share_between_bots=self._share_between_bots),
                epoch=epochs[item.tenant_id, item.user_id],
            )
            for item in conversations
            if item.conversation_id in stored
        ]
        await push_into_cache(self._tiers, entries)


def analysed_document(conversation: Conversation, analyser: TextAnalyser) -> LexicalDocument:
    """What the lexical index holds of a conversation."""
    analyses: list[Analysis] = [
        analyser.analyse(text=text)
        for text in (conversation.user_message, conversation.bot_response, heading_text(conversation))
    ]
    user, bot, heading = analyses
    return lexical_document(conversation, user=user, bot=bot, heading=heading)


class LexicalProjection:
    """Analyses texts and indexes their terms."""

    def __init__(self, *, index: LexicalIndex, processors: Processors) -> None:
        self._index = index
        self._processors = processors

    async def project(self, conversations: Sequence[Conversation]) -> None:
        await self._index.add(documents=await self._processors.off_loop.map(self._document, conversations))

    def _document(self, conversation: Conversation) -> LexicalDocument:
        return analysed_document(conversation, self._processors.analyser)


class SummaryProjection:
    """Summarises and embeds."""

    def __init__(self, *, index: SummaryIndex, processors: Processors) -> None:
        self._index = index
        self._processors = processors

    async def project(self, conversations: Sequence[Conversation]) -> None:
        texts = await self._processors.summariser.summarise(conversations=conversations)
        embedder = self._processors.embedder
        vectors = None
        if embedder is not None:
            vectors = await embedder.embed(texts=[searched_text(item) for item in conversations])
        records = [
            SummaryRecord(
                summary=Summary(
                    key=item.key,
                    text=text,
                    place=item.place,
                    bot_id=item.bot_id,
                    occurred_at=item.occurred_at,
                    intent=self._processors.intents.classify(text=item.user_message),
                ),
                vector=None if vectors is None else vectors[row],
            )
            for row, (item, text) in enumerate(zip(conversations, texts, strict=True))
        ]
        await self._index.add(records=records)


class GraphProjection:
    """Extracts topics, entities and relations."""

    def __init__(self, *, graph: RelationshipGraph, processors: Processors) -> None:
        self._graph = graph
        self._processors = processors

    async def project(self, conversations: Sequence[Conversation]) -> None:
        extractions = await self._processors.topics.extract(conversations=conversations)
        await self._graph.add(
            records=[
                GraphRecord(
                    key=item.key,
                    sequence=item.sequence,
                    place=item.place,
                    bot_id=item.bot_id,
                    session_id=item.session_id,
                    occurred_at=item.occurred_at,
                    extraction=extraction,
                )
                for item, extraction in zip(conversations, extractions, strict=True)
            ]
        )


def projections_of(tiers: Tiers, processors: Processors, *, share_between_bots: bool) -> dict[Projection, Projecting]:
    """One for each derived tier that is on."""
    projections: dict[Projection, Projecting] = {}
    if tiers.cache is not None:
        projections[Projection.CACHE] = CacheProjection(tiers=tiers, share_between_bots=share_between_bots)
    if tiers.lexical is not None:
        projections[Projection.LEXICAL] = LexicalProjection(index=tiers.lexical, processors=processors)
    if tiers.summaries is not None:
        projections[Projection.SUMMARIES] = SummaryProjection(index=tiers.summaries, processors=processors)
    if tiers.graph is not None:
        projections[Projection.GRAPH] = GraphProjection(graph=tiers.graph, processors=processors)
    return projections
