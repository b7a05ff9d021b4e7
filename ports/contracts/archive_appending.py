"""The contract of `ConversationArchive`: what storing promises."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from ...domain.conversation import Conversation
from ...domain.errors import IdempotencyConflict
from ...domain.projection import JobKind, Projection
from ..conversation_archive import ConversationArchive
from . import examples
from .stores import ALL, TASKS, Stores, StoresContract, append, claim, claimed_kinds

ANA = examples.scope()


class ArchiveAppendingContract(StoresContract):
    """A conversation is stored whole, once, with its jobs. The outbox is looked at too."""

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
            pytest.param(examples.conversation(user_message="something else"), id="user_message"),
            pytest.param(examples.conversation(bot_response="something else"), id="bot_response"),
            pytest.param(examples.conversation(user_id="bo"), id="user_id"),
            pytest.param(examples.conversation(bot_id="robin"), id="bot_id"),
            pytest.param(examples.conversation(place=examples.SQUARE), id="place"),
            pytest.param(examples.conversation(minute=2), id="minute"),
            pytest.param(examples.conversation(session_id="evening"), id="session_id"),
        ],
    )
    async def test_the_same_id_with_other_content_is_refused_and_the_first_stands(
        self, stores: Stores, other: Conversation
    ) -> None:
        (first,) = await append(stores.archive, examples.conversation(), projections=ALL)
        with pytest.raises(IdempotencyConflict):
            await append(stores.archive, other, projections=ALL)
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
