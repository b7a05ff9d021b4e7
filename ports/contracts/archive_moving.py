"""The contract of `ConversationArchive`: what a move to another archive needs, on either side."""

from __future__ import annotations

import asyncio
import itertools

import attrs
import pytest

from ...domain.conversation import Conversation
from ...domain.errors import Forgotten, Moved
from ...domain.projection import JobKind, Projection
from ..conversation_archive import ConversationArchive, Fence, Tally, User
from . import examples
from .stores import ALL, TASKS, Stores, StoresContract, append, claim, claimed_kinds

ANA = User(tenant_id="default", user_id="ana")
BO = User(tenant_id="default", user_id="bo")
MOVING = Fence(destination="/data/talktiers.toml", move_id="first", complete=False)
MOVED = attrs.evolve(MOVING, complete=True)


class ArchiveMovingContract(StoresContract):
    """An archive tells what it holds, takes over what another one held, and can be closed for stores."""

    async def test_a_tally_tells_of_each_user_what_is_held(self, archive: ConversationArchive) -> None:
        await append(archive, examples.conversation(1), examples.conversation(2, user_id="bo"))
        (last,) = await append(archive, examples.conversation(3))
        (other,) = await append(archive, examples.conversation(4, tenant_id="acme"))
        await archive.forget_user(tenant_id="default", user_id="bo", projections=())
        await archive.forget_user(tenant_id="default", user_id="nobody", projections=())
        tallies = await archive.tallies()
        assert tallies == [
            Tally(
                user=User(tenant_id="acme", user_id="ana"),
                epoch=0,
                conversations=1,
                last_sequence=other.conversation.sequence,
            ),
            Tally(user=ANA, epoch=0, conversations=2, last_sequence=last.conversation.sequence),
            Tally(user=BO, epoch=1, conversations=0, last_sequence=0),
            Tally(user=User(tenant_id="default", user_id="nobody"), epoch=1, conversations=0, last_sequence=0),
        ]
        assert [tally for start in (None, *(tally.user for tally in tallies)) for tally in await archive.tallies(
            after=start, limit=1
        )] == tallies  # fmt: skip

    async def test_a_tally_changes_with_every_append_and_forgetting(self, archive: ConversationArchive) -> None:
        await append(archive, examples.conversation(1), examples.conversation(2))
        seen = [await archive.tallies()]
        await archive.forget_conversations(
            tenant_id="default", user_id="ana", conversation_ids=[examples.conversation_id(2)], projections=()
        )
        seen.append(await archive.tallies())
        await append(archive, examples.conversation(3))
        seen.append(await archive.tallies())
        await append(archive, examples.conversation(3))
        assert await archive.tallies() == seen[-1]
        assert all(one != other for one, other in itertools.pairwise(seen))

    async def test_users_are_listed_in_the_same_order_everywhere(self, archive: ConversationArchive) -> None:
        for number, user_id in enumerate(examples.HOSTILE_IDS, start=1):
            await append(archive, examples.conversation(number, user_id=user_id))
        assert [tally.user for tally in await archive.tallies()] == await archive.users()

    async def test_erased_conversations_are_listed_by_id(self, archive: ConversationArchive) -> None:
        await append(archive, *(examples.conversation(number) for number in (5, 3, 1, 4, 2)))
        await append(archive, examples.conversation(6, user_id="bo"))
        assert await archive.tombstones() == []
        await archive.forget_user(tenant_id="default", user_id="ana", projections=())
        erased = [examples.conversation_id(number) for number in (1, 2, 3, 4, 5)]
        assert await archive.tombstones() == erased
        assert await archive.tombstones(limit=2) == erased[:2]
        assert await archive.tombstones(after=erased[1], limit=2) == erased[2:4]

    async def test_what_may_be_stored_again_is_listed_by_itself(self, archive: ConversationArchive) -> None:
        await append(archive, *(examples.conversation(number) for number in (3, 1, 2, 4)))
        withdrawn = [examples.conversation_id(number) for number in (1, 2, 3)]
        for _ in range(2):
            await archive.forget_conversations(
                tenant_id="default", user_id="ana", conversation_ids=withdrawn, projections=(), final=False
            )
            assert await archive.withdrawn() == withdrawn
            assert await archive.withdrawn(after=withdrawn[0], limit=1) == withdrawn[1:2]
            await append(archive, examples.conversation(1))
        await archive.forget_user(tenant_id="default", user_id="ana", projections=())
        assert await archive.withdrawn() == withdrawn
        assert await archive.tombstones() == [examples.conversation_id(1), examples.conversation_id(4)]

    async def test_what_is_adopted_is_there_whole_in_the_order_given_with_its_jobs(self, stores: Stores) -> None:
        given = [
            attrs.evolve(examples.full_conversation(number), conversation_id=examples.conversation_id(number))
            for number in (3, 1, 2)
        ]
        await append(stores.archive, examples.conversation(9, user_id="bo"))
        await stores.archive.adopt(conversations=given, projections=[Projection.GRAPH])
        adopted = await stores.archive.page(tenant_id="acme", user_id="ana")
        assert [attrs.evolve(item, sequence=0) for item in adopted] == [
            attrs.evolve(item, sequence=0) for item in given
        ]
        assert [item.content_hash() for item in adopted] == [item.content_hash() for item in given]
        assert [item.occurred_at.utcoffset() for item in adopted] == [item.occurred_at.utcoffset() for item in given]
        assert [item.sequence for item in adopted] == sorted({item.sequence for item in adopted})
        assert {job.conversation_id for job in await claim(stores.outbox, Projection.GRAPH)} == set(examples.ids(given))
        assert await claimed_kinds(stores.outbox, Projection.LEXICAL) == []

    async def test_adopting_leaves_what_is_there_as_it_is(self, stores: Stores) -> None:
        (first,) = await append(stores.archive, examples.conversation(1, user_message="mine"), projections=ALL)
        given = [examples.conversation(number) for number in (1, 2)]
        for _ in range(2):
            await stores.archive.adopt(conversations=given, projections=ALL)
        assert await stores.archive.load(keys=[first.conversation.key]) == [first.conversation]
        assert await stores.archive.total_conversations() == 2
        assert len(await claim(stores.outbox)) == 2

    async def test_what_was_erased_is_not_adopted(self, stores: Stores) -> None:
        await append(stores.archive, examples.conversation(1))
        await stores.archive.forget_user(tenant_id="default", user_id="ana", projections=())
        await stores.archive.adopt(
            conversations=[examples.conversation(1), examples.conversation(2)], projections=[Projection.LEXICAL]
        )
        assert examples.ids(await stores.archive.page(tenant_id="default", user_id="ana")) == [
            examples.conversation_id(2)
        ]
        assert await claimed_kinds(stores.outbox, Projection.LEXICAL) == [
            (JobKind.PROJECT, examples.conversation_id(2))
        ]

    async def test_what_was_erased_elsewhere_cannot_be_stored_here(self, archive: ConversationArchive) -> None:
        erased = [examples.conversation_id(1), examples.conversation_id(2)]
        for _ in range(2):
            assert await archive.adopt_erasures(conversation_ids=erased, epochs={}) == frozenset()
        assert await archive.tombstones() == erased
        assert await archive.total_conversations() == 0
        with pytest.raises(Forgotten):
            await append(archive, examples.conversation(1))
        await append(archive, examples.conversation(3))

    async def test_adopting_erasures_erases_nothing_and_says_what_is_stored(self, archive: ConversationArchive) -> None:
        (appended,) = await append(archive, examples.conversation(1))
        wanted = [examples.conversation_id(1), examples.conversation_id(2)]
        assert await archive.adopt_erasures(conversation_ids=wanted, epochs={}) == {examples.conversation_id(1)}
        assert await archive.load(keys=[appended.conversation.key]) == [appended.conversation]
        assert await archive.tombstones() == [examples.conversation_id(2)]

    async def test_an_adopted_epoch_raises_and_never_lowers(self, archive: ConversationArchive) -> None:
        await append(archive, examples.conversation(1))
        for given, expected in ((3, 3), (2, 3), (5, 5)):
            await archive.adopt_erasures(conversation_ids=(), epochs={ANA: given, BO: given + 1})
            assert await archive.epoch(tenant_id="default", user_id="ana") == expected
        assert await archive.epoch(tenant_id="default", user_id="bo") == 6
        assert [tally.epoch for tally in await archive.tallies()] == [5, 6]
        (appended,) = await append(archive, examples.conversation(2))
        assert appended.epoch == 5

    async def test_a_fenced_archive_stores_nothing_and_names_its_new_home(self, stores: Stores) -> None:
        archive = stores.archive
        await append(archive, examples.conversation(1))
        for fence in (MOVING, MOVED):
            assert await archive.fence(before=await archive.fenced(), after=fence)
            assert await archive.fenced() == fence
            for item in (examples.conversation(1), examples.conversation(2), examples.conversation(3, user_id="bo")):
                with pytest.raises(Moved, match=fence.destination):
                    await append(archive, item, projections=ALL)
        assert await archive.users() == [ANA]
        assert await archive.total_conversations() == 1
        assert await claim(stores.outbox) == []

    async def test_a_fenced_archive_forgets_nothing_and_adopts_nothing(self, stores: Stores) -> None:
        archive = stores.archive
        (appended,) = await append(archive, examples.conversation(1))
        await archive.fence(before=None, after=MOVED)
        before = await archive.tallies()
        item = appended.conversation
        for change in (
            archive.forget_user(tenant_id="default", user_id="ana", projections=ALL),
            archive.forget_user(tenant_id="default", user_id="nobody", projections=ALL),
            archive.forget_conversations(
                tenant_id="default", user_id="ana", conversation_ids=[item.conversation_id], projections=ALL
            ),
            archive.adopt(conversations=[examples.conversation(2)], projections=ALL),
            archive.adopt_erasures(conversation_ids=[examples.conversation_id(3)], epochs={BO: 1}),
        ):
            with pytest.raises(Moved):
                await change
        assert await archive.tallies() == before
        assert await archive.tombstones() == []
        assert await claim(stores.outbox) == []

    async def test_a_fenced_archive_is_read_and_projected_as_before(self, stores: Stores) -> None:
        archive = stores.archive
        (appended,) = await append(archive, examples.conversation(1), projections=[Projection.LEXICAL])
        await archive.fence(before=None, after=MOVED)
        assert await archive.recent(scope=examples.scope(), limit=5) == [appended.conversation]
        assert await archive.page(tenant_id="default", user_id="ana") == [appended.conversation]
        jobs = await claim(stores.outbox)
        assert [job.conversation_id for job in jobs] == [appended.conversation.conversation_id]
        await stores.outbox.complete(jobs=jobs)
        assert await archive.purge()

    async def test_a_lifted_fence_lets_stores_through_again(self, archive: ConversationArchive) -> None:
        await archive.fence(before=None, after=MOVING)
        assert await archive.fence(before=MOVING, after=None)
        assert await archive.fenced() is None
        (appended,) = await append(archive, examples.conversation(1))
        assert appended.created

    async def test_a_fence_that_somebody_else_has_changed_is_left_alone(self, archive: ConversationArchive) -> None:
        another = attrs.evolve(MOVING, move_id="second")
        assert not await archive.fence(before=MOVING, after=MOVED)
        assert await archive.fenced() is None
        assert await archive.fence(before=None, after=MOVING)
        assert await archive.fence(before=None, after=MOVING)  # said twice
        for before, after in ((None, another), (another, MOVED), (another, None)):
            assert not await archive.fence(before=before, after=after)
            assert await archive.fenced() == MOVING

    async def test_what_was_acknowledged_was_there_when_the_fence_stood(self, archive: ConversationArchive) -> None:
        history = [examples.conversation(number, user_id=f"user-{number % 3}") for number in range(2 * TASKS)]

        async def store(item: Conversation) -> str | None:
            try:
                (appended,) = await append(archive, item)
            except Moved:
                return None
            return appended.conversation.conversation_id

        async def fence() -> set[str]:
            assert await archive.fence(before=None, after=MOVING)
            return set(await archive.existing(keys=[item.key for item in history]))

        earlier = [asyncio.create_task(store(item)) for item in history[:TASKS]]
        there = asyncio.create_task(fence())
        later = [asyncio.create_task(store(item)) for item in history[TASKS:]]
        acknowledged = {item for item in await asyncio.gather(*earlier, *later) if item is not None}
        assert acknowledged == await there

    async def test_of_two_who_fence_at_once_one_succeeds(self, archive: ConversationArchive) -> None:
        fences = [attrs.evolve(MOVING, move_id=f"{number}") for number in range(TASKS)]
        succeeded = await asyncio.gather(*(archive.fence(before=None, after=fence) for fence in fences))
        assert [fence for fence, done in zip(fences, succeeded, strict=True) if done] == [await archive.fenced()]
