"""Killed with `kill -9` at any moment: what was acknowledged is there, once, and the tiers agree.

`TALKTIERS_TEST_KILLS` says how often; 25 times unless it does.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import attrs
import pytest
import storing_process
from storing_process import TALKERS, mayfly, said

from talktiers import Forgotten, HierarchicalMemoryManager, open_memory
from talktiers.domain.conversation import ConversationKey
from talktiers.domain.identifiers import keyed_conversation_id
from talktiers.domain.place import Scope
from talktiers.domain.projection import Projection
from talktiers.domain.recent_window import windows_for

KILLS = int(os.environ.get("TALKTIERS_TEST_KILLS", "25"))
KILLS_A_FILE = 5
USERS = ("ana", "ben")

# A process that has imported everything already and is copied for each round: starting Python anew takes ten times as long.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["talktiers.entrypoints.wiring.opening", "talktiers.adapters.sqlite.database"])


@attrs.define
class Told:
    """What a process said before it ended.

    Attributes:
        stored: keys in the order of their acknowledgements.
        forgetting, forgotten: the last key of its mayfly when a forgetting began and when one was acknowledged.
    """

    name: str
    stored: list[str] = attrs.field(factory=list)
    forgetting: str | None = None
    forgotten: str | None = None
    ended: bool = False

    def attempted(self) -> dict[str, str]:
        """Every key that was stored or may have been, with its user."""
        last: dict[str, int] = {f"{self.name}.{talker}": -1 for talker in range(TALKERS)} | {mayfly(self.name): -1}
        for key in self.stored:
            prefix, _, number = key.rpartition("-")
            assert int(number) == last[prefix] + 1
            last[prefix] = int(number)
        return {
            f"{prefix}-{number}": self.user_of(prefix)
            for prefix, highest in last.items()
            for number in range(highest + 2)
        }

    def user_of(self, prefix: str) -> str:
        if prefix == mayfly(self.name):
            return prefix
        return USERS[int(prefix.rpartition(".")[2]) % len(USERS)]


@attrs.define
class Expected:
    """Everything that one file must hold and must not."""

    stored: dict[str, str] = attrs.field(factory=dict)
    erased: set[str] = attrs.field(factory=set)


def started(
    path: Path, name: str, *, seconds: float | None = None, embedder: str = "off"
) -> tuple[BaseProcess, Connection]:
    hearing, telling = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=storing_process.run, args=(path, name, USERS, seconds, telling, embedder))
    process.start()
    telling.close()
    return process, hearing


def heard(name: str, hearing: Connection) -> Told:
    """Everything that was said, to the end."""
    told = Told(name)
    while True:
        try:
            what, _, key = hearing.recv_bytes().decode().partition(" ")
        except EOFError:
            hearing.close()
            return told
        match what:
            case storing_process.STORED:
                told.stored.append(key)
            case storing_process.FORGETTING:
                told.forgetting = key
            case storing_process.FORGOTTEN:
                told.forgotten = key
            case storing_process.ENDED:
                told.ended = True


def number_of(key: str | None) -> int:
    return -1 if key is None else int(key.rpartition("-")[2])


def id_of(key: str) -> str:
    return keyed_conversation_id(tenant_id="default", idempotency_key=key)


async def existing(memory: HierarchicalMemoryManager, keys: dict[str, str]) -> set[str]:
    """Which of the keys are stored."""
    ids = {id_of(key): key for key in keys}
    found = await memory._open.tiers.archive.existing(
        keys=[
            ConversationKey(tenant_id="default", user_id=user_id, conversation_id=id_of(key))
            for key, user_id in keys.items()
        ]
    )
    return {ids[item] for item in found}


async def check_after_reopening(memory: HierarchicalMemoryManager, told: Told, expected: Expected) -> None:
    """Nothing acknowledged is missing; then the caller tries everything again."""
    attempted = told.attempted()
    there = await existing(memory, attempted)
    fate = {key: key in there for key in told.stored}
    for key in told.stored:
        of_mayfly = key.startswith(mayfly(told.name))
        if not of_mayfly or number_of(key) > number_of(told.forgetting):
            assert fate[key], f"{key} was acknowledged and is gone"
        elif number_of(key) <= number_of(told.forgotten):
            assert not fate[key], f"{key} was forgotten and is there"
    between = {
        fate[key]
        for key in told.stored
        if key.startswith(mayfly(told.name))
        and number_of(told.forgotten) < number_of(key) <= number_of(told.forgetting)
    }
    assert len(between) <= 1, "half of a user was forgotten"

    async def try_again(key: str) -> None:
        user_id = attempted[key]
        try:
            assert await memory.store_conversation(**said(key, user_id=user_id)) == id_of(key)
            expected.stored[key] = user_id
        except Forgotten:
            assert key.startswith(mayfly(told.name))
            assert key not in there
            expected.erased.add(key)

    await asyncio.gather(*map(try_again, attempted))


async def check_tiers(memory: HierarchicalMemoryManager, expected: Expected) -> None:
    """Once settled, the archive holds what it must, each exactly once, and every tier what the archive holds."""
    await memory.settle(timeout_s=60)
    tiers = memory._open.tiers
    assert await tiers.outbox.dead_letters() == []
    by_user: defaultdict[str, set[str]] = defaultdict(set)
    for key, user_id in expected.stored.items():
        by_user[user_id].add(id_of(key))
    users = {*by_user, *(key.rpartition("-")[0] for key in expected.erased)}
    assert await tiers.archive.total_conversations() == len(expected.stored)
    for user_id in users:
        stored = Counter([item.conversation_id async for item in memory.export_user(user_id)])
        assert stored == Counter(by_user[user_id])
        for projection, tier in tiers.derived.items():
            held = await tier.conversation_ids(tenant_id="default", user_id=user_id)
            if projection is Projection.CACHE:
                assert held <= by_user[user_id]
            else:
                assert held == by_user[user_id], projection
        await check_window(memory, user_id)


async def check_window(memory: HierarchicalMemoryManager, user_id: str) -> None:
    """A window of the cache that says that it is complete is."""
    tiers = memory._open.tiers
    scope = Scope(user_id=user_id)
    assert tiers.cache is not None
    epoch = await tiers.archive.epoch(tenant_id="default", user_id=user_id)
    for window in await tiers.cache.read(keys=windows_for(scope)):
        if window.complete and window.epoch == epoch:
            assert list(window.conversations) == await tiers.archive.recent(scope=scope, limit=20)


def check_file(path: Path) -> None:
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        connection.close()


def check(path: Path, tellers: Iterable[Told], expected: Expected) -> None:
    async def reopened() -> None:
        async with open_memory(storing_process.settings(path)) as memory:
            for told in tellers:
                await check_after_reopening(memory, told, expected)
            await check_tiers(memory, expected)

    asyncio.run(reopened())
    check_file(path)


@pytest.mark.parametrize("file", range(-(-KILLS // KILLS_A_FILE)))
def test_what_was_acknowledged_survives_a_kill_and_the_tiers_agree(tmp_path: Path, file: int) -> None:
    path = tmp_path / "memory.db"
    expected = Expected()
    acknowledged = 0
    for kill in range(KILLS_A_FILE):
        process, hearing = started(path, f"{file}.{kill}")
        assert hearing.poll(30), "the process stored nothing"
        time.sleep(random.uniform(0, 0.3))
        process.kill()
        process.join()
        told = heard(f"{file}.{kill}", hearing)
        assert not told.ended
        acknowledged += len(told.stored)
        check(path, [told], expected)
    assert acknowledged > KILLS_A_FILE


def test_a_process_that_is_killed_while_it_opens_a_new_file_leaves_one_that_opens(tmp_path: Path) -> None:
    for kill in range(5):
        path = tmp_path / f"{kill}.db"
        process, hearing = started(path, str(kill))
        while not path.exists():
            time.sleep(0.0005)
        time.sleep(random.uniform(0, 0.01))
        process.kill()
        process.join()
        check(path, [heard(str(kill), hearing)], Expected())


def test_a_process_is_not_harmed_when_another_one_on_the_same_file_and_users_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    expected = Expected()
    for kill in range(3):
        survivor, hearing_survivor = started(path, f"survivor{kill}", seconds=0.8)
        victim, hearing_victim = started(path, f"victim{kill}")
        assert hearing_victim.poll(30)
        time.sleep(random.uniform(0, 0.3))
        victim.kill()
        victim.join()
        of_victim = heard(f"victim{kill}", hearing_victim)
        of_survivor = heard(f"survivor{kill}", hearing_survivor)
        survivor.join(30)
        assert survivor.exitcode == 0
        assert of_survivor.ended
        assert of_survivor.stored
        check(path, [of_victim, of_survivor], expected)
