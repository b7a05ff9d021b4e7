"""The memory against a model: nothing acknowledged is lost, nothing leaves its scope, nothing forgotten comes back.

A state machine stores, reads, forgets and crashes at random over users, channels and audiences. The model keeps a list
and its own, naive version of the privacy rule. Every text carries a canary, so that whatever comes out of any call can
be traced to the conversation that it came from.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, ClassVar, TypedDict, TypeVar

import attrs
import hypothesis.strategies as st
import pytest
from crashing_tiers import Crash, CrashSwitch, abandon_other_tasks, crashing
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from talktiers import ErasureReceipt, Forgotten, HierarchicalMemoryManager, IdempotencyConflict
from talktiers.application.memory import Memory, MemoryOptions
from talktiers.application.projecting import ProjectorOptions
from talktiers.entrypoints.configuration import load_settings
from talktiers.entrypoints.settings import Settings
from talktiers.entrypoints.wiring.opening import memory_options, opened_parts

T = TypeVar("T")


class Where(TypedDict, total=False):
    """Where something was said, as the manager takes it."""

    channel_id: str
    server_id: str
    audience: str


USERS = ("ana", "ben")
BOTS = ("luna", "sol")
PLACES: tuple[Where, ...] = (
    {},
    {"channel_id": "dm", "audience": "direct"},
    {"channel_id": "c1", "server_id": "s1"},
    {"channel_id": "c1", "server_id": "s1", "audience": "public_channel"},
    {"channel_id": "c2", "server_id": "s1", "audience": "public_channel"},
    {"channel_id": "c3", "server_id": "s2", "audience": "public_channel"},
    {"channel_id": "c4", "audience": "public_channel"},
    {"channel_id": "c2", "server_id": "s1", "audience": "private_channel"},
    {"audience": "shared"},
)
WORDS = ("garden", "violin", "harbour", "lantern", "marathon", "pottery")
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
CANARY = re.compile(r"canary(\d+)x")

users, bots, places, words = map(st.sampled_from, (USERS, BOTS, PLACES, WORDS))
which = st.integers(0, 1_000_000)
"""Chosen before it is known of how many: what a crash left stored is not the same in every run."""


@attrs.frozen
class Said:
    """What the model remembers of one store."""

    number: int
    user: str
    bot: str
    place: Where
    word: str
    occurred_at: dt.datetime
    key: str | None

    def arguments(self) -> dict[str, Any]:
        return {
            "user_id": self.user,
            "user_message": f"I talked about the {self.word} canary{self.number}x today",
            "bot_response": f"Tell me more about the {self.word}",
            "occurred_at": self.occurred_at,
            "idempotency_key": self.key,
            "bot_id": self.bot,
            "user_name": self.user.title(),
            "metadata": {"note": f"canary{self.number}x"},
            **self.place,
        }


def audience_of(place: Where) -> str:
    return place.get("audience", "private_channel" if "channel_id" in place else "direct")


def may_see(reader: Where, said: Where) -> bool:
    """The privacy rule, case by case."""
    of_reader, of_said = audience_of(reader), audience_of(said)
    if of_reader == "direct" or of_said == "shared":
        return True
    if of_said == "direct" or of_reader == "shared":
        return False
    if of_said == "private_channel":
        same = (reader.get("channel_id"), reader.get("server_id")) == (said.get("channel_id"), said.get("server_id"))
        return of_reader == "private_channel" and same
    if "server_id" in said:
        return reader.get("server_id") == said["server_id"]
    return "server_id" not in reader and reader.get("channel_id") == said.get("channel_id")


class MemoryMachine(RuleBasedStateMachine):
    """One user of the memory, who is never told anything that the model would not tell."""

    address: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.runner.get_loop().set_exception_handler(lambda *_: None)  # crashed tasks are meant to be
        self.folder = Path(tempfile.mkdtemp())
        self.stack = AsyncExitStack()
        self.switch = CrashSwitch()
        self.stored: dict[str, Said] = {}
        self.forgotten_keys: dict[str, Said] = {}
        self.number = 0
        self.settings = self.chosen_settings()
        self.runner.run(self._open_stores())
        self.runner.run(self._begin())

    def chosen_settings(self) -> Settings:
        """Of stores that nobody has used before."""
        return load_settings(self.address.format(folder=self.folder), environment={})

    def teardown(self) -> None:
        self.runner.run(self._end())
        self.runner.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def _open_stores(self) -> None:
        """What survives a crash of the process: the file, or the stores in memory."""
        self.tiers, self.processors = await opened_parts(self.settings, self.stack)

    async def _begin(self) -> None:
        """A process that uses them."""
        self.switch = CrashSwitch()
        options: MemoryOptions = attrs.evolve(
            memory_options(self.settings),
            projector=ProjectorOptions(lease_s=0.01, poll_s=0.02, gather_s=0, batch_size=4),
        )
        self.process = Memory(tiers=crashing(self.tiers, self.switch), processors=self.processors, options=options)
        self.process.start()
        self.memory = HierarchicalMemoryManager(self.settings)
        self.memory._memory = self.process

    async def _end(self) -> None:
        await abandon_other_tasks()
        await self.stack.aclose()

    async def _survive(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await call()
        except Crash:
            await abandon_other_tasks()
            await self._begin()
            raise

    def run(self, call: Callable[[], Awaitable[T]]) -> T:
        """The call's result, or `Crash` after a new process has begun."""
        return self.runner.run(self._survive(call))

    def read(self, call: Callable[[], Awaitable[T]]) -> T:
        """The call's result; a process that dies meanwhile is begun anew and asked again."""
        try:
            return self.run(call)
        except Crash:
            return self.run(call)

    def visible(self, user: str, bot: str, place: Where) -> dict[str, Said]:
        return {
            key: said
            for key, said in self.stored.items()
            if said.user == user and said.bot == bot and may_see(place, said.place)
        }

    def check(self, text: str, user: str, bot: str, place: Where) -> set[int]:
        """Every canary in a text is one that this reader may see."""
        seen = {int(number) for number in CANARY.findall(text)}
        allowed = {said.number for said in self.visible(user, bot, place).values()}
        assert seen <= allowed, f"{seen - allowed} reached {user} at {place}"
        return seen

    @rule(user=users, bot=bots, place=places, word=words, minutes=st.integers(0, 500), keyed=st.booleans())
    def store(self, user: str, bot: str, place: Where, word: str, minutes: int, keyed: bool) -> None:
        self.number += 1
        key = f"message-{self.number}" if keyed else None
        said = Said(self.number, user, bot, place, word, START + dt.timedelta(minutes=minutes), key)
        try:
            conversation_id = self.run(lambda: self.memory.store_conversation(**said.arguments()))
        except Crash:
            self._after_unacknowledged(said)
        else:
            self.stored[conversation_id] = said

    def _after_unacknowledged(self, said: Said) -> None:
        """It happened or not: the caller tries again with its key, or looks."""
        if said.key is not None:
            self.stored[self.read(lambda: self.memory.store_conversation(**said.arguments()))] = said
            return
        found = self.read(lambda: self.memory.get_user_conversation_history(said.user, 1000, None, bot_id=said.bot))
        for conversation in found:
            if f"canary{said.number}x" in conversation.user_message:
                self.stored[conversation.conversation_id] = said

    @rule(which=which)
    def store_again(self, which: int) -> None:
        keyed = [(key, said) for key, said in self.stored.items() if said.key is not None]
        if not keyed:
            return
        conversation_id, said = keyed[which % len(keyed)]
        assert self.read(lambda: self.memory.store_conversation(**said.arguments())) == conversation_id
        other = {**said.arguments(), "bot_response": "something else"}
        with pytest.raises(IdempotencyConflict):
            self.read(lambda: self.memory.store_conversation(**other))

    @rule(which=which)
    def store_forgotten(self, which: int) -> None:
        if not self.forgotten_keys:
            return
        said = list(self.forgotten_keys.values())[which % len(self.forgotten_keys)]
        with pytest.raises(Forgotten):
            self.read(lambda: self.memory.store_conversation(**said.arguments()))

    @rule(user=users, bot=bots, place=places, word=words, chars=st.sampled_from((200, 1000, 4000, 20000)))
    def context(self, user: str, bot: str, place: Where, word: str, chars: int) -> None:
        bundle = self.read(
            lambda: self.memory.get_conversation_context(
                user, f"what about the {word}?", chars, bot_id=bot, deadline_ms=10_000, **place
            )
        )
        text = bundle.to_context_string()
        assert len(text) <= chars
        for part in (text, str(bundle.explain()), str(bundle.to_messages()), repr(bundle)):
            self.check(part, user, bot, place)
        visible = self.visible(user, bot, place)
        order = {key: index for index, key in enumerate(self.stored)}
        newest = max(visible, key=lambda key: (visible[key].occurred_at, order[key]), default=None)
        if newest is not None and chars >= 1000:
            assert newest in {item.conversation_id for item in bundle.recent_messages}, "a write was not read"
        times = [item.order for item in bundle.recent_messages]
        assert times == sorted(times)

    @rule(user=users, bot=bots, place=places, word=words)
    def search(self, user: str, bot: str, place: Where, word: str) -> None:
        found = self.read(lambda: self.memory.search(user, word, 50, bot_id=bot, deadline_ms=10_000, **place))
        ids = [item.conversation_id for item in found]
        assert len(ids) == len(set(ids))
        assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)
        visible = self.visible(user, bot, place)
        assert set(ids) <= set(visible)
        holding = {key for key, said in visible.items() if said.word == word}
        assert holding <= set(ids), "a stored conversation was not found"

    @rule(user=users, bot=bots, place=places)
    def history(self, user: str, bot: str, place: Where) -> None:
        found = self.read(lambda: self.memory.get_user_conversation_history(user, 1000, None, bot_id=bot, **place))
        visible = self.visible(user, bot, place)
        assert {item.conversation_id for item in found} == set(visible)
        times = [item.order for item in found]
        assert times == sorted(times, reverse=True)
        everything = list(self.stored)
        fetched = self.read(lambda: self.memory.get_conversations(user, everything, bot_id=bot, **place))
        assert {item.conversation_id for item in fetched} == set(visible)
        sessions = self.read(lambda: self.memory.sessions(user, 1000, bot_id=bot, **place))
        assert {key for session in sessions for key in session.conversation_ids} == set(visible)

    @rule(user=users, bot=bots, place=places)
    def interests(self, user: str, bot: str, place: Where) -> None:
        topics = self.read(lambda: self.memory.interests(user, 50, bot_id=bot, **place))
        visible = self.visible(user, bot, place)
        for topic in topics:
            assert set(topic.conversation_ids) <= set(visible)
            self.check(topic.label, user, bot, place)

    @rule(user=users)
    def export(self, user: str) -> None:
        async def collect() -> list[str]:
            return [item.conversation_id async for item in self.memory.export_user(user)]

        exported = self.read(collect)
        assert sorted(exported) == sorted(key for key, said in self.stored.items() if said.user == user)

    @rule(user=users)
    def forget_user(self, user: str) -> None:
        self._forget(
            [key for key, said in self.stored.items() if said.user == user], lambda: self.memory.forget_user(user)
        )

    @rule(which=which)
    def forget_conversation(self, which: int) -> None:
        if not self.stored:
            return
        key = list(self.stored)[which % len(self.stored)]
        other = next(user for user in USERS if user != self.stored[key].user)
        user = self.stored[key].user
        self.read(lambda: self.memory.forget_conversation(other, key))  # not theirs: nothing happens
        self._forget([key], lambda: self.memory.forget_conversation(user, key))

    def _forget(self, ids: list[str], call: Callable[[], Awaitable[ErasureReceipt]]) -> None:
        try:
            receipt = self.run(call)
        except Crash:
            # Not acknowledged: it happened or not. The archive tells, for all of them at once.
            if not self._still_stored(ids):
                self._drop(ids)
            return
        assert receipt.complete, receipt.to_json()
        assert receipt.removed == len(ids)
        self._drop(ids)

    def _still_stored(self, ids: list[str]) -> bool:
        users_of = {self.stored[key].user for key in ids}

        async def collect() -> set[str]:
            return {item.conversation_id for user in users_of async for item in self.memory.export_user(user)}

        return bool(self.read(collect) & set(ids))

    def _drop(self, ids: list[str]) -> None:
        for key in ids:
            said = self.stored.pop(key)
            if said.key is not None:
                self.forgotten_keys[said.key] = said

    @rule(calls=st.integers(0, 40))
    def crash_soon(self, calls: int) -> None:
        self.switch.arm(calls)

    @rule()
    def settle(self) -> None:
        self.read(lambda: self.memory.settle(timeout_s=30))
        self.runner.run(self._check_tiers())

    async def _check_tiers(self) -> None:
        """Once settled, every derived tier holds what the archive holds, and nothing else."""
        for projection, tier in self.tiers.derived.items():
            if projection == "cache":
                continue  # which holds the latest only
            for user in USERS:
                held = await tier.conversation_ids(tenant_id="default", user_id=user)
                assert held == {key for key, said in self.stored.items() if said.user == user}, projection

    @invariant()
    def nothing_lies_in_the_dead_letters(self) -> None:
        assert self.runner.run(self.tiers.outbox.dead_letters()) == []


class InMemoryMachine(MemoryMachine):
    address = "memory://"


class SqliteMachine(MemoryMachine):
    address = "sqlite:///{folder}/talktiers.db"


TestInMemory = InMemoryMachine.TestCase
TestInMemory.settings = settings(max_examples=40, stateful_step_count=40)
TestSqlite = SqliteMachine.TestCase
TestSqlite.settings = settings(max_examples=15, stateful_step_count=40)
