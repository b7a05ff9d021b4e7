"""The contract of `ConversationArchive`: storing and reading. Erasing stands in `archive_erasure`."""

from __future__ import annotations

import asyncio
import datetime as dt

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ...domain.conversation import Conversation
from ...domain.errors import IdempotencyConflict, UnknownConversation
from ...domain.place import Place, Scope
from ...domain.projection import JobKind, Projection
from ...domain.retrieval_metrics import RetrievalMetrics, RetrievalRecord
from ...domain.sessions import split_into_sessions
from ..conversation_archive import ConversationArchive, User
from . import examples
from .archive_erasure import ArchiveErasureContract
from .stores import ALL, TASKS, Stores, append, claim, claimed_kinds
from .strategies import ANY_ADAPTER, histories, scopes

ANA = examples.scope()


class ConversationArchiveContract(ArchiveErasureContract):
    """What an archive promises. The outbox that it writes is looked at too."""

    async def test_an_appended_conversation_is_there_when_the_call_returns(self, archive: ConversationArchive) -> None:
        (appended,) = await append(archive, examples.conversation())
        assert appended.created
        assert appended.epoch == 0
        assert appended.conversation.sequence > 0
        assert await archive.recent(scope=ANA, limit=5) == [appended.conversation]
        assert await archive.history(scope=ANA, limit=5) == [appended.conversation]
        assert await archive.load(keys=[appended.conversation.key]) == [appended.conversation]
        assert await archive.total_conversations() == 1

    async def test_a_conversation_comes_back_with_every_field(self, archive: ConversationArchive) -> None:
        given_item = examples.full_conversation()
        (appended,) = await append(archive, given_item)
        (back,) = await archive.load(keys=[given_item.key])
        assert back == appended.conversation == attrs.evolve(given_item, sequence=appended.conversation.sequence)
        assert back.content_hash() == given_item.content_hash()

    async def test_no_text_breaks_the_archive(self, archive: ConversationArchive) -> None:
        history = [
            examples.conversation(number, user_message=text, bot_response=text[::-1])
            for number, text in enumerate(examples.HOSTILE_TEXTS)
        ]
        await append(archive, *history)
        stored = await archive.page(tenant_id="default", user_id="ana")
        assert [(item.user_message, item.bot_response) for item in stored] == [
            (item.user_message, item.bot_response) for item in history
        ]
        assert await archive.text_chars() == sum(item.text_chars for item in history)

    async def test_a_megabyte_of_text_fits(self, archive: ConversationArchive) -> None:
        await append(archive, examples.conversation(user_message=examples.MEGABYTE_TEXT))
        (back,) = await archive.recent(scope=ANA, limit=1)
        assert back.user_message == examples.MEGABYTE_TEXT

    async def test_appending_writes_one_job_a_projection(self, stores: Stores) -> None:
        wanted = [Projection.CACHE, Projection.GRAPH]
        (appended,) = await append(stores.archive, examples.conversation(), projections=wanted)
        for projection in ALL:
            jobs = await claim(stores.outbox, projection)
            assert [(job.kind, job.conversation_id, job.user_id, job.tenant_id, job.epoch) for job in jobs] == (
                [(JobKind.PROJECT, appended.conversation.conversation_id, "ana", "default", 0)]
                if projection in wanted
                else []
            )

    async def test_appending_the_same_again_changes_nothing(self, stores: Stores) -> None:
        (first,) = await append(stores.archive, examples.conversation(), projections=ALL)
        (again,) = await append(stores.archive, examples.conversation(), projections=ALL)
        assert not again.created
        assert again.conversation == first.conversation
        assert await stores.archive.total_conversations() == 1
        assert len(await claim(stores.outbox)) == 1

    @pytest.mark.parametrize(
        "other",
        [
            {"user_message": "something else"},
            {"bot_response": "something else"},
            {"user_id": "bo"},
            {"bot_id": "robin"},
            {"place": examples.SQUARE},
            {"minute": 2},
            {"session_id": "evening"},
        ],
        ids=lambda change: next(iter(change)),
    )
    async def test_the_same_id_with_other_content_is_refused_and_the_first_stands(
        self, stores: Stores, other: dict[str, str]
    ) -> None:
        (first,) = await append(stores.archive, examples.conversation(), projections=ALL)
        with pytest.raises(IdempotencyConflict):
            await append(stores.archive, examples.conversation(**other), projections=ALL)  # type: ignore[arg-type]
        assert await stores.archive.recent(scope=ANA, limit=5) == [first.conversation]
        assert await stores.archive.total_conversations() == 1
        assert len(await claim(stores.outbox)) == 1

    async def test_a_retry_without_a_time_of_its_own_is_the_same(self, archive: ConversationArchive) -> None:
        first = await archive.append(conversation=examples.conversation(minute=1), projections=(), time_given=False)
        again = await archive.append(conversation=examples.conversation(minute=7), projections=(), time_given=False)
        assert not again.created
        assert again.conversation == first.conversation

    async def test_appending_the_same_many_times_at_once_stores_it_once(self, stores: Stores) -> None:
        results = await asyncio.gather(
            *(append(stores.archive, examples.conversation(), projections=ALL) for _ in range(TASKS))
        )
        assert sorted(appended.created for (appended,) in results) == [False] * (TASKS - 1) + [True]
        assert len({appended.conversation.sequence for (appended,) in results}) == 1
        assert len(await claim(stores.outbox)) == 1

    async def test_of_different_contents_under_one_id_at_once_exactly_one_is_stored(
        self, archive: ConversationArchive
    ) -> None:
        results = await asyncio.gather(
            *(append(archive, examples.conversation(user_message=f"text {number}")) for number in range(TASKS)),
            return_exceptions=True,
        )
        refused = [result for result in results if isinstance(result, BaseException)]
        assert len(refused) == TASKS - 1
        assert all(isinstance(error, IdempotencyConflict) for error in refused)

    async def test_what_is_appended_at_once_is_all_there_with_a_sequence_each(
        self, archive: ConversationArchive
    ) -> None:
        history = [examples.conversation(number, user_id=f"user-{number % 3}") for number in range(TASKS)]
        results = await asyncio.gather(*(append(archive, item) for item in history))
        assert len({appended.conversation.sequence for (appended,) in results}) == TASKS
        loaded = await archive.load(keys=[item.key for item in history])
        assert set(examples.ids(loaded)) == set(examples.ids(history))

    async def test_a_cancelled_append_has_happened_with_its_jobs_or_not_at_all(self, stores: Stores) -> None:
        task = asyncio.create_task(append(stores.archive, examples.conversation(), projections=ALL))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        (appended,) = await append(stores.archive, examples.conversation(), projections=ALL)
        assert await stores.archive.recent(scope=ANA, limit=5) == [appended.conversation]
        for projection in ALL:
            assert await claimed_kinds(stores.outbox, projection) == [(JobKind.PROJECT, examples.conversation_id(1))]

    async def test_equal_times_keep_the_order_of_storing(self, archive: ConversationArchive) -> None:
        await append(archive, *(examples.conversation(number, minute=0) for number in (5, 3, 9, 1)))
        expected = [examples.conversation_id(number) for number in (5, 3, 9, 1)]
        assert examples.ids(await archive.recent(scope=ANA, limit=9)) == expected
        assert examples.ids(await archive.history(scope=ANA, limit=9)) == expected[::-1]
        assert examples.ids(await archive.page(tenant_id="default", user_id="ana")) == expected

    async def test_times_are_compared_as_moments_whatever_their_zone(self, archive: ConversationArchive) -> None:
        east = dt.timezone(dt.timedelta(hours=9))
        early = attrs.evolve(examples.conversation(2), occurred_at=examples.START.astimezone(east))
        await append(archive, examples.conversation(1, minute=1), early)
        assert examples.ids(await archive.recent(scope=ANA, limit=2)) == examples.ids([early, examples.conversation(1)])

    async def test_recent_is_the_end_of_what_was_said_oldest_first(self, archive: ConversationArchive) -> None:
        await append(archive, *(examples.conversation(number) for number in (3, 1, 4, 2)))
        assert examples.ids(await archive.recent(scope=ANA, limit=3)) == [
            examples.conversation_id(number) for number in (2, 3, 4)
        ]

    async def test_recent_of_one_compartment_never_shows_one_that_the_scope_may_not_see(
        self, archive: ConversationArchive
    ) -> None:
        await append(
            archive,
            examples.conversation(1, place=examples.GARDEN),
            examples.conversation(2, place=examples.CELLAR),
            examples.conversation(3, place=examples.GARDEN),
        )
        garden, cellar = examples.GARDEN.compartment, examples.CELLAR.compartment
        reader = examples.scope(place=examples.GARDEN)
        assert examples.ids(await archive.recent(scope=ANA, limit=1, compartment=cellar)) == [
            examples.conversation_id(2)
        ]
        assert examples.ids(await archive.recent(scope=reader, limit=5, compartment=garden)) == [
            examples.conversation_id(number) for number in (1, 3)
        ]
        assert await archive.recent(scope=reader, limit=5, compartment=cellar) == []

    async def test_history_since_a_moment_includes_that_moment(self, archive: ConversationArchive) -> None:
        await append(archive, *(examples.conversation(number) for number in (1, 2, 3)))
        since = examples.conversation(2).occurred_at
        assert examples.ids(await archive.history(scope=ANA, limit=9, since=since)) == [
            examples.conversation_id(number) for number in (3, 2)
        ]

    @ANY_ADAPTER
    @given(history=histories(max_users=1), size=st.integers(1, 4), reader=scopes())
    async def test_the_pages_of_a_history_are_the_whole_history(
        self, history: list[Conversation], size: int, reader: Scope
    ) -> None:
        async with self.make() as (archive, _):
            await append(archive, *history)
            whole = await archive.history(scope=reader, limit=99)
            paged = await archive.history(scope=reader, limit=size)
            while page := await archive.history(
                scope=reader, limit=size, before=paged[-1].conversation_id if paged else None
            ):
                if not paged:
                    break
                paged += page
        assert paged == whole

    @pytest.mark.parametrize("place", [examples.CELLAR, examples.DIRECT], ids=["invisible", "unknown"])
    async def test_history_before_a_conversation_that_is_not_visible_is_refused(
        self, archive: ConversationArchive, place: Place
    ) -> None:
        if place is examples.CELLAR:
            await append(archive, examples.conversation(1, place=place))
        with pytest.raises(UnknownConversation):
            await archive.history(
                scope=examples.scope(place=examples.SQUARE), limit=5, before=examples.conversation_id(1)
            )

    async def test_fetch_returns_what_is_visible_newest_first_and_once(self, archive: ConversationArchive) -> None:
        await append(
            archive,
            *(examples.conversation(number, place=examples.SQUARE) for number in (1, 2, 3)),
            examples.conversation(4),
            examples.conversation(5, user_id="bo", place=examples.SQUARE),
        )
        wanted = [examples.conversation_id(number) for number in (1, 5, 3, 4, 1, 99)] + ["", "not an id", "' OR 1=1 --"]
        fetched = await archive.fetch(scope=examples.scope(place=examples.SQUARE), conversation_ids=wanted)
        assert examples.ids(fetched) == [examples.conversation_id(number) for number in (3, 1)]
        assert await archive.fetch(scope=ANA, conversation_ids=[]) == []

    async def test_very_many_ids_can_be_asked_for(self, archive: ConversationArchive) -> None:
        await append(archive, examples.conversation(4242))
        wanted = [examples.conversation(number) for number in range(5000)]
        assert len(await archive.fetch(scope=ANA, conversation_ids=examples.ids(wanted))) == 1
        assert len(await archive.load(keys=[item.key for item in wanted])) == 1
        assert len(await archive.existing(keys=[item.key for item in wanted])) == 1

    @ANY_ADAPTER
    @given(history=histories(), reader=scopes())
    async def test_every_read_shows_exactly_what_the_scope_may_see(
        self, history: list[Conversation], reader: Scope
    ) -> None:
        async with self.make() as (archive, _):
            await append(archive, *history)
            recent = await archive.recent(scope=reader, limit=50)
            newest_first = await archive.history(scope=reader, limit=50)
            fetched = await archive.fetch(scope=reader, conversation_ids=examples.ids(history))
            sessions = await archive.sessions(scope=reader, limit=50)
        visible = sorted((item for item in history if item.visible_in(reader)), key=lambda item: item.order)
        assert examples.ids(recent) == examples.ids(visible)
        assert newest_first == fetched == recent[::-1]
        seen = [conversation_id for session in sessions for conversation_id in session.conversation_ids]
        assert sorted(seen) == sorted(examples.ids(visible))

    @ANY_ADAPTER
    @given(history=histories(max_users=1), limit=st.integers(1, 4))
    async def test_sessions_are_those_of_the_domain_newest_first(self, history: list[Conversation], limit: int) -> None:
        async with self.make() as (archive, _):
            await append(archive, *history)
            sessions = await archive.sessions(scope=ANA, limit=limit)
            expected = split_into_sessions(await archive.history(scope=ANA, limit=99))
        assert {session.conversation_ids for session in sessions} <= {item.conversation_ids for item in expected}
        assert [session.ended_at for session in sessions] == [item.ended_at for item in expected[:limit]]

    async def test_ids_are_compared_exactly_and_never_interpreted(self, archive: ConversationArchive) -> None:
        history = [
            examples.conversation(number, user_id=name, tenant_id=name, bot_id=name)
            for number, name in enumerate(examples.HOSTILE_IDS)
        ]
        await append(archive, *history)
        for item in history:
            reader = examples.scope(user_id=item.user_id, tenant_id=item.tenant_id, bot_id=item.bot_id)
            assert examples.ids(await archive.recent(scope=reader, limit=5)) == [item.conversation_id]
            assert await archive.total_conversations(tenant_id=item.tenant_id, user_id=item.user_id) == 1
            assert await archive.epoch(tenant_id=item.tenant_id, user_id=item.user_id) == 0

    async def test_load_and_existing_take_the_whole_key(self, archive: ConversationArchive) -> None:
        item = examples.conversation()
        await append(archive, item)
        strangers = [attrs.evolve(item.key, user_id="bo"), attrs.evolve(item.key, tenant_id="acme")]
        assert await archive.load(keys=strangers) == []
        assert await archive.existing(keys=strangers) == frozenset()
        assert await archive.existing(keys=[*strangers, item.key]) == {item.conversation_id}
        assert len(await archive.load(keys=[item.key, item.key])) == 1
        assert await archive.load(keys=[]) == []

    async def test_pages_of_a_user_rise_by_sequence_and_miss_nothing(self, archive: ConversationArchive) -> None:
        await append(archive, *(examples.conversation(number, minute=-number) for number in range(1, 8)))
        await append(archive, examples.conversation(9, user_id="bo"))
        paged: list[Conversation] = []
        while page := await archive.page(
            tenant_id="default", user_id="ana", after_sequence=paged[-1].sequence if paged else 0, limit=3
        ):
            paged += page
        assert examples.ids(paged) == [examples.conversation_id(number) for number in range(1, 8)]

    async def test_every_user_is_listed_once_page_by_page(self, archive: ConversationArchive) -> None:
        users = {
            User(tenant_id=tenant, user_id=name) for tenant in ("a", "b", "A") for name in examples.HOSTILE_IDS[:9]
        }
        numbered = enumerate(sorted(users, key=repr))
        await append(
            archive,
            *(examples.conversation(n, tenant_id=user.tenant_id, user_id=user.user_id) for n, user in numbered),
        )
        listed: list[User] = []
        while page := await archive.users(after=listed[-1] if listed else None, limit=4):
            listed += page
        assert len(listed) == len(users)
        assert set(listed) == users
        assert await archive.users(limit=1000) == listed

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
