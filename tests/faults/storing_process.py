"""A process that stores, reads and forgets all at once until it is killed, and says what was acknowledged."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from talktiers import HierarchicalMemoryManager, open_memory

TALKERS = 6
FORGOTTEN_EVERY = 5
LONG_TEXT = " ".join(f"word{number} of a long story" for number in range(400))
"""Some 10 kB: a row that takes several pages."""
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

STORED, FORGETTING, FORGOTTEN, ENDED = "stored", "forgetting", "forgotten", "ended"
"""What the process says, each with a key after it; the last one only where it was not killed."""


def settings(path: Path, *, embedder: str = "off") -> dict[str, object]:
    """Those of a process that is soon followed by another: what the dead one had claimed is free again at once."""
    return {
        "sqlite": {"path": str(path)},
        "embedder": {"backend": embedder},
        "projector": {"lease_s": 0.1, "poll_s": 0.02, "batch_size": 16},
    }


def mayfly(name: str) -> str:
    """The user whom a process forgets now and then."""
    return f"mayfly-of-{name}"


def said(key: str, *, user_id: str) -> dict[str, Any]:
    """What is stored under an idempotency key: the same at every attempt."""
    number = int(key.rpartition("-")[2])
    return {
        "user_id": user_id,
        "user_message": f"My sister told me the story {key} about Porto. {LONG_TEXT if number % 7 == 3 else ''}",
        "bot_response": f"Tell me more about {key}",
        "idempotency_key": key,
        "occurred_at": START + dt.timedelta(minutes=number) if number % 2 else None,
        "channel_id": "garden" if number % 3 == 0 else None,
    }


def run(path: Path, name: str, users: tuple[str, ...], seconds: float | None, told: Connection, embedder: str) -> None:
    """Works until it is killed, or for so many seconds.

    Args:
        name: begins every key of this process.
        users: among whom the talkers are shared out.
    """
    asyncio.run(_work(path, name, users, seconds, told, embedder))
    _tell(told, ENDED, name)


async def _work(
    path: Path, name: str, users: tuple[str, ...], seconds: float | None, told: Connection, embedder: str
) -> None:
    async with open_memory(settings(path, embedder=embedder)) as memory:
        tasks = [
            asyncio.create_task(work)
            for work in (
                *(_talk(memory, f"{name}.{talker}", users[talker % len(users)], told) for talker in range(TALKERS)),
                *(_read(memory, user) for user in users),
                _live_shortly(memory, name, told),
            )
        ]
        ended, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in ended:
            task.result()


async def _talk(memory: HierarchicalMemoryManager, name: str, user_id: str, told: Connection) -> None:
    for number in range(1_000_000):
        key = f"{name}-{number}"
        await memory.store_conversation(**said(key, user_id=user_id))
        _tell(told, STORED, key)


async def _read(memory: HierarchicalMemoryManager, user_id: str) -> None:
    while True:
        await memory.get_conversation_context(user_id, "what did my sister tell me about Porto?")
        await asyncio.sleep(random.uniform(0, 0.02))


async def _live_shortly(memory: HierarchicalMemoryManager, name: str, told: Connection) -> None:
    user_id = mayfly(name)
    for number in range(1_000_000):
        key = f"{user_id}-{number}"
        await memory.store_conversation(**said(key, user_id=user_id))
        _tell(told, STORED, key)
        if number % FORGOTTEN_EVERY == FORGOTTEN_EVERY - 1:
            _tell(told, FORGETTING, key)
            await memory.forget_user(user_id)
            _tell(told, FORGOTTEN, key)


def _tell(told: Connection, what: str, key: str) -> None:
    told.send_bytes(f"{what} {key}".encode())
