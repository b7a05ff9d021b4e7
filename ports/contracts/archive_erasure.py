"""The contract of `ConversationArchive`: what erasing promises."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from ...domain.conversation import Conversation
from ...domain.errors import Forgotten
from ...domain.projection import JobKind, Projection
from ...domain.retrieval_metrics import RetrievalRecord
from ..conversation_archive import ConversationArchive, User
from . import examples
from .stores import ALL, TASKS, Stores, StoresContract, append, claim, claimed_kinds

ANA = examples.scope()


class ArchiveErasureContract(StoresContract):
    """Erasure is visible at once, is not undone by a retry, and reaches the tiers by jobs of the same commit."""

    async def test_a_forgotten_user_is_in_no_read(self, archive: ConversationArchive) -> None:
        mine = [examples.conversation(1), examples.conversation(2, place=examples.SQUARE)]
        await append(archive, *mine, examples.conversation(3, user_id="bo"), examples.conversation(4, tenant_id="acme"))
        erased = await archive.forget_user(tenant_id="default", user_id="ana", projections=ALL)
        assert sorted(erased.conversation_ids) == sorted(examples.ids(mine))
        assert await archive.recent(scope=ANA, limit=5) == []
        assert await archive.history(scope=ANA, limit=5) == []
        assert await archive.fetch(scope=ANA, conversation_ids=examples.ids(mine)) == []
        assert await archive.load(keys=[item.key for item in mine]) == []
        assert await archive.existing(keys=[item.key for item in mine]) == frozenset()
        assert await archive.sessions(scope=ANA, limit=5) == []
        assert await archive.page(tenant_id="default", user_id="ana") == []
        assert await archive.total_conversations(tenant_id="default", user_id="ana") == 0
        assert set(await archive.users()) == {
            User(tenant_id="default", user_id="bo"),
            User(tenant_id="acme", user_id="ana"),
        }
        assert len(await archive.recent(scope=examples.scope(tenant_id="acme"), limit=5)) == 1

    async def test_forgetting_a_user_raises_the_epoch_of_that_user_alone(self, archive: ConversationArchive) -> None:
        await append(archive, examples.conversation())
        assert await archive.epoch(tenant_id="default", user_id="ana") == 0
        first = await archive.forget_user(tenant_id="default", user_id="ana", projections=())
        assert first.epoch > 0
        assert await archive.epoch(tenant_id="default", user_id="ana") == first.epoch
        (appended,) = await append(archive, examples.conversation(2))
        assert appended.epoch == first.epoch
        second = await archive.forget_user(tenant_id="default", user_id="ana", projections=())
        assert second.epoch > first.epoch
        assert await archive.epoch(tenant_id="default", user_id="bo") == 0
        assert await archive.epoch(tenant_id="acme", user_id="ana") == 0

    async def test_an_unknown_user_is_forgotten_too(self, stores: Stores) -> None:
        erased = await stores.archive.forget_user(tenant_id="default", user_id="nobody", projections=ALL)
        assert erased.conversation_ids == ()
        assert erased.epoch > 0
        assert await stores.archive.epoch(tenant_id="default", user_id="nobody") == erased.epoch
        for projection in ALL:
            assert await claimed_kinds(stores.outbox, projection) == [(JobKind.FORGET_USER, None)]

    async def test_forgetting_a_user_replaces_waiting_jobs_by_one_that_forgets(self, stores: Stores) -> None:
        await append(
            stores.archive, *(examples.conversation(number) for number in (1, 2, 3)), projections=[Projection.LEXICAL]
        )
        await append(stores.archive, examples.conversation(4, user_id="bo"), projections=[Projection.LEXICAL])
        claimed = await claim(stores.outbox, limit=2)
        await stores.outbox.bury(jobs=claimed[:1], error="TestError")
        erased = await stores.archive.forget_user(
            tenant_id="default", user_id="ana", projections=[Projection.LEXICAL, Projection.GRAPH]
        )
        assert await stores.outbox.dead_letters() == []
        jobs = await claim(stores.outbox)
        assert {(job.user_id, job.kind) for job in jobs} == {
            ("ana", JobKind.FORGET_USER),
            ("bo", JobKind.PROJECT),
        }
        (forgetting,) = (job for job in jobs if job.kind is JobKind.FORGET_USER)
        assert forgetting.epoch == erased.epoch
        assert await claimed_kinds(stores.outbox, Projection.GRAPH) == [(JobKind.FORGET_USER, None)]
        assert await claimed_kinds(stores.outbox, Projection.CACHE) == []
        pending = await stores.outbox.pending(tenant_id="default", user_id="ana", projections=ALL, limit=9)
        assert pending == {}

    async def test_a_claimed_job_of_what_is_erased_becomes_one_that_forgets(self, stores: Stores) -> None:
        await append(stores.archive, examples.conversation(1), examples.conversation(2), projections=[Projection.GRAPH])
        first, second = await claim(stores.outbox, Projection.GRAPH)
        await stores.archive.forget_conversations(
            tenant_id="default", user_id="ana", conversation_ids=[examples.conversation_id(1)], projections=()
        )
        await stores.archive.forget_user(tenant_id="default", user_id="ana", projections=())
        assert await claimed_kinds(stores.outbox, Projection.GRAPH) == []  # still leased
        await stores.outbox.retry(jobs=[first, second], delay_s=0)
        assert await claimed_kinds(stores.outbox, Projection.GRAPH) == [
            (JobKind.FORGET_CONVERSATION, examples.conversation_id(1)),
            (JobKind.FORGET_CONVERSATION, examples.conversation_id(2)),
        ]
        await stores.outbox.complete(jobs=[first, second])
        assert [figures.waiting for figures in await stores.outbox.backlog()] == [0] * len(ALL)

    async def test_a_retry_of_what_was_erased_is_refused_and_leaves_nothing(self, stores: Stores) -> None:
        await append(stores.archive, examples.conversation())
        await stores.archive.forget_user(tenant_id="default", user_id="ana", projections=())
        for item in (
            examples.conversation(),
            examples.conversation(user_message="something else"),
            examples.conversation(user_id="bo"),
            examples.conversation(tenant_id="acme"),
        ):
            with pytest.raises(Forgotten):
                await append(stores.archive, item, projections=ALL)
        assert await stores.archive.total_conversations() == 0
        assert await claim(stores.outbox) == []

    async def test_a_forgotten_user_can_begin_anew(self, archive: ConversationArchive) -> None:
        await append(archive, examples.conversation(1))
        await archive.forget_user(tenant_id="default", user_id="ana", projections=())
        (appended,) = await append(archive, examples.conversation(2))
        assert await archive.recent(scope=ANA, limit=5) == [appended.conversation]

    async def test_a_sequence_is_never_given_twice(self, archive: ConversationArchive) -> None:
        (_, last) = await append(archive, examples.conversation(1), examples.conversation(2))
        await archive.forget_user(tenant_id="default", user_id="ana", projections=())
        (later,) = await append(archive, examples.conversation(3))
        assert later.conversation.sequence > last.conversation.sequence

    async def test_forgetting_conversations_takes_these_and_leaves_the_rest(self, stores: Stores) -> None:
        archive = stores.archive
        mine = await append(archive, *(examples.conversation(n) for n in (1, 2, 3)), projections=[Projection.GRAPH])
        gone = [examples.conversation_id(1), examples.conversation_id(3)]
        erased = await archive.forget_conversations(
            tenant_id="default", user_id="ana", conversation_ids=gone, projections=[Projection.GRAPH]
        )
        assert sorted(erased.conversation_ids) == gone
        assert erased.epoch > 0
        assert await archive.epoch(tenant_id="default", user_id="ana") == erased.epoch
        assert await archive.recent(scope=ANA, limit=5) == [mine[1].conversation]
        assert await claimed_kinds(stores.outbox, Projection.GRAPH) == [
            (JobKind.FORGET_CONVERSATION, gone[0]),
            (JobKind.FORGET_CONVERSATION, gone[1]),
            (JobKind.PROJECT, examples.conversation_id(2)),
        ]
        with pytest.raises(Forgotten):
            await append(archive, examples.conversation(1))

    async def test_what_is_not_forgotten_for_good_can_be_stored_again(self, stores: Stores) -> None:
        first, second = examples.conversation(1), examples.conversation(2)
        (before, _) = await append(stores.archive, first, second, projections=[Projection.GRAPH])
        erased = await stores.archive.forget_conversations(
            tenant_id="default",
            user_id="ana",
            conversation_ids=examples.ids([first]),
            projections=[Projection.GRAPH],
            final=False,
        )
        assert list(erased.conversation_ids) == examples.ids([first])
        assert erased.epoch > before.epoch
        assert await stores.archive.existing(keys=[first.key, second.key]) == {second.conversation_id}
        assert await claimed_kinds(stores.outbox, Projection.GRAPH) == [
            (JobKind.FORGET_CONVERSATION, first.conversation_id),
            (JobKind.PROJECT, second.conversation_id),
        ]
        (again,) = await append(stores.archive, first)
        assert again.created
        assert again.conversation.sequence > before.conversation.sequence
        await stores.archive.forget_conversations(
            tenant_id="default", user_id="ana", conversation_ids=examples.ids([second]), projections=()
        )
        with pytest.raises(Forgotten):
            await append(stores.archive, second)

    async def test_a_user_cannot_forget_what_is_of_another(self, stores: Stores) -> None:
        others = [examples.conversation(1, user_id="bo"), examples.conversation(2, tenant_id="acme")]
        await append(stores.archive, *others, projections=[Projection.GRAPH])
        erased = await stores.archive.forget_conversations(
            tenant_id="default",
            user_id="ana",
            conversation_ids=[*examples.ids(others), examples.conversation_id(99), "' OR 1=1 --"],
            projections=(),
        )
        assert erased.conversation_ids == ()
        assert await stores.archive.total_conversations() == 2
        assert len(await claim(stores.outbox, Projection.GRAPH)) == 2
        (again, _) = await append(stores.archive, *others)
        assert not again.created

    async def test_forgetting_the_same_again_finds_nothing_more(self, archive: ConversationArchive) -> None:
        await append(archive, examples.conversation(1), examples.conversation(2))
        wanted = [examples.conversation_id(1)]
        for expected in (tuple(wanted), ()):
            erased = await archive.forget_conversations(
                tenant_id="default", user_id="ana", conversation_ids=wanted, projections=()
            )
            assert erased.conversation_ids == expected
        for expected in ((examples.conversation_id(2),), ()):
            erased = await archive.forget_user(tenant_id="default", user_id="ana", projections=())
            assert erased.conversation_ids == expected

    async def test_retrieval_records_go_with_their_user(self, archive: ConversationArchive) -> None:
        await append(archive, examples.conversation(1), examples.conversation(2, user_id="bo"))
        record = [
            RetrievalRecord(
                tenant_id="default",
                user_id=user_id,
                occurred_at=examples.START + dt.timedelta(minutes=9),
                kind="search",
                retrieval_time_ms=1,
                sources_used=(),
                context_chars=0,
                cache_hit=False,
            )
            for user_id in ("ana", "bo")
        ]
        await archive.record_retrievals(records=record)
        await archive.forget_user(tenant_id="default", user_id="ana", projections=())
        await archive.record_retrievals(records=record[:1])
        assert (await archive.retrieval_metrics()).retrievals == 1

    async def test_users_are_listed_on_after_one_who_is_gone(self, archive: ConversationArchive) -> None:
        await append(archive, *(examples.conversation(number, user_id=f"user-{number}") for number in range(1, 6)))
        listed = await archive.users()
        await archive.forget_user(tenant_id="default", user_id=listed[2].user_id, projections=())
        assert await archive.users(after=listed[2]) == listed[3:]

    async def test_appending_and_forgetting_at_once_leave_each_conversation_whole_or_gone(self, stores: Stores) -> None:
        history = [examples.conversation(number) for number in range(1, TASKS + 1)]

        async def forget() -> tuple[str, ...]:
            erased = await stores.archive.forget_user(
                tenant_id="default", user_id="ana", projections=[Projection.LEXICAL]
            )
            return erased.conversation_ids

        async def store(item: Conversation) -> tuple[str, ...]:
            await append(stores.archive, item, projections=[Projection.LEXICAL])
            return ()

        earlier, later = history[: TASKS // 2], history[TASKS // 2 :]
        results = await asyncio.gather(*map(store, earlier), forget(), *map(store, later))
        erased = {conversation_id for ids in results for conversation_id in ids}
        left = set(examples.ids(await stores.archive.recent(scope=ANA, limit=50)))
        assert left | erased == set(examples.ids(history))
        assert not left & erased
        jobs = await claim(stores.outbox)
        assert {job.conversation_id for job in jobs if job.kind is JobKind.PROJECT} == left

    async def test_what_was_erased_can_be_purged_from_an_idle_store(self, archive: ConversationArchive) -> None:
        await append(archive, examples.conversation())
        await archive.forget_user(tenant_id="default", user_id="ana", projections=())
        assert await archive.purge()
