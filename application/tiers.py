"""The tiers and processors of one memory, as the use cases see them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from ..domain.projection import Projection
from ..ports.backend_server import BackendServer
from ..ports.clock import Clock
from ..ports.conversation_archive import ConversationArchive
from ..ports.derived_tier import DerivedTier
from ..ports.embedder import Embedder
from ..ports.id_factory import IdFactory
from ..ports.import_runs import ImportRuns
from ..ports.intent_classifier import IntentClassifier
from ..ports.lexical_index import LexicalIndex
from ..ports.off_loop import OffLoop
from ..ports.outbox import Outbox
from ..ports.recent_cache import RecentCache
from ..ports.relationship_graph import RelationshipGraph
from ..ports.summariser import Summariser
from ..ports.summary_index import SummaryIndex
from ..ports.text_analyser import TextAnalyser
from ..ports.token_counter import TokenCounter
from ..ports.topic_extractor import TopicExtractor


@attrs.frozen(kw_only=True)
class Tiers:
    """The stores. A derived one that is ``None`` is switched off.

    Attributes:
        import_runs: kept by the archive's store; ``None``: it keeps none.
        servers: of the tiers that live on a server, by the tier's name.
    """

    archive: ConversationArchive
    outbox: Outbox
    cache: RecentCache | None = None
    lexical: LexicalIndex | None = None
    summaries: SummaryIndex | None = None
    graph: RelationshipGraph | None = None
    import_runs: ImportRuns | None = None
    servers: Mapping[str, BackendServer] = attrs.field(factory=dict)

    @property
    def derived(self) -> dict[Projection, DerivedTier]:
        """The derived tiers that are on, in the order of `Projection`."""
        return dict(self._derived())

    def _derived(self) -> Iterator[tuple[Projection, DerivedTier]]:
        tiers: tuple[tuple[Projection, DerivedTier | None], ...] = (
            (Projection.CACHE, self.cache),
            (Projection.LEXICAL, self.lexical),
            (Projection.SUMMARIES, self.summaries),
            (Projection.GRAPH, self.graph),
        )
        for projection, tier in tiers:
            if tier is not None:
                yield projection, tier


@attrs.frozen(kw_only=True)
class Processors:
    """What derives and measures. Without an embedder the memory is lexical only."""

    analyser: TextAnalyser
    summariser: Summariser
    topics: TopicExtractor
    intents: IntentClassifier
    tokens: TokenCounter
    embedder: Embedder | None
    off_loop: OffLoop
    clock: Clock
    ids: IdFactory
