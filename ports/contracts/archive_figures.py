"""The contract of `ConversationArchive`: what it counts and measures."""

from __future__ import annotations

import datetime as dt

import attrs

from ...domain.retrieval_metrics import RetrievalMetrics, RetrievalRecord
from ..conversation_archive import ConversationArchive
from . import examples
from .stores import StoresContract, append


class ArchiveFiguresContract(StoresContract):
    """Totals, sizes, and the measurements of retrievals that it keeps."""

    async def test_totals_are_of_all_of_a_tenant_or_of_a_user(self, archive: ConversationArchive) -> None:
        await append(
            archive,
            examples.conversation(1),
            examples.conversation(2),
            examples.conversation(3, user_id="bo"),
            examples.conversation(4, tenant_id="acme"),
        )
        assert await archive.total_conversations() == 4
        assert await archive.total_conversations(tenant_id="default") == 3
        assert await archive.total_conversations(tenant_id="default", user_id="ana") == 2
        assert await archive.total_conversations(tenant_id="acme", user_id="bo") == 0

    async def test_text_is_counted_in_characters(self, archive: ConversationArchive) -> None:
        assert await archive.text_chars() == 0
        await append(archive, examples.conversation(user_message="\U0001f98a\u00e9", bot_response="abc"))
        assert await archive.text_chars() == 5

    async def test_its_size_is_told_in_bytes(self, archive: ConversationArchive) -> None:
        await append(archive, examples.conversation())
        assert await archive.size_bytes() > 0

    async def test_retrievals_are_measured_per_user_tenant_and_time(self, archive: ConversationArchive) -> None:
        await append(archive, examples.conversation(1), examples.conversation(2, tenant_id="acme"))
        await archive.record_retrievals(
            records=[
                retrieval(time_ms=10, sources=("cache", "lexical"), chars=100, cache_hit=True),
                retrieval(time_ms=30, sources=("lexical",), chars=300, minute=60),
                retrieval(time_ms=50, sources=("lexical", "graph"), chars=500, tenant_id="acme"),
            ]
        )
        mine = await archive.retrieval_metrics(tenant_id="default", user_id="ana")
        assert (mine.retrievals, mine.context_chars_mean, mine.cache_hit_ratio) == (2, 200, 0.5)
        assert 10 <= mine.retrieval_time_ms_p50 <= mine.retrieval_time_ms_p95 <= 30
        assert mine.sources_used == (("lexical", 2), ("cache", 1))
        assert (await archive.retrieval_metrics()).retrievals == 3
        assert (await archive.retrieval_metrics(tenant_id="acme")).retrieval_time_ms_p50 == 50
        since = examples.START + dt.timedelta(minutes=60)
        assert (await archive.retrieval_metrics(user_id="ana", tenant_id="default", since=since)).retrievals == 1

    async def test_searches_count_neither_for_the_size_of_contexts_nor_for_cache_hits(
        self, archive: ConversationArchive
    ) -> None:
        await append(archive, examples.conversation())
        search = attrs.evolve(retrieval(), kind="search")
        await archive.record_retrievals(records=[search])
        only_searches = await archive.retrieval_metrics()
        assert (only_searches.context_chars_mean, only_searches.cache_hit_ratio) == (0, 0)
        await archive.record_retrievals(records=[search, retrieval(chars=300, cache_hit=True)])
        figures = await archive.retrieval_metrics()
        assert (figures.retrievals, figures.context_chars_mean, figures.cache_hit_ratio) == (3, 300, 1)

    async def test_without_retrievals_every_figure_is_zero(self, archive: ConversationArchive) -> None:
        assert await archive.retrieval_metrics() == RetrievalMetrics()

    async def test_retrievals_of_unknown_users_are_dropped(self, archive: ConversationArchive) -> None:
        await append(archive, examples.conversation())
        await archive.record_retrievals(records=[retrieval(user_id="nobody"), retrieval(tenant_id="acme"), retrieval()])
        await archive.record_retrievals(records=[])
        assert (await archive.retrieval_metrics()).retrievals == 1


def retrieval(
    *,
    user_id: str = "ana",
    tenant_id: str = "default",
    minute: float = 0,
    time_ms: float = 5,
    sources: tuple[str, ...] = (),
    chars: int = 0,
    cache_hit: bool = False,
) -> RetrievalRecord:
    """A measurement."""
    return RetrievalRecord(
        tenant_id=tenant_id,
        user_id=user_id,
        occurred_at=examples.START + dt.timedelta(minutes=minute),
        kind="context",
        retrieval_time_ms=time_ms,
        sources_used=sources,
        context_chars=chars,
        cache_hit=cache_hit,
    )
