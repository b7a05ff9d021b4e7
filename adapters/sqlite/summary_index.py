"""Summaries in SQLite, searched by an exact product with the user's vectors."""

from __future__ import annotations

import functools
import sqlite3
from collections import defaultdict
from collections.abc import Sequence

import attrs
import numpy as np
import numpy.typing as npt

from ...domain.conversation import ConversationKey
from ...domain.derived import Intent, Summary
from ...domain.place import Audience, Place, Scope
from ...domain.projection import Projection
from ...ports.summary_index import SemanticMatch, SummaryIndex, SummaryRecord
from ..user_arrays import UserArrays
from .conversation_rows import id_bytes, id_text
from .database import Database
from .growing_rows import GrowingRows
from .many_rows import select_by_ids
from .parts import parts
from .summary_writing import VECTOR, add_summaries, remove_summaries
from .time_expressions import from_us

_Packed = tuple[SummaryRecord, bytes | None]
_OfUser = tuple[tuple[str, str], list[_Packed]]
"""Tenant and user, and their records."""

_TABLES = ("summary_users", "summary_places", "summaries")

_USER = "SELECT user_no, generation, next_number FROM summary_users WHERE tenant_id = ? AND user_id = ?"
_PLACES = """
SELECT place_no, bot_id, compartment, audience, channel_id, server_id FROM summary_places WHERE user_no = ?
"""
_VECTORS_AFTER = """
SELECT number, place_no, conversation_id, vector FROM summaries
WHERE user_no = ? AND number > ? AND fingerprint = ? ORDER BY number
"""
_SUMMARIES = """
SELECT conversation_id, place_no, occurred_at_us, utc_offset_s, intent, text
FROM summaries INDEXED BY summaries_by_conversation WHERE user_no = ? AND conversation_id IN
"""
_CONVERSATIONS = """
SELECT conversation_id FROM summaries
WHERE user_no = (SELECT user_no FROM summary_users WHERE tenant_id = ? AND user_id = ?)
"""


@attrs.frozen(kw_only=True, eq=False)
class SummaryArrays:
    """A user's vectors in memory, and the state of the store that they are.

    Attributes:
        next_number: everything below it has been read.
        places: shape (n,).
        ids: conversation ids as two big halves, shape (n, 2).
        vectors: unit length or all zeros, shape (n, dimensions).
    """

    fingerprint: str
    user_no: int
    generation: int
    next_number: int
    places: GrowingRows[np.int64]
    ids: GrowingRows[np.uint64]
    vectors: GrowingRows[np.float32]

    @property
    def nbytes(self) -> int:
        """Memory that they take."""
        return self.places.nbytes + self.ids.nbytes + self.vectors.nbytes


class SqliteSummaryIndex(SummaryIndex):
    """One row a conversation; the vectors of users who ask are kept in memory, within a bound.

    Args:
        fingerprint: of the embedder; ``None`` without one: then nothing is found by meaning.
        dimensions: of its vectors.
        arrays: where vectors are kept; may be shared with other tiers.
    """

    name = Projection.SUMMARIES.value

    def __init__(
        self,
        database: Database,
        *,
        fingerprint: str | None,
        dimensions: int | None,
        arrays: UserArrays | None = None,
    ) -> None:
        if (fingerprint is None) != (dimensions is None):
            raise ValueError("fingerprint and dimensions belong to one embedder: give both or neither")
        self._database = database
        self._fingerprint = fingerprint
        self._dimensions = dimensions
        self._arrays = UserArrays() if arrays is None else arrays

    async def add(self, *, records: Sequence[SummaryRecord]) -> None:
        """Upserts summaries, each user's in one transaction; of two with one id the last.

        Raises:
            ValueError: a vector of other dimensions than the embedder's.
        """
        latest = {record.summary.key: record for record in records}
        users: defaultdict[tuple[str, str], list[_Packed]] = defaultdict(list)
        for record in latest.values():
            key = record.summary.key
            users[key.tenant_id, key.user_id].append((record, self._packed(record.vector)))

        def add(connection: sqlite3.Connection, some: Sequence[_OfUser]) -> None:
            for (tenant_id, user_id), of_user in some:
                add_summaries(
                    connection, tenant_id=tenant_id, user_id=user_id, records=of_user, fingerprint=self._fingerprint
                )

        await self._database.write_in_parts(
            "add summaries",
            [functools.partial(add, some=some) for some in parts(users.items(), size=lambda item: len(item[1]))],
        )

    async def search(self, *, scope: Scope, vector: npt.NDArray[np.float32], limit: int) -> list[SemanticMatch]:
        """The visible conversations with the highest cosine, best first, equal ones by conversation id."""
        if self._fingerprint is None:
            return []
        fingerprint, asked = self._fingerprint, _unit(self._checked(vector))

        def find(connection: sqlite3.Connection) -> list[SemanticMatch]:
            arrays = self._current(connection, scope, fingerprint)
            if arrays is None:
                return []
            visible = [row[0] for row in connection.execute(_PLACES, (arrays.user_no,)) if _allows(scope, row)]
            return _nearest(arrays, visible_places=visible, vector=asked, limit=limit)

        return await self._database.read("search summaries", find)

    async def summaries(self, *, scope: Scope, conversation_ids: Sequence[str]) -> dict[str, Summary]:
        """The summaries of those conversations that are visible and held."""
        wanted = [packed for item in dict.fromkeys(conversation_ids) if (packed := id_bytes(item)) is not None]

        def find(connection: sqlite3.Connection) -> dict[str, Summary]:
            user = connection.execute(_USER, (scope.tenant_id, scope.user_id)).fetchone()
            if user is None:
                return {}
            places = {
                row[0]: (row[1], _place(row))
                for row in connection.execute(_PLACES, user[:1]).fetchall()
                if _allows(scope, row)
            }
            found: dict[str, Summary] = {}
            for packed, place_no, *values in select_by_ids(connection, _SUMMARIES, user[0], wanted):
                if place_no in places:
                    conversation_id = id_text(packed)
                    key = ConversationKey(
                        tenant_id=scope.tenant_id, user_id=scope.user_id, conversation_id=conversation_id
                    )
                    found[conversation_id] = _summary(key, values, *places[place_no])
            return found

        return await self._database.read("read summaries", find)

    async def forget_user(self, *, tenant_id: str, user_id: str) -> int:
        """Removes everything of a user; how many summaries went."""
        return await self._forget(tenant_id, user_id, None)

    async def forget_conversations(self, *, tenant_id: str, user_id: str, conversation_ids: Sequence[str]) -> int:
        """Removes these summaries of that user; how many went."""
        return await self._forget(tenant_id, user_id, conversation_ids)

    async def conversation_ids(self, *, tenant_id: str, user_id: str) -> frozenset[str]:
        """The conversations of a user that have a summary here."""
        rows = await self._database.read(
            "list summaries", lambda connection: connection.execute(_CONVERSATIONS, (tenant_id, user_id)).fetchall()
        )
        return frozenset(id_text(conversation_id) for (conversation_id,) in rows)

    async def size_bytes(self) -> int:
        """Bytes of the summaries' tables in the file."""
        return await self._database.size_of_tables("measure summaries", _TABLES)

    async def _forget(self, tenant_id: str, user_id: str, conversation_ids: Sequence[str] | None) -> int:
        removed = await self._database.erase(
            "forget summaries",
            lambda connection: remove_summaries(
                connection, tenant_id=tenant_id, user_id=user_id, conversation_ids=conversation_ids
            ),
        )
        self._arrays.drop(SummaryArrays, tenant_id=tenant_id, user_id=user_id)
        return removed

    def _checked(self, vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        if vector.shape != (self._dimensions,):
            raise ValueError(f"a vector has shape {vector.shape}; the embedder's have ({self._dimensions},)")
        return vector

    def _packed(self, vector: npt.NDArray[np.float32] | None) -> bytes | None:
        if vector is None or self._fingerprint is None:
            return None
        return _unit(self._checked(vector)).astype(VECTOR).tobytes()

    def _current(self, connection: sqlite3.Connection, scope: Scope, fingerprint: str) -> SummaryArrays | None:
        """The user's vectors as this connection sees them; ``None`` for an unknown user.

        What is kept may be a little newer than the connection's view, never older.
        """
        user = connection.execute(_USER, (scope.tenant_id, scope.user_id)).fetchone()
        if user is None:
            return None
        user_no, generation, next_number = user
        kept = self._arrays.get(SummaryArrays, tenant_id=scope.tenant_id, user_id=scope.user_id)
        if kept is None or (kept.fingerprint, kept.user_no, kept.generation) != (fingerprint, user_no, generation):
            rows = connection.execute(_VECTORS_AFTER, (user_no, -1, fingerprint)).fetchall()
            places, ids, vectors = self._unpacked(rows)
            current = SummaryArrays(
                fingerprint=fingerprint,
                user_no=user_no,
                generation=generation,
                next_number=next_number,
                places=GrowingRows(places),
                ids=GrowingRows(ids),
                vectors=GrowingRows(vectors),
            )
        elif kept.next_number < next_number:
            rows = connection.execute(_VECTORS_AFTER, (user_no, kept.next_number - 1, fingerprint)).fetchall()
            places, ids, vectors = self._unpacked(rows)
            current = attrs.evolve(
                kept,
                next_number=next_number,
                places=kept.places.extended(places),
                ids=kept.ids.extended(ids),
                vectors=kept.vectors.extended(vectors),
            )
        else:
            return kept
        self._arrays.put(current, tenant_id=scope.tenant_id, user_id=scope.user_id)
        return current

    def _unpacked(
        self, rows: Sequence[tuple[int, int, bytes, bytes]]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64], npt.NDArray[np.float32]]:
        places = np.array([place_no for _, place_no, _, _ in rows], dtype=np.int64)
        ids = np.frombuffer(b"".join(row[2] for row in rows), dtype=">u8").reshape(-1, 2).astype(np.uint64)
        vectors = np.frombuffer(b"".join(row[3] for row in rows), dtype=VECTOR).astype(np.float32)
        return places, ids, vectors.reshape(len(rows), self._dimensions or 0)


def _nearest(
    arrays: SummaryArrays, *, visible_places: Sequence[int], vector: npt.NDArray[np.float32], limit: int
) -> list[SemanticMatch]:
    # All rows are multiplied, visible or not: taking the visible ones out first costs more than it saves.
    # Row by row on this thread: a threaded product is quicker on an idle machine (0.2 ms instead of 0.5 for 20,000 rows),
    # waits up to 16 ms for its other threads on a busy one, and gives equal rows unequal cosines.
    similarity = np.einsum("ij,j->i", arrays.vectors.rows, vector)
    rows = np.flatnonzero(np.isin(arrays.places.rows, visible_places))
    if len(rows) > limit:
        cut = np.partition(similarity[rows], len(rows) - limit)[len(rows) - limit]
        rows = rows[similarity[rows] >= cut]
    ids = arrays.ids.rows[rows]
    best = np.lexsort((ids[:, 1], ids[:, 0], -similarity[rows]))[:limit]
    packed_ids = ids[best].astype(">u8").tobytes()
    return [
        SemanticMatch(
            conversation_id=id_text(packed_ids[16 * index : 16 * index + 16]),
            similarity=max(-1.0, min(1.0, cosine)),
        )
        for index, cosine in enumerate(similarity[rows[best]].tolist())
    ]


def _unit(vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector


def _allows(scope: Scope, place: Sequence[str]) -> bool:
    """Whether a row of `_PLACES` may be seen: the rule itself, not a copy of it in SQL."""
    return scope.visibility.allows(bot_id=place[1], compartment=place[2])


def _place(row: Sequence[str]) -> Place:
    """Of a row of `_PLACES`."""
    _, _, _, audience, channel_id, server_id = row
    return Place(audience=Audience(audience), channel_id=channel_id or None, server_id=server_id or None)


def _summary(key: ConversationKey, values: Sequence[str], bot_id: str, place: Place) -> Summary:
    occurred_at_us, utc_offset_s, intent, text = values
    return Summary(
        key=key,
        text=text,
        place=place,
        bot_id=bot_id,
        occurred_at=from_us(int(occurred_at_us), int(utc_offset_s)),
        intent=Intent(intent),
    )
