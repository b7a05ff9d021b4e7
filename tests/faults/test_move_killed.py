"""Bots that go on storing and forgetting while their memory is moved, and moves that are killed: all is there, once."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import random
import signal
import time
from collections import Counter
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path

import attrs
import moving_processes
import pytest
from four_servers import FourServers

from talktiers import Forgotten, HierarchicalMemoryManager, open_memory
from talktiers.adapters.sqlite.conversation_archive import SqliteConversationArchive
from talktiers.adapters.sqlite.database import Database
from talktiers.ports.contracts import examples

# A process that has imported everything already and is copied: else most moves would be killed before they begin.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["moving_processes", "talktiers.entrypoints.wiring.opening"])
EARLIER = 3000
"""Conversations that are there before."""
PAGES = 15
"""At least so many are copied."""
KILLS = 3


@attrs.define
class Bot:
    """A bot's process, and everything that it has said.

    Attributes:
        stored: texts that were acknowledged and not forgotten since, with their conversation ids.
        forgotten: texts whose user was forgotten.
    """

    name: str
    process: BaseProcess
    hearing: Connection
    stop: Event
    stored: dict[str, str] = attrs.field(factory=dict)
    forgotten: set[str] = attrs.field(factory=set)
    moved: bool = False
    ended: bool = False

    @classmethod
    def started(cls, path: Path, name: str, *, follow: bool) -> Bot:
        hearing, telling = PROCESSES.Pipe(duplex=False)
        stop = PROCESSES.Event()
        process = PROCESSES.Process(target=moving_processes.bot, args=(path, name, follow, stop, telling), daemon=True)
        process.start()
        telling.close()
        return cls(name, process, hearing, stop)

    def listen(self, *, seconds: float) -> None:
        """Takes in what it says in that time, so that it never waits for a listener."""
        until = time.monotonic() + seconds
        while not self.ended and self.hearing.poll(max(0, until - time.monotonic())):
            what, *rest = self.hearing.recv_bytes().decode().split(" ")
            match what:
                case moving_processes.STORED:
                    conversation_id, text = rest
                    assert text not in self.stored
                    self.stored[text] = conversation_id
                case moving_processes.FORGOTTEN:
                    gone = {text for text in self.stored if text.startswith(f"{rest[0]}-")}
                    self.forgotten |= gone
                    self.stored = {text: key for text, key in self.stored.items() if text not in gone}
                case moving_processes.MOVED:
                    self.moved = True
                case moving_processes.ENDED:
                    self.ended = True
            if time.monotonic() > until:
                return

    def end(self) -> None:
        """Lets it end its last calls."""
        self.stop.set()
        while not self.ended:
            assert self.hearing.poll(30), "the bot is stuck"
            self.listen(seconds=1)
        self.process.join(30)
        assert self.process.exitcode == 0


async def fill(path: Path) -> None:
    """What was said before any of this."""
    async with Database(path, synchronous="NORMAL") as database:
        archive = SqliteConversationArchive(database=database)
        for start in range(0, EARLIER, 500):
            items = [
                examples.conversation(number, user_id=f"earlier-{number % 7}") for number in range(start, start + 500)
            ]
            await archive.adopt(conversations=items, projections=())


def move(old: Path, new: Path, *, ends_at: str | int | None) -> BaseProcess:
    process = PROCESSES.Process(target=moving_processes.move, args=(old, new, ends_at), daemon=True)
    process.start()
    return process


async def check(memory: HierarchicalMemoryManager, bots: list[Bot]) -> None:
    """The memory holds what the bots were told, each exactly once and in the order of each talker, and nothing else."""
    expected = {text: key for bot in bots for text, key in bot.stored.items()}
    there: dict[str, list[str]] = {}
    archive = memory._open.tiers.archive
    found: Counter[str] = Counter()
    for user in await archive.users(limit=10_000):
        exported = [item async for item in memory.export_user(user.user_id)]
        there[user.user_id] = [item.user_message for item in exported]
        if not user.user_id.startswith("earlier"):
            found.update(item.user_message for item in exported)
            assert all(expected.get(item.user_message) == item.conversation_id for item in exported)
    assert found == Counter(expected.keys())
    for said in there.values():
        by_talker: dict[str, list[int]] = {}
        for text in said:
            talker, _, number = text.rpartition("-")
            if talker:
                by_talker.setdefault(talker, []).append(int(number))
        assert all(numbers == sorted(numbers) for numbers in by_talker.values())
    assert sum(len(said) for user_id, said in there.items() if user_id.startswith("earlier")) == EARLIER

    for bot in bots:
        for text in random.sample(sorted(bot.forgotten), min(20, len(bot.forgotten))):
            with pytest.raises(Forgotten):
                await memory.store_conversation("anybody", text, "I see", idempotency_key=text)
    assert await archive.total_conversations() == EARLIER + len(expected)


def listen(bots: list[Bot], *, seconds: float) -> None:
    for bot in bots:
        bot.listen(seconds=seconds / len(bots))


def moved_under_load(old: Path, new: Path) -> None:
    """Moves with bots at work, killed at random and at the worst moments; then everything is looked at."""
    asyncio.run(fill(old))
    follower, other = bots = [Bot.started(old, "follower", follow=True), Bot.started(old, "other", follow=False)]
    while not (follower.stored and other.stored):
        listen(bots, seconds=0.1)
    for ends_at in (*(random.randint(1, PAGES // 2) for _ in range(KILLS)), "fenced", "copied", None):
        moving = move(old, new, ends_at=ends_at)
        while moving.is_alive():
            listen(bots, seconds=0.05)
        assert moving.exitcode == (0 if ends_at is None else -signal.SIGKILL)
    known = len(follower.stored)
    while len(follower.stored) < known + 20:
        listen([follower], seconds=0.1)  # it goes on in the new home
    for bot in bots:
        bot.end()
    assert (follower.moved, other.moved) == (False, True)
    asyncio.run(look(old, new, bots))


async def look(old: Path, new: Path, bots: list[Bot]) -> None:
    async with open_memory(new) as memory:
        await check(memory, bots)
        await memory.settle(timeout_s=60)
        for tier in memory._open.tiers.derived.values():
            for bot in bots:
                held = await tier.conversation_ids(tenant_id="default", user_id=f"{bot.name}.mayfly")
                there = {item.conversation_id async for item in memory.export_user(f"{bot.name}.mayfly")}
                assert held == there
    async with open_memory(moving_processes.settings(old)) as memory:
        fence = await memory._open.tiers.archive.fenced()
        assert fence is not None
        assert fence.complete


def write_settings(path: Path, settings: dict[str, dict[str, object]]) -> Path:
    """Of a memory whose words and windows are looked at: to fill the other tiers would take a minute."""
    few: dict[str, dict[str, object]] = {tier: {"backend": "off"} for tier in ("embedder", "summaries", "graph")}
    settings = {**settings, **few, "projector": {"lease_s": 0.5}}
    lines = [
        text
        for section, values in settings.items()
        for text in (f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items()))
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_file_moves_to_another_while_bots_go_on_and_moves_are_killed(tmp_path: Path) -> None:
    new = write_settings(
        tmp_path / "new.toml",
        {"sqlite": {"path": str(tmp_path / "new.db")}},
    )
    moved_under_load(tmp_path / "old.db", new)


def test_a_file_moves_to_the_servers_while_bots_go_on_and_moves_are_killed(
    tmp_path: Path, four_servers: FourServers
) -> None:
    moved_under_load(tmp_path / "old.db", write_settings(tmp_path / "new.toml", four_servers.settings()))
