"""The contract of `ConversationArchive`: what reading promises."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ...domain.conversation import Conversation
from ...domain.errors import UnknownConversation
from ...domain.place import Place, Scope
from ...domain.sessions import split_into_sessions
from ..conversation_archive import ConversationArchive, User
from . import examples
from .stores import StoresContract, append
from .strategies import ANY_ADAPTER, histories, scopes

ANA = examples.scope()


class ArchiveReadingContract(StoresContract):
    """Every read shows exactly what its scope may see, in its order; what has no scope takes the whole key."""

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

    async def test_visible_names_what_fetch_would_return(self, archive: ConversationArchive) -> None:
        await append(
            archive,
            *(examples.conversation(number, place=examples.SQUARE) for number in (1, 3)),
            examples.conversation(4),
            examples.conversation(5, user_id="bo", place=examples.SQUARE),
        )
        wanted = [examples.conversation_id(number) for number in (1, 5, 3, 4, 1, 99)] + ["not an id"]
        visible = await archive.visible(scope=examples.scope(place=examples.SQUARE), conversation_ids=wanted)
        assert visible == {examples.conversation_id(number) for number in (1, 3)}
        assert await archive.visible(scope=ANA, conversation_ids=[]) == frozenset()

    async def test_whoever_changes_what_was_handed_out_does_not_change_what_is_stored(
        self, archive: ConversationArchive
    ) -> None:
        item = attrs.evolve(examples.conversation(), metadata={"tags": ["a"]})
        await append(archive, item)
        for _ in range(2):
            handed_out = [
                *await archive.recent(scope=ANA, limit=5),
                *await archive.history(scope=ANA, limit=5),
                *await archive.fetch(scope=ANA, conversation_ids=[item.conversation_id]),
                *await archive.load(keys=[item.key]),
                *await archive.page(tenant_id="default", user_id="ana"),
            ]
            assert [conversation.metadata for conversation in handed_out] == [{"tags": ["a"]}] * 5
            for conversation in handed_out:
                tags = conversation.metadata["tags"]
                assert isinstance(tags, list)
                tags.append("b")

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
            named = await archive.visible(scope=reader, conversation_ids=examples.ids(history))
            sessions = await archive.sessions(scope=reader, limit=50)
        visible = sorted((item for item in history if item.visible_in(reader)), key=lambda item: item.order)
        assert examples.ids(recent) == examples.ids(visible)
        assert newest_first == fetched == recent[::-1]
        assert named == set(examples.ids(visible))
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
