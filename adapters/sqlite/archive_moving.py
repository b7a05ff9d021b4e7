"""What a move needs of an archive in an SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from ...domain.conversation import Conversation
from ...domain.projection import Projection
from ...ports.conversation_archive import Fence, Tally, User
from .conversation_rows import content_of, id_bytes, id_text
from .conversation_writing import insert_conversation
from .database import Database
from .fencing import change_fence, check_fence, fence_of

# The page of users is chosen first; their conversations are counted in the index.
_TALLIES = """
SELECT tenant_id, user_id, epoch, COUNT(sequence), COALESCE(MAX(sequence), 0)
FROM (
    SELECT * FROM users
    WHERE (tenant_id, user_id) > (?, ?)
    AND (epoch > 0 OR EXISTS (SELECT 1 FROM conversations WHERE conversations.user_no = users.user_no))
    ORDER BY tenant_id, user_id LIMIT ?
) AS page LEFT JOIN conversations INDEXED BY conversations_by_time USING (user_no)
GROUP BY tenant_id, user_id ORDER BY tenant_id, user_id
"""
_TOMBSTONES = "SELECT conversation_id FROM tombstones WHERE conversation_id > ? ORDER BY conversation_id LIMIT ?"
_WITHDRAWN = "SELECT conversation_id FROM withdrawn WHERE conversation_id > ? ORDER BY conversation_id LIMIT ?"
_STORED = "SELECT 1 FROM conversations WHERE conversation_id = ?"
_BURY = "INSERT OR IGNORE INTO tombstones VALUES (?)"
_RAISE_EPOCH = """
INSERT INTO users (tenant_id, user_id, epoch) VALUES (?, ?, ?)
ON CONFLICT (tenant_id, user_id) DO UPDATE SET epoch = MAX(epoch, excluded.epoch)
"""


class SqliteArchiveMoving:
    """That part of `SqliteConversationArchive`."""

    _database: Database

    async def tallies(self, *, after: User | None = None, limit: int = 1000) -> list[Tally]:
        start = ("", "") if after is None else (after.tenant_id, after.user_id)
        rows = await self._database.read(
            "tallies", lambda connection: connection.execute(_TALLIES, (*start, limit)).fetchall()
        )
        return [
            Tally(
                user=User(tenant_id=tenant_id, user_id=user_id),
                epoch=epoch,
                conversations=conversations,
                last_sequence=last_sequence,
            )
            for tenant_id, user_id, epoch, conversations, last_sequence in rows
        ]

    async def tombstones(self, *, after: str | None = None, limit: int = 1000) -> list[str]:
        return await self._ids("tombstones", _TOMBSTONES, after, limit)

    async def withdrawn(self, *, after: str | None = None, limit: int = 1000) -> list[str]:
        return await self._ids("withdrawn", _WITHDRAWN, after, limit)

    async def _ids(self, operation: str, statement: str, after: str | None, limit: int) -> list[str]:
        start = b"" if after is None else id_bytes(after)
        rows = await self._database.read(
            operation, lambda connection: connection.execute(statement, (start, limit)).fetchall()
        )
        return [id_text(packed) for (packed,) in rows]

    async def adopt(self, *, conversations: Sequence[Conversation], projections: Sequence[Projection]) -> None:
        rows = [
            (
                (item.tenant_id, item.user_id),
                (id_bytes(item.conversation_id), item.text_chars, item.place.compartment, *content_of(item)),
            )
            for item in conversations
        ]

        def adopt(connection: sqlite3.Connection) -> None:
            for user, row in rows:
                insert_conversation(connection, user=user, row=row, projections=projections)

        await self._database.write("adopt", adopt)

    async def adopt_erasures(self, *, conversation_ids: Sequence[str], epochs: Mapping[User, int]) -> frozenset[str]:
        packed_ids = [packed for item in conversation_ids if (packed := id_bytes(item)) is not None]
        raised = [(user.tenant_id, user.user_id, epoch) for user, epoch in epochs.items()]

        def adopt(connection: sqlite3.Connection) -> list[bytes]:
            check_fence(connection)
            stored: list[bytes] = []
            for packed in packed_ids:
                if connection.execute(_STORED, (packed,)).fetchone():
                    stored.append(packed)
                else:
                    connection.execute(_BURY, (packed,))
            connection.executemany(_RAISE_EPOCH, raised)
            return stored

        stored = await self._database.write("adopt_erasures", adopt)
        return frozenset(id_text(packed) for packed in stored)

    async def fenced(self) -> Fence | None:
        return await self._database.read("fenced", fence_of)

    async def fence(self, *, before: Fence | None, after: Fence | None) -> bool:
        return await self._database.write(
            "fence", lambda connection: change_fence(connection, before=before, after=after)
        )
