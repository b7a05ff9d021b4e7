"""What a move needs of an archive on a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...domain.conversation import Conversation
from ...domain.identifiers import is_conversation_id
from ...domain.projection import Projection
from ...ports.conversation_archive import Fence, Tally, User
from .archive_statements import APPEND
from .conversation_rows import appended_row, known_ids
from .database import PostgresDatabase
from .fencing import change_fence, check_fence, fence_of
from .session import Connection

_TALLIES = """
SELECT tenant_id, user_id, epoch, held.conversations, held.last_sequence
FROM (
    SELECT * FROM users
    WHERE (tenant_id, user_id) > ($1, $2)
    AND (epoch > 0 OR EXISTS (SELECT FROM conversations WHERE conversations.user_no = users.user_no))
    ORDER BY tenant_id, user_id LIMIT $3
) AS page CROSS JOIN LATERAL (
    SELECT count(*) AS conversations, coalesce(max(sequence), 0) AS last_sequence
    FROM conversations WHERE conversations.user_no = page.user_no
) AS held
ORDER BY tenant_id, user_id
"""
_TOMBSTONES = """
SELECT conversation_id FROM conversation_ids WHERE erased AND conversation_id > $1 ORDER BY conversation_id LIMIT $2
"""
_WITHDRAWN = "SELECT conversation_id FROM withdrawn WHERE conversation_id > $1 ORDER BY conversation_id LIMIT $2"
_NO_ID = "00000000-0000-0000-0000-000000000000"
"""Before every id."""

# In one order, as whoever locks several of them does.
_BURY = """
INSERT INTO conversation_ids (conversation_id, erased)
SELECT conversation_id, true FROM unnest($1::uuid[]) AS given (conversation_id) ORDER BY conversation_id
ON CONFLICT DO NOTHING
"""
_STORED = "SELECT conversation_id FROM conversation_ids WHERE conversation_id = ANY($1::uuid[]) AND NOT erased"
_RAISE_EPOCHS = """
INSERT INTO users (tenant_id, user_id, epoch)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]) AS given (tenant_id, user_id, epoch)
ORDER BY tenant_id, user_id
ON CONFLICT (tenant_id, user_id) DO UPDATE SET epoch = greatest(users.epoch, excluded.epoch)
"""


class PostgresArchiveMoving:
    """That part of `PostgresConversationArchive`."""

    _database: PostgresDatabase

    async def tallies(self, *, after: User | None = None, limit: int = 1000) -> list[Tally]:
        start = ("", "") if after is None else (after.tenant_id, after.user_id)
        rows = await self._database.fetch(_TALLIES, *start, limit, operation="tallies")
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
        rows = await self._database.fetch(_TOMBSTONES, after or _NO_ID, limit, operation="tombstones")
        return [str(conversation_id) for (conversation_id,) in rows]

    async def withdrawn(self, *, after: str | None = None, limit: int = 1000) -> list[str]:
        rows = await self._database.fetch(_WITHDRAWN, after or _NO_ID, limit, operation="withdrawn")
        return [str(conversation_id) for (conversation_id,) in rows]

    async def adopt(self, *, conversations: Sequence[Conversation], projections: Sequence[Projection]) -> None:
        rows = [appended_row(item, projections) for item in conversations if is_conversation_id(item.conversation_id)]

        async def adopt(connection: Connection) -> None:
            await check_fence(connection)
            await connection.executemany(APPEND, rows)

        await self._database.run_transaction(adopt, operation="adopt")

    async def adopt_erasures(self, *, conversation_ids: Sequence[str], epochs: Mapping[User, int]) -> frozenset[str]:
        ids = known_ids(conversation_ids)
        tenants, users = [user.tenant_id for user in epochs], [user.user_id for user in epochs]

        async def adopt(connection: Connection) -> frozenset[str]:
            await check_fence(connection)
            await connection.execute(_BURY, ids)
            await connection.execute(_RAISE_EPOCHS, tenants, users, list(epochs.values()))
            return frozenset(str(item) for (item,) in await connection.fetch(_STORED, ids))

        return await self._database.run_transaction(adopt, operation="adopt_erasures")

    async def fenced(self) -> Fence | None:
        return await self._database.run(fence_of, operation="fenced")

    async def fence(self, *, before: Fence | None, after: Fence | None) -> bool:
        return await self._database.run_transaction(
            lambda connection: change_fence(connection, before=before, after=after), operation="fence"
        )
