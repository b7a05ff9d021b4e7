"""Processes of a move: bots that store and forget all the time and say what was acknowledged; a move that ends halfway."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
from collections.abc import Coroutine
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from talktiers import HierarchicalMemoryManager, Moved, open_memory
from talktiers.application.moving import MoveArchive
from talktiers.entrypoints.configuration import load_settings
from talktiers.entrypoints.moving import NewHome, move_memory
from talktiers.ports.conversation_archive import Fence

TALKERS = 2
FORGOTTEN_EVERY = 5
PAUSE_S = 0.01
"""Between two stores of a talker: what all bots store must be small beside what a move copies in that time."""

STORED, FORGOTTEN, MOVED, ENDED = "stored", "forgotten", "moved", "ended"
"""What a bot says. After the first one stand its conversation id and its text, after the second one a user."""


def settings(path: Path) -> dict[str, dict[str, object]]:
    """Of a bot; without vectors, which take long to load."""
    return {"sqlite": {"path": str(path)}, "embedder": {"backend": "off"}, "projector": {"in_process": False}}


def bot(path: Path, name: str, follow: bool, stop: Event, told: Connection) -> None:
    """Stores and forgets until it is to stop, or until it is told that the memory has moved."""
    asyncio.run(_bot(path, name, follow, stop, told))
    _tell(told, ENDED)


async def _bot(path: Path, name: str, follow: bool, stop: Event, told: Connection) -> None:
    async with open_memory(settings(path), follow_moves=follow) as memory:
        work = [_talk(memory, f"{name}.{talker}", stop, told) for talker in range(TALKERS)]
        work.append(_live_shortly(memory, f"{name}.mayfly", stop, told))
        await asyncio.gather(*(_until_moved(talking, told) for talking in work))


async def _until_moved(talking: Coroutine[None, None, None], told: Connection) -> None:
    # Each by itself: a forgetting that another one's error cancels has happened or not.
    try:
        await talking
    except Moved:
        _tell(told, MOVED)


async def _talk(memory: HierarchicalMemoryManager, name: str, stop: Event, told: Connection) -> None:
    number = 0
    while not stop.is_set():
        await _store(memory, f"user-{name[-1]}", f"{name}-{number}", told, keyed=number % 2 == 0)
        number += 1


async def _live_shortly(memory: HierarchicalMemoryManager, name: str, stop: Event, told: Connection) -> None:
    number = 0
    while not stop.is_set():
        await _store(memory, name, f"{name}-{number}", told, keyed=True)
        number += 1
        if number % FORGOTTEN_EVERY == 0:
            await memory.forget_user(name)
            _tell(told, f"{FORGOTTEN} {name}")


async def _store(memory: HierarchicalMemoryManager, user_id: str, text: str, told: Connection, *, keyed: bool) -> None:
    stored = await memory.store_conversation(user_id, text, "I see", idempotency_key=text if keyed else None)
    _tell(told, f"{STORED} {stored} {text}")
    await asyncio.sleep(PAUSE_S)


def _tell(told: Connection, what: str) -> None:
    told.send_bytes(what.encode())


def move(old: Path, new: Path, ends_at: str | int | None) -> None:
    """Moves without waiting for the tiers, and is killed on the way.

    Args:
        ends_at: shortly after so many pages; ``fenced``: when stores are refused; ``copied``: when in addition
            everything is in the new archive; ``None``: it is not.
    """
    change, tell = MoveArchive._change_fence, MoveArchive._tell
    pages = 0

    async def ending(self: MoveArchive, **fences: Any) -> None:
        after: Fence = fences["after"]
        if after.complete and ends_at == "copied":
            _die()
        await change(self, **fences)
        if not after.complete and ends_at == "fenced":
            _die()

    def telling(self: MoveArchive) -> None:
        nonlocal pages
        pages += 1
        if pages == ends_at:
            threading.Timer(random.uniform(0, 0.02), _die).start()  # in the midst of something
        tell(self)

    # In a process of its own.
    MoveArchive._change_fence = ending  # type: ignore[method-assign]
    MoveArchive._tell = telling  # type: ignore[method-assign]
    asyncio.run(move_memory(old=load_settings(settings(old)), home=NewHome.named(str(new)), settle=False))


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
