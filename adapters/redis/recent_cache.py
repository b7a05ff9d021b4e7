"""Tier 1 on a Redis server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from ...domain.conversation import Conversation
from ...domain.projection import Projection
from ...domain.recent_window import CachedConversation, RecentWindow, WindowKey
from ...ports.recent_cache import RecentCache
from .cache_entries import decoded, encoded, entry_of, field_of, id_of_field
from .scripts import DROP, MERGE, REMOVE, STATE, Script
from .server import Command, RedisServer, Reply

DEFAULT_SIZE = 20
DEFAULT_TTL_S = 1800.0

_SECOND_MS = 1000
_STATE = re.compile(rb"(?P<epoch>\d{1,15}) (?P<filled>\d{1,9})")

_SCANNED_AT_ONCE = 1000
_SCANS = 10
"""Of that many keys each a measurement of size looks at the most: it takes some milliseconds of any server."""
_WEIGHED = 200
"""How many keys of ours it weighs; the others are taken to be like them."""


class RedisRecentCache(RecentCache):
    """Windows as hashes; they expire by the server's own time.

    A server that drops keys when its memory is full may drop a user's register before their windows. Forgetting does
    not find these then; their epoch voids them, and they expire at most ``ttl_s`` after they were last written.

    Args:
        server: open; what is stored stands under its prefix.
        size: how many conversations a window holds.
        ttl_s: how long a window lives after it was last written.
    """

    name = Projection.CACHE.value

    def __init__(self, *, server: RedisServer, size: int = DEFAULT_SIZE, ttl_s: float = DEFAULT_TTL_S) -> None:
        self._server = server
        self._keys = server.keys
        self._size = size
        self._ttl_ms = round(ttl_s * _SECOND_MS)

    async def push(self, *, entries: Sequence[CachedConversation]) -> None:
        windows: dict[WindowKey, list[CachedConversation]] = {}
        for entry in entries:
            for key in entry.windows:
                windows.setdefault(key, []).append(entry)
        commands = []
        for key, members in windows.items():
            epoch = max(member.epoch for member in members)
            latest = [member.conversation for member in members if member.epoch == epoch]
            commands.append(self._merging(key, latest, epoch=epoch, filled=0))
        if commands:
            await self._server.run("push", commands)

    async def fill(self, *, key: WindowKey, conversations: Sequence[Conversation], epoch: int) -> None:
        await self._server.run("fill", [self._merging(key, conversations, epoch=epoch, filled=self._size)])

    async def read(self, *, keys: Sequence[WindowKey]) -> list[RecentWindow]:
        if not keys:
            return []
        commands: list[Command] = [("HGETALL", self._keys.window_and_register(key)[0]) for key in keys]
        replies = await self._server.run("read", commands, wrong_type_is_none=True)
        removals: list[Command] = []
        windows = [self._window(key, reply, removals) for key, reply in zip(keys, replies, strict=True)]
        if removals:
            await self._server.run("read", removals)
        return windows

    async def forget_user(self, *, tenant_id: str, user_id: str) -> int:
        register, windows = await self._windows_of("forget_user", tenant_id, user_id)
        replies = await self._on_each("forget_user", windows, lambda window: _calling(DROP, window, register))
        return len(_ids(replies))

    async def forget_conversations(self, *, tenant_id: str, user_id: str, conversation_ids: Sequence[str]) -> int:
        if not conversation_ids:
            return 0
        register, windows = await self._windows_of("forget_conversations", tenant_id, user_id)
        unwanted = [encoded(conversation_id) for conversation_id in conversation_ids]
        replies = await self._on_each(
            "forget_conversations", windows, lambda window: _calling(REMOVE, window, register, "id", *unwanted)
        )
        return len(_ids(replies))

    async def conversation_ids(self, *, tenant_id: str, user_id: str) -> frozenset[str]:
        _, windows = await self._windows_of("conversation_ids", tenant_id, user_id)
        replies = await self._on_each("conversation_ids", windows, lambda window: ("HKEYS", window))
        return _ids(replies)

    async def size_bytes(self) -> int:
        """Memory that the server takes for windows and registers, estimated where it holds very many keys."""
        total, (cursor, found) = await self._server.run("size_bytes", [("DBSIZE",), self._scanning(b"0")])
        scans = 1
        while cursor != b"0" and scans < _SCANS:
            ((cursor, more),) = await self._server.run("size_bytes", [self._scanning(cursor)])
            found += more
            scans += 1
        if not found:
            return 0
        weighed = await self._server.run("size_bytes", [("MEMORY", "USAGE", key) for key in found[:_WEIGHED]])
        held = sum(weight or 0 for weight in weighed) * len(found) / len(weighed)
        looked_at = scans * _SCANNED_AT_ONCE
        return round(held if cursor == b"0" else held * max(1.0, total / looked_at))

    def _scanning(self, cursor: bytes) -> Command:
        return ("SCAN", cursor, "MATCH", self._keys.pattern, "COUNT", _SCANNED_AT_ONCE)

    def _merging(self, key: WindowKey, conversations: Iterable[Conversation], *, epoch: int, filled: int) -> Command:
        """The step that merges the latest of them, no more than a window holds, into a window."""
        # Each once, lest one that was given many times crowd others out.
        unique = {conversation.conversation_id: conversation for conversation in conversations}.values()
        latest = sorted(unique, key=lambda conversation: conversation.order)[-self._size :]
        pairs = [part for item in latest for part in (field_of(item), entry_of(item))]
        window, register = self._keys.window_and_register(key)
        return _calling(MERGE, window, register, epoch, filled, self._size, self._ttl_ms, *pairs)

    def _window(self, key: WindowKey, reply: Reply, removals: list[Command]) -> RecentWindow:
        """The window of a reply to HGETALL; what has to be removed from the server because of it is added there."""
        held: dict[bytes, bytes] = {} if reply is None else dict(zip(reply[::2], reply[1::2], strict=True))
        state = _STATE.fullmatch(held.pop(STATE, b""))
        if state is None:
            if reply or reply is None:
                removals.append(_calling(REMOVE, *self._keys.window_and_register(key), "field"))
            return RecentWindow(key=key, conversations=(), complete=False, epoch=0)
        conversations, poisoned = decoded(key, held)
        if poisoned:
            removals.append(_calling(REMOVE, *self._keys.window_and_register(key), "field", *poisoned))
        return RecentWindow(
            key=key,
            conversations=tuple(conversations[-self._size :]),
            complete=not poisoned and int(state["filled"]) >= self._size,
            epoch=int(state["epoch"]),
        )

    async def _windows_of(self, operation: str, tenant_id: str, user_id: str) -> tuple[str, list[bytes]]:
        """The keys of a user's register and windows."""
        register = self._keys.register(tenant_id=tenant_id, user_id=user_id)
        (windows,) = await self._server.run(operation, [("ZRANGE", register, 0, -1)])
        return register, windows

    async def _on_each(
        self, operation: str, windows: Sequence[bytes], command: Callable[[bytes], Command]
    ) -> list[Reply]:
        """The replies to a command on every window."""
        if not windows:
            return []
        commands = [command(window) for window in windows]
        return await self._server.run(operation, commands, wrong_type_is_none=True)


def _calling(script: Script, window: bytes | str, register: str, *arguments: bytes | str | int) -> Command:
    return ("EVALSHA", script.sha, 2, window, register, *arguments)


def _ids(replies: Iterable[list[bytes] | None]) -> frozenset[str]:
    """The conversations of windows' fields, each once."""
    return frozenset(id_of_field(field) for fields in replies for field in fields or () if field != STATE)
