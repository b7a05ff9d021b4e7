"""A move against a model: whatever a bot does at whatever moment, and wherever the move is killed, all ends up there once.

A move runs over archives that let a bot store and forget between any two of their calls, and that can end the process at
any of them. What the bot was told is compared with what the new archive holds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from talktiers import Forgotten, Moved
from talktiers.adapters.in_memory.clock import ManualClock
from talktiers.adapters.in_memory.conversation_archive import InMemoryConversationArchive
from talktiers.adapters.in_memory.store import InMemoryStore
from talktiers.application import archive_copy
from talktiers.application.moving import MoveArchive
from talktiers.domain.conversation import Conversation
from talktiers.domain.projection import Projection
from talktiers.ports.contracts import examples
from talktiers.ports.conversation_archive import ConversationArchive, User

USERS = ("ana", "bo", "cy")
DESTINATION = "/data/talktiers.toml"


class Killed(BaseException):
    """The process that moves has ended."""


@attrs.frozen
class Deed:
    """What happens before a call of the move.

    Attributes:
        what: ``store``, ``forget a user``, ``forget one``, ``take back one``, ``store again`` what was taken back, or ``kill``.
        at: before which call, counted over all runs.
        which: of the bot's conversations, where one is meant.
    """

    at: int
    what: str
    user: str
    which: int = 0


DEEDS = ("store", "store", "store", "forget a user", "forget one", "take back one", "store again", "kill")

deeds = st.lists(
    st.builds(
        Deed,
        at=st.integers(0, 60),
        what=st.sampled_from(DEEDS),
        user=st.sampled_from(USERS),
        which=st.integers(0, 50),
    ),
    max_size=40,
)


@attrs.define
class Bot:
    """Stores and forgets in the old archive until it is told that it has moved.

    Attributes:
        stored: what was acknowledged and not forgotten since, in the order of storing.
        again: ids of what was stored once more after it was taken back: where it was copied before, it keeps its place.
        refused: what was not taken, as the move was ending.
    """

    home: ConversationArchive
    stored: dict[str, Conversation] = attrs.field(factory=dict)
    forgotten: dict[str, Conversation] = attrs.field(factory=dict)
    taken_back: list[Conversation] = attrs.field(factory=list)
    again: set[str] = attrs.field(factory=set)
    refused: list[Conversation] = attrs.field(factory=list)
    number: int = 0

    async def do(self, deed: Deed) -> None:
        if deed.what == "store":
            self.number += 1
            # Out of order, and some at equal times.
            await self.try_to_store(examples.conversation(self.number, user_id=deed.user, minute=deed.which % 7))
        elif deed.what == "store again":
            if self.taken_back:
                item = self.taken_back.pop(deed.which % len(self.taken_back))
                self.again.add(item.conversation_id)
                other = attrs.evolve(item, user_message=item.user_message + "!" * (deed.which % 2))
                await self.try_to_store(other)
        else:
            with contextlib.suppress(Moved):
                await self.erase(deed)

    async def try_to_store(self, item: Conversation) -> None:
        try:
            await self.store(item)
        except Moved:
            self.refused.append(item)

    async def erase(self, deed: Deed) -> None:
        gone = [key for key, item in self.stored.items() if item.user_id == deed.user]
        if deed.what == "forget a user":
            await self.home.forget_user(tenant_id="default", user_id=deed.user, projections=())
        else:
            gone = [gone[deed.which % len(gone)]] if gone else []
            await self.home.forget_conversations(
                tenant_id="default",
                user_id=deed.user,
                conversation_ids=gone,
                projections=(),
                final=deed.what == "forget one",
            )
        erased = {key: self.stored.pop(key) for key in gone}
        if deed.what == "take back one":
            self.taken_back += erased.values()
        else:
            self.forgotten |= erased

    async def store(self, item: Conversation) -> None:
        await self.home.append(conversation=item, projections=(), time_given=True)
        self.stored[item.conversation_id] = item


class Between:
    """An archive, as a move sees it: before each of its calls something else may happen."""

    def __init__(self, archive: ConversationArchive, before_each: Callable[[], Awaitable[None]]) -> None:
        self._archive = archive
        self._before_each = before_each

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._archive, name)

        async def call(**arguments: Any) -> Any:
            await self._before_each()
            return await method(**arguments)

        return call


def archive() -> InMemoryConversationArchive:
    return InMemoryConversationArchive(store=InMemoryStore(clock=ManualClock()))


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user has several pages, and there are several pages of users."""
    monkeypatch.setattr(archive_copy, "_PAGE", 2)
    monkeypatch.setattr(archive_copy, "_USERS_PAGE", 2)
    monkeypatch.setattr(archive_copy, "_IDS_PAGE", 2)


@settings(max_examples=settings.get_profile("default").max_examples * 10)
@given(
    before=deeds,
    meanwhile=deeds,
    killed_fenced=st.lists(st.integers(0, 15), max_size=3),
    own=st.integers(0, 3),
)
def test_a_move_brings_everything_once_whatever_happens_meanwhile(
    before: list[Deed], meanwhile: list[Deed], killed_fenced: list[int], own: int
) -> None:
    asyncio.run(check(before, meanwhile, killed_fenced, own))


async def check(before: list[Deed], meanwhile: list[Deed], killed_fenced: list[int], own: int) -> None:
    """Several runs, each of which is killed, until one comes to its end.

    Args:
        killed_fenced: so many calls after the fence was put up, too.
        own: conversations that the new archive had before.
    """
    source, target = archive(), archive()
    mine = [examples.conversation(1000 + number, user_id=USERS[number % 2]) for number in range(own)]
    await target.adopt(conversations=mine, projections=())
    bot = Bot(source)
    for deed in before:
        if deed.what != "kill":
            await bot.do(deed)
    calls, calls_fenced, killed = 0, 0, False
    due = sorted(meanwhile, key=lambda deed: deed.at)[::-1]

    async def before_each() -> None:
        nonlocal calls, calls_fenced, killed
        calls += 1
        calls_fenced = calls_fenced + 1 if await source.fenced() is not None else 0
        if killed_fenced and calls_fenced > killed_fenced[-1] and not killed:
            killed_fenced.pop()
            killed = True
        while due and due[-1].at < calls and not killed:
            deed = due.pop()
            if deed.what == "kill":
                killed = True
            else:
                await bot.do(deed)
        if killed:  # nor does it clear up
            raise Killed

    while True:
        move = MoveArchive(
            source=Between(source, before_each),
            target=Between(target, before_each),
            destination=DESTINATION,
            projections=[Projection.LEXICAL],
            move_id=f"{calls}",
        )
        try:
            report = await move()
        except Killed:
            killed = False
            continue
        break
    assert report.complete
    bot.home = target
    await agree(bot, source, target, own=[item.conversation_id for item in mine])

    again = await MoveArchive(source=source, target=target, destination=DESTINATION, projections=(), move_id="again")()
    assert (again.complete, again.copied) == (True, 0)
    for item in bot.refused:
        await bot.store(item)
    await agree(bot, source, target, own=[item.conversation_id for item in mine], moved=False)
    for item in bot.forgotten.values():
        with pytest.raises(Forgotten):
            await bot.store(item)


async def agree(
    bot: Bot, source: ConversationArchive, target: ConversationArchive, *, own: list[str], moved: bool = True
) -> None:
    """The new archive holds what the bot was told, as it was told; and so does the old one, if nothing was stored since."""
    for user_id in USERS:
        expected = [item for item in bot.stored.values() if item.user_id == user_id]
        there = [
            item for item in await target.page(tenant_id="default", user_id=user_id) if item.conversation_id not in own
        ]
        assert Counter(item.content_hash() for item in there) == Counter(item.content_hash() for item in expected)
        orders = [[key for key in examples.ids(items) if key not in bot.again] for items in (there, expected)]
        assert orders[0] == orders[1]
        user = User(tenant_id="default", user_id=user_id)
        if moved:
            here = await source.page(tenant_id=user.tenant_id, user_id=user_id)
            assert sorted(examples.ids(here)) == sorted(examples.ids(there))
        epochs = [await item.epoch(tenant_id=user.tenant_id, user_id=user_id) for item in (source, target)]
        assert epochs[0] <= epochs[1]
    left = (
        await target.page(tenant_id="default", user_id=USERS[0]),
        await target.page(tenant_id="default", user_id=USERS[1]),
    )
    assert {item.conversation_id for page in left for item in page} >= set(own)
