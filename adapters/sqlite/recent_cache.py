"""Tier 1 in an SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

import attrs

from ...domain.conversation import Conversation
from ...domain.errors import BackendCorruption
from ...domain.projection import Projection
from ...domain.recent_window import CachedConversation, RecentWindow, WindowKey
from ...ports.recent_cache import RecentCache
from .cache_entries import conversation_of_entry, entry_of
from .conversation_rows import id_bytes, id_text
from .database import Database
from .time_expressions import NOW_US, to_us

DEFAULT_SIZE = 20
DEFAULT_TTL_S = 1800.0

_SWEPT_AT_ONCE = 16
"""Windows that a write looks at for expired ones: more than it begins as a rule, so that the sweep gets round."""

_WINDOW = f"""
SELECT window_no, epoch, complete, expires_at_us <= {NOW_US} FROM recent_windows
WHERE tenant_id = ? AND user_id = ? AND bot_id = ? AND compartment = ?
"""
_ENTRIES = """
SELECT sequence, conversation_id, entry FROM recent_entries WHERE window_no = ? ORDER BY occurred_at_us, sequence
"""
_BEGIN = """
INSERT INTO recent_windows (tenant_id, user_id, bot_id, compartment, epoch, complete, expires_at_us)
VALUES (?, ?, ?, ?, ?, 0, 0) RETURNING window_no
"""
_RENEW = f"""
UPDATE recent_windows SET expires_at_us = {NOW_US} + ?, complete = MIN(MAX(complete, ?), ?) WHERE window_no = ?
"""
_ADD = "INSERT OR REPLACE INTO recent_entries VALUES (?, ?, ?, ?, ?)"
_TRIM = """
DELETE FROM recent_entries WHERE window_no = ?1 AND (occurred_at_us, sequence) <= (
    SELECT occurred_at_us, sequence FROM recent_entries WHERE window_no = ?1
    ORDER BY occurred_at_us DESC, sequence DESC LIMIT 1 OFFSET ?2
)
"""
_DROP = ("DELETE FROM recent_entries WHERE window_no = ?", "DELETE FROM recent_windows WHERE window_no = ?")
_SWEEP = f"""
SELECT window_no, expires_at_us <= {NOW_US} FROM recent_windows WHERE window_no > ? ORDER BY window_no LIMIT ?
"""

_WINDOWS_OF_USER = "SELECT window_no FROM recent_windows WHERE tenant_id = ? AND user_id = ?"
_IDS_OF_WINDOW = "SELECT conversation_id FROM recent_entries WHERE window_no = ?"
_REMOVE = "DELETE FROM recent_entries WHERE window_no = ? AND conversation_id = ?"
_INCOMPLETE = "UPDATE recent_windows SET complete = 0 WHERE window_no = ?"

_SECOND_US = 1_000_000


@attrs.frozen(kw_only=True)
class _Addition:
    """What is merged into one window."""

    key: WindowKey
    epoch: int
    complete: bool
    rows: list[tuple[int, int, bytes | None, str]]


class SqliteRecentCache(RecentCache):
    """Windows as rows; they expire by the database's own time.

    Args:
        database: open; shared with the other tiers of the same file.
        size: how many conversations a window holds.
        ttl_s: how long a window lives after it was last written.
    """

    name = Projection.CACHE.value

    def __init__(
        self,
        *,
        database: Database,
        size: int = DEFAULT_SIZE,
        ttl_s: float = DEFAULT_TTL_S,
    ) -> None:
        self._database = database
        self._size = size
        self._ttl_us = round(ttl_s * _SECOND_US)
        self._swept_to = 0

    async def push(self, *, entries: Sequence[CachedConversation]) -> None:
        windows: dict[WindowKey, list[CachedConversation]] = {}
        for entry in entries:
            for key in entry.windows:
                windows.setdefault(key, []).append(entry)
        additions: list[_Addition] = []
        for key, members in windows.items():
            epoch = max(member.epoch for member in members)
            latest = [member.conversation for member in members if member.epoch == epoch]
            additions.append(_Addition(key=key, epoch=epoch, complete=False, rows=self._rows(latest)))
        await self._database.write("push", lambda connection: self._merge(connection, additions), durable=False)

    async def fill(self, *, key: WindowKey, conversations: Sequence[Conversation], epoch: int) -> None:
        addition = _Addition(key=key, epoch=epoch, complete=True, rows=self._rows(conversations))
        await self._database.write("fill", lambda connection: self._merge(connection, [addition]), durable=False)

    async def read(self, *, keys: Sequence[WindowKey]) -> list[RecentWindow]:
        poisoned: list[tuple[int, bytes]] = []
        windows = await self._database.read(
            "read", lambda connection: [self._window(connection, key, poisoned) for key in keys]
        )
        if poisoned:
            await self._database.write("drop", lambda connection: _remove(connection, poisoned), durable=False)
        return windows

    async def forget_user(self, *, tenant_id: str, user_id: str) -> int:
        def forget(connection: sqlite3.Connection) -> int:
            gone: set[bytes] = set()
            for window_no in _windows_of(connection, tenant_id, user_id):
                gone |= _ids_of(connection, window_no)
                _drop(connection, window_no)
            return len(gone)

        return await self._database.erase("forget_user", forget)

    async def forget_conversations(self, *, tenant_id: str, user_id: str, conversation_ids: Sequence[str]) -> int:
        wanted = {id_bytes(conversation_id) for conversation_id in conversation_ids}

        def forget(connection: sqlite3.Connection) -> int:
            gone: set[bytes] = set()
            for window_no in _windows_of(connection, tenant_id, user_id):
                here = _ids_of(connection, window_no) & wanted
                # Incomplete from now on: the archive may hold older ones that belong here.
                _remove(connection, [(window_no, packed) for packed in here])
                gone |= here
            return len(gone)

        return await self._database.erase("forget_conversations", forget)

    async def conversation_ids(self, *, tenant_id: str, user_id: str) -> frozenset[str]:
        """The conversations in the user's windows, expired ones that are still in the file included."""

        def ids(connection: sqlite3.Connection) -> frozenset[str]:
            return frozenset(
                id_text(packed)
                for window_no in _windows_of(connection, tenant_id, user_id)
                for packed in _ids_of(connection, window_no)
            )

        return await self._database.read("conversation_ids", ids)

    async def size_bytes(self) -> int:
        return await self._database.size_of_tables("size_bytes", ("recent_windows", "recent_entries"))

    def _rows(self, conversations: Iterable[Conversation]) -> list[tuple[int, int, bytes | None, str]]:
        """The latest of them, no more than a window holds."""
        latest = sorted(conversations, key=lambda conversation: conversation.order)[-self._size :]
        return [
            (to_us(item.occurred_at), item.sequence, id_bytes(item.conversation_id), entry_of(item)) for item in latest
        ]

    def _merge(self, connection: sqlite3.Connection, additions: Sequence[_Addition]) -> None:
        self._sweep(connection)
        for addition in additions:
            key = addition.key
            place = (key.tenant_id, key.user_id, key.bot_id or "", key.compartment or "")
            found = connection.execute(_WINDOW, place).fetchone()
            if found is not None:
                window_no, epoch, _, expired = found
                if expired or epoch < addition.epoch:
                    _drop(connection, window_no)
                    found = None
                elif epoch > addition.epoch:
                    continue
            if found is None:
                found = connection.execute(_BEGIN, (*place, addition.epoch)).fetchone()
            window_no = found[0]
            connection.executemany(_ADD, [(window_no, *row) for row in addition.rows])
            connection.execute(_TRIM, (window_no, self._size))
            filled = self._size if addition.complete else 0
            connection.execute(_RENEW, (self._ttl_us, filled, self._size, window_no))

    def _window(
        self, connection: sqlite3.Connection, key: WindowKey, poisoned: list[tuple[int, bytes]]
    ) -> RecentWindow:
        """The window; entries that are none, or another user's, are left out and noted."""
        place = (key.tenant_id, key.user_id, key.bot_id or "", key.compartment or "")
        found = connection.execute(_WINDOW, place).fetchone()
        if found is None or found[3]:
            return RecentWindow(key=key, conversations=(), complete=False, epoch=0)
        window_no, epoch, filled, _ = found
        complete = filled >= self._size
        conversations: list[Conversation] = []
        for sequence, conversation_id, entry in connection.execute(_ENTRIES, (window_no,)):
            try:
                conversations.append(conversation_of_entry(key, sequence, conversation_id, entry))
            except BackendCorruption:
                poisoned.append((window_no, conversation_id))
                complete = False
        return RecentWindow(key=key, conversations=tuple(conversations), complete=complete, epoch=epoch)

    def _sweep(self, connection: sqlite3.Connection) -> None:
        """Drops some expired windows, going round all of them, so that texts do not stay for ever."""
        looked_at = connection.execute(_SWEEP, (self._swept_to, _SWEPT_AT_ONCE)).fetchall()
        self._swept_to = looked_at[-1][0] if len(looked_at) == _SWEPT_AT_ONCE else 0
        for window_no, expired in looked_at:
            if expired:
                _drop(connection, window_no)


def _windows_of(connection: sqlite3.Connection, tenant_id: str, user_id: str) -> list[int]:
    return [window_no for (window_no,) in connection.execute(_WINDOWS_OF_USER, (tenant_id, user_id)).fetchall()]


def _ids_of(connection: sqlite3.Connection, window_no: int) -> set[bytes]:
    return {packed for (packed,) in connection.execute(_IDS_OF_WINDOW, (window_no,))}


def _remove(connection: sqlite3.Connection, entries: Sequence[tuple[int, bytes]]) -> None:
    """Takes entries (window, conversation) out of their windows, which are incomplete then."""
    connection.executemany(_REMOVE, entries)
    connection.executemany(_INCOMPLETE, [(window_no,) for window_no, _ in entries])


def _drop(connection: sqlite3.Connection, window_no: int) -> None:
    for statement in _DROP:
        connection.execute(statement, (window_no,))
