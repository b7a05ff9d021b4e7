"""Archive, outbox and recent cache: what SQLite answers is what the in-memory model answers, whatever happened before."""

import asyncio
import contextlib
import datetime as dt
import os
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from talktiers.adapters.in_memory.clock import ManualClock
from talktiers.adapters.in_memory.conversation_archive import InMemoryConversationArchive
from talktiers.adapters.in_memory.outbox import InMemoryOutbox
from talktiers.adapters.in_memory.recent_cache import InMemoryRecentCache
from talktiers.adapters.in_memory.store import InMemoryStore
from talktiers.adapters.sqlite.conversation_archive import SqliteConversationArchive
from talktiers.adapters.sqlite.database import Database
from talktiers.adapters.sqlite.outbox import SqliteOutbox
from talktiers.adapters.sqlite.recent_cache import SqliteRecentCache
from talktiers.domain.conversation import Conversation, Session
from talktiers.domain.errors import TalktiersError
from talktiers.domain.place import Scope
from talktiers.domain.projection import OutboxJob, Projection
from talktiers.domain.recent_window import CachedConversation, RecentWindow, windows_for, windows_of
from talktiers.ports.contracts import examples
from talktiers.ports.contracts.strategies import BOTS, TENANTS, USERS, scopes
from talktiers.ports.conversation_archive import Appended, ArchiveErasure, ConversationArchive
from talktiers.ports.outbox import Outbox
from talktiers.ports.recent_cache import RecentCache

# Many files are made, and none has to survive a power cut: where the machine keeps files in memory, they go there.
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

LEASED_FOR_GOOD_S = 3600.0
WHOM = st.fixed_dictionaries({"tenant_id": st.sampled_from(TENANTS), "user_id": st.sampled_from(USERS)})
TIERS = st.lists(st.sampled_from(Projection), unique=True)
SEVERAL = st.integers(1, 4)

T = TypeVar("T")


class Memory(NamedTuple):
    """What one technology provides."""

    archive: ConversationArchive
    outbox: Outbox
    cache: RecentCache


class Claimed(NamedTuple):
    """The same jobs, as each side numbers them."""

    model: tuple[OutboxJob, ...]
    sqlite: tuple[OutboxJob, ...]


conversations = st.builds(
    examples.conversation,
    st.integers(1, 12),
    tenant_id=st.sampled_from(TENANTS),
    user_id=st.sampled_from(USERS),
    bot_id=st.sampled_from(BOTS),
    place=st.sampled_from(examples.PLACES),
    minute=st.sampled_from((0, 1, 45)),
    session_id=st.sampled_from((None, None, "evening")),
    user_message=st.sampled_from(("I met a fox", "naïve \U0001f98a", "'; DROP TABLE users; --")),
)


class AdaptersAgree(RuleBasedStateMachine):
    claimed = Bundle("claimed")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.opened = contextlib.AsyncExitStack()
        clock = ManualClock()
        store = InMemoryStore(clock=clock)
        self.model = Memory(
            archive=InMemoryConversationArchive(store=store),
            outbox=InMemoryOutbox(store=store),
            cache=InMemoryRecentCache(clock=clock, size=3),
        )
        self.sqlite = self.runner.run(self.open())
        self.stored: list[Conversation] = []

    async def open(self) -> Memory:
        folder = self.opened.enter_context(tempfile.TemporaryDirectory(dir=IN_MEMORY))
        database = await self.opened.enter_async_context(Database(Path(folder) / "memory.db", synchronous="NORMAL"))
        return Memory(
            archive=SqliteConversationArchive(database=database),
            outbox=SqliteOutbox(database=database),
            cache=SqliteRecentCache(database=database, size=3),
        )

    def teardown(self) -> None:
        self.runner.run(self.opened.aclose())
        self.runner.close()

    def both(self, ask: Callable[[Memory], Coroutine[Any, Any, T]]) -> tuple[T, T]:
        """What the model and SQLite answer."""
        return self.runner.run(ask(self.model)), self.runner.run(ask(self.sqlite))

    def agreed(self, ask: Callable[[Memory], Coroutine[Any, Any, T]], view: Callable[[T], object] = lambda it: it) -> T:
        """The model's answer, or error, which SQLite gives too."""
        expected, actual = self.both(lambda memory: _outcome(ask(memory)))
        if isinstance(expected, TalktiersError):
            assert type(actual) is type(expected), (expected, actual)
            raise _AgreedError from expected
        assert not isinstance(actual, TalktiersError), (expected, actual)
        assert view(actual) == view(expected)
        return expected

    @rule(item=conversations, projections=TIERS)
    def append(self, item: Conversation, projections: Sequence[Projection]) -> None:
        with contextlib.suppress(_AgreedError):
            appended = self.agreed(
                lambda memory: memory.archive.append(conversation=item, projections=projections, time_given=True),
                _without_sequence,
            )
            self.stored.append(appended.conversation)

    @rule(whom=WHOM, projections=TIERS)
    def forget_user(self, whom: dict[str, str], projections: Sequence[Projection]) -> None:
        self.agreed(lambda memory: memory.archive.forget_user(**whom, projections=projections), _erasure)

    @rule(whom=WHOM, numbers=st.lists(st.integers(1, 12), max_size=3), projections=TIERS)
    def forget_conversations(
        self, whom: dict[str, Any], numbers: Sequence[int], projections: Sequence[Projection]
    ) -> None:
        ids = [examples.conversation_id(number) for number in numbers]
        self.agreed(
            lambda memory: memory.archive.forget_conversations(**whom, conversation_ids=ids, projections=projections),
            _erasure,
        )

    @rule(target=claimed, projection=st.sampled_from(Projection))
    def claim(self, projection: Projection) -> Any:
        model, sqlite = self.both(
            lambda memory: memory.outbox.claim(
                projection=projection, limit=1000, lease_s=LEASED_FOR_GOOD_S, worker_id="worker"
            )
        )
        by_meaning = [sorted(jobs, key=_job) for jobs in (model, sqlite)]
        assert [_job(job) for job in by_meaning[1]] == [_job(job) for job in by_meaning[0]]
        return multiple(*(Claimed((one,), (other,)) for one, other in zip(*by_meaning, strict=True)))

    @rule(jobs=claimed)
    def complete(self, jobs: Claimed) -> None:
        self.on_each_side(jobs, lambda memory, own: memory.outbox.complete(jobs=own))

    @rule(jobs=claimed)
    def bury(self, jobs: Claimed) -> None:
        self.on_each_side(jobs, lambda memory, own: memory.outbox.bury(jobs=own, error="TestError"))

    @rule(jobs=consumes(claimed), delay_s=st.sampled_from((0, LEASED_FOR_GOOD_S)))
    def retry(self, jobs: Claimed, delay_s: float) -> None:
        self.on_each_side(jobs, lambda memory, own: memory.outbox.retry(jobs=own, delay_s=delay_s))

    @rule(projection=st.sampled_from([None, *Projection]))
    def revive(self, projection: Projection | None) -> None:
        self.agreed(lambda memory: memory.outbox.revive(projection=projection))

    @rule(projection=st.sampled_from(Projection), wanted=st.lists(conversations, max_size=4))
    def enqueue(self, projection: Projection, wanted: Sequence[Conversation]) -> None:
        keys = [item.key for item in [*wanted, *self.stored]]
        self.agreed(lambda memory: memory.outbox.enqueue(projection=projection, keys=keys))

    @rule(data=st.data(), stale=st.integers(-1, 0))
    def push(self, data: st.DataObject, stale: int) -> None:
        items = data.draw(st.lists(st.sampled_from(self.stored), max_size=4)) if self.stored else []
        entries = [
            CachedConversation(
                conversation=item,
                windows=windows_of(item, share_between_bots=data.draw(st.booleans())),
                epoch=max(0, self.epoch(item) + stale),
            )
            for item in items
        ]
        self.agreed(lambda memory: memory.cache.push(entries=entries))

    @rule(reader=scopes())
    def fill(self, reader: Scope) -> None:
        async def from_model(memory: Memory) -> None:
            for key in windows_for(reader):
                recent = await self.model.archive.recent(scope=reader, limit=3, compartment=key.compartment)
                epoch = await self.model.archive.epoch(tenant_id=key.tenant_id, user_id=key.user_id)
                await memory.cache.fill(key=key, conversations=recent, epoch=epoch)

        self.agreed(from_model)

    @rule(whom=WHOM)
    def forget_user_in_the_cache(self, whom: dict[str, str]) -> None:
        self.agreed(lambda memory: memory.cache.forget_user(**whom))

    @rule(whom=WHOM, number=st.integers(1, 12))
    def forget_a_conversation_in_the_cache(self, whom: dict[str, str], number: int) -> None:
        ids = [examples.conversation_id(number)]
        self.agreed(lambda memory: memory.cache.forget_conversations(**whom, conversation_ids=ids))

    @rule(reader=scopes(), limit=SEVERAL, number=st.integers(1, 12), minutes=st.sampled_from((None, 0, 1, 45)))
    def read(self, reader: Scope, limit: int, number: int, minutes: int | None) -> None:
        since = None if minutes is None else examples.START + dt.timedelta(minutes=minutes)
        before = examples.conversation_id(number)
        every_id = [examples.conversation_id(number) for number in range(14)]
        self.agreed(lambda memory: memory.archive.recent(scope=reader, limit=limit), _contents)
        self.agreed(lambda memory: memory.archive.history(scope=reader, limit=limit, since=since), _contents)
        self.agreed(lambda memory: memory.archive.fetch(scope=reader, conversation_ids=every_id), _contents)
        self.agreed(lambda memory: memory.archive.sessions(scope=reader, limit=50), _sittings)
        self.agreed(lambda memory: memory.cache.read(keys=windows_for(reader)), _windows)
        with contextlib.suppress(_AgreedError):
            self.agreed(
                lambda memory: memory.archive.history(scope=reader, limit=limit, since=since, before=before), _contents
            )

    @rule(whom=WHOM, projections=TIERS, limit=SEVERAL)
    def look_at_what_is_pending(self, whom: dict[str, str], projections: Sequence[Projection], limit: int) -> None:
        self.agreed(
            lambda memory: memory.outbox.pending(**whom, projections=projections, limit=limit),
            lambda pending: list(pending.items()),
        )

    @invariant()
    def the_whole_is_the_same(self) -> None:
        self.agreed(lambda memory: memory.archive.users())
        self.agreed(lambda memory: memory.archive.total_conversations())
        self.agreed(lambda memory: memory.archive.text_chars())
        for tenant_id in TENANTS:
            for user_id in USERS:
                self.the_same_of_a_user(tenant_id, user_id)
        self.agreed(
            lambda memory: memory.outbox.backlog(),
            lambda backlog: [(item.projection, item.waiting, item.dead_letters) for item in backlog],
        )
        self.agreed(
            lambda memory: memory.outbox.dead_letters(),
            lambda letters: sorted((_job(dead.job), dead.error) for dead in letters),
        )

    def the_same_of_a_user(self, tenant_id: str, user_id: str) -> None:
        self.agreed(lambda memory: memory.archive.page(tenant_id=tenant_id, user_id=user_id), _contents)
        self.agreed(lambda memory: memory.archive.epoch(tenant_id=tenant_id, user_id=user_id))
        self.agreed(lambda memory: memory.cache.conversation_ids(tenant_id=tenant_id, user_id=user_id))

    def on_each_side(
        self, jobs: Claimed, act: Callable[[Memory, Sequence[OutboxJob]], Coroutine[Any, Any, None]]
    ) -> None:
        self.runner.run(act(self.model, jobs.model))
        self.runner.run(act(self.sqlite, jobs.sqlite))

    def epoch(self, item: Conversation) -> int:
        return self.runner.run(self.model.archive.epoch(tenant_id=item.tenant_id, user_id=item.user_id))


class _AgreedError(Exception):
    """Both sides refused, with the same kind of error."""


async def _outcome(answer: Coroutine[Any, Any, T]) -> T | TalktiersError:
    try:
        return await answer
    except TalktiersError as error:
        return error


def _content(item: Conversation) -> Conversation:
    """A conversation without the archive's own numbering: sequences are compared by the order that they make."""
    return attrs.evolve(item, sequence=0)


def _contents(items: Sequence[Conversation]) -> list[Conversation]:
    return [_content(item) for item in items]


def _without_sequence(appended: Appended) -> tuple[Conversation, bool, int]:
    return _content(appended.conversation), appended.created, appended.epoch


def _erasure(erased: ArchiveErasure) -> tuple[list[str], int]:
    return sorted(erased.conversation_ids), erased.epoch


def _sittings(sessions: Sequence[Session]) -> list[Session]:
    """Sessions that end and begin together come in any order."""
    return sorted(sessions, key=lambda item: (item.ended_at, item.started_at, item.conversation_ids), reverse=True)


def _windows(windows: Sequence[RecentWindow]) -> list[tuple[object, ...]]:
    return [(item.key, _contents(item.conversations), item.complete, item.epoch) for item in windows]


def _job(job: OutboxJob) -> tuple[object, ...]:
    """What a job asks for, without its number."""
    return (
        job.kind.value,
        job.projection.value,
        job.tenant_id,
        job.user_id,
        job.conversation_id or "",
        job.epoch,
        job.attempts,
    )


TestAdaptersAgree = AdaptersAgree.TestCase
TestAdaptersAgree.settings = settings(max_examples=25, stateful_step_count=30)
