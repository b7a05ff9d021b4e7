"""The lexical index as packed postings in SQLite."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import json
import sqlite3
from collections.abc import Sequence

import attrs
import numpy as np

from ...domain.document_table import DocumentTable
from ...domain.lexical import LexicalQuery, LexicalResult, TermStatistics
from ...domain.lexical_document import FEATURES, LexicalDocument
from ...domain.place import Scope
from ...domain.postings import Postings, block_size, unpack_blocks
from ...domain.projection import Projection
from ...domain.sessions import SESSION_GAP
from ...ports.lexical_index import LexicalIndex
from ..user_arrays import UserArrays
from .conversation_rows import id_text
from .database import Database
from .lexical_writing import UserDocuments, add_documents, prepared, remove_documents, remove_user
from .parts import parts

_TABLES = ("lexical_users", "lexical_documents", "lexical_forward", "lexical_postings", "lexical_words")

_USER = "SELECT user_no, generation, next_number FROM lexical_users WHERE tenant_id = ? AND user_id = ?"
_FEATURES_AFTER = "SELECT number, features FROM lexical_documents WHERE user_no = ? AND number > ? ORDER BY number"
_POSTINGS = "SELECT block, data FROM lexical_postings WHERE user_no = ? AND term = ? ORDER BY block"

_DOCUMENTS = "SELECT user_no, documents FROM lexical_users WHERE tenant_id = ? AND user_id = ?"
_DOCUMENT_FREQUENCY = """
SELECT term, SUM(LENGTH(data)) FROM lexical_postings
WHERE user_no = ? AND term IN (SELECT value FROM json_each(?)) GROUP BY term
"""
_WORD_FREQUENCY = """
SELECT word, documents FROM lexical_words WHERE user_no = ? AND word IN (SELECT value FROM json_each(?))
"""
_CONVERSATIONS = """
SELECT conversation_id FROM lexical_documents
WHERE user_no = (SELECT user_no FROM lexical_users WHERE tenant_id = ? AND user_id = ?)
"""


@attrs.frozen
class LexicalArrays:
    """A user's documents in memory, and the state of the store that they are."""

    user_no: int
    generation: int
    table: DocumentTable

    @property
    def nbytes(self) -> int:
        """Memory that they take."""
        return self.table.nbytes


class SqliteLexicalIndex(LexicalIndex):
    """Packed postings per user; what scoring needs of the documents is kept in memory for users who ask.

    Args:
        arrays: where it is kept; may be shared with other tiers.
        session_gap: a longer pause ends a session that the caller did not name.
    """

    name = Projection.LEXICAL.value

    def __init__(
        self, database: Database, *, arrays: UserArrays | None = None, session_gap: dt.timedelta = SESSION_GAP
    ) -> None:
        self._database = database
        self._arrays = UserArrays() if arrays is None else arrays
        self._session_gap = session_gap

    async def add(self, *, documents: Sequence[LexicalDocument]) -> None:
        """Indexes conversations, each user's in one transaction; one that is there already is left as it is."""
        batches = await asyncio.to_thread(prepared, documents)

        await self._database.write_in_parts(
            "add to the lexical index",
            [functools.partial(add_documents, batches=some) for some in parts(batches, size=_size)],
        )

    async def statistics(
        self, *, tenant_id: str, user_id: str, terms: Sequence[str], words: Sequence[str]
    ) -> TermStatistics:
        """What the user's whole archive knows of these terms and words."""

        def count(connection: sqlite3.Connection) -> TermStatistics:
            frequency = dict.fromkeys(terms, 0)
            user = connection.execute(_DOCUMENTS, (tenant_id, user_id)).fetchone()
            if user is None:
                return TermStatistics(documents=0, document_frequency=frequency, word_frequency={})
            user_no, documents = user
            for term, packed_bytes in connection.execute(_DOCUMENT_FREQUENCY, (user_no, json.dumps(terms))):
                frequency[term] = block_size(packed_bytes)
            return TermStatistics(
                documents=documents,
                document_frequency=frequency,
                word_frequency=dict(connection.execute(_WORD_FREQUENCY, (user_no, json.dumps(words))).fetchall()),
            )

        return await self._database.read("count terms", count)

    async def search(self, *, scope: Scope, query: LexicalQuery, limit: int) -> LexicalResult:
        """The visible conversations with the highest lexical score above 0, best first."""

        def find(connection: sqlite3.Connection) -> LexicalResult:
            arrays = self._current(connection, tenant_id=scope.tenant_id, user_id=scope.user_id)
            postings: dict[str, Postings] = {}
            if arrays is not None:
                for term in query.terms:
                    if found := connection.execute(_POSTINGS, (arrays.user_no, term)).fetchall():
                        postings[term] = unpack_blocks(found)
            table = DocumentTable(*_features([])) if arrays is None else arrays.table
            return table.rank(postings, query=query, visibility=scope.visibility, limit=limit)

        return await self._database.read("search the lexical index", find)

    async def forget_user(self, *, tenant_id: str, user_id: str) -> int:
        """Removes everything of a user; how many documents went."""
        removed = await self._database.erase(
            "forget in the lexical index",
            lambda connection: remove_user(connection, tenant_id=tenant_id, user_id=user_id),
        )
        self._arrays.drop(LexicalArrays, tenant_id=tenant_id, user_id=user_id)
        return removed

    async def forget_conversations(self, *, tenant_id: str, user_id: str, conversation_ids: Sequence[str]) -> int:
        """Removes these documents of that user with the terms and words that only they held; how many went."""
        removed = await self._database.erase(
            "forget in the lexical index",
            lambda connection: remove_documents(
                connection, tenant_id=tenant_id, user_id=user_id, conversation_ids=conversation_ids
            ),
        )
        self._arrays.drop(LexicalArrays, tenant_id=tenant_id, user_id=user_id)
        return removed

    async def conversation_ids(self, *, tenant_id: str, user_id: str) -> frozenset[str]:
        """The conversations of a user that are indexed."""
        rows = await self._database.read(
            "list the lexical index",
            lambda connection: connection.execute(_CONVERSATIONS, (tenant_id, user_id)).fetchall(),
        )
        return frozenset(id_text(conversation_id) for (conversation_id,) in rows)

    async def size_bytes(self) -> int:
        """Bytes of the index's tables in the file."""
        return await self._database.size_of_tables("measure the lexical index", _TABLES)

    def _current(self, connection: sqlite3.Connection, *, tenant_id: str, user_id: str) -> LexicalArrays | None:
        """The user's documents as this connection sees them; ``None`` for an unknown user.

        What is kept may be a little newer than the connection's view, never older.
        """
        user = connection.execute(_USER, (tenant_id, user_id)).fetchone()
        if user is None:
            return None
        user_no, generation, next_number = user
        kept = self._arrays.get(LexicalArrays, tenant_id=tenant_id, user_id=user_id)
        if kept is None or (kept.user_no, kept.generation) != (user_no, generation):
            rows = connection.execute(_FEATURES_AFTER, (user_no, -1)).fetchall()
            table = DocumentTable(*_features(rows), session_gap=self._session_gap)
        elif kept.table.last_number + 1 < next_number and (
            rows := connection.execute(_FEATURES_AFTER, (user_no, kept.table.last_number)).fetchall()
        ):
            table = kept.table.extended(*_features(rows))
        else:
            return kept
        current = LexicalArrays(user_no, generation, table)
        self._arrays.put(current, tenant_id=tenant_id, user_id=user_id)
        return current


def _size(batch: UserDocuments) -> int:
    return len(batch.documents)


def _features(
    rows: Sequence[tuple[int, bytes]],
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.void]]]:
    numbers = np.array([number for number, _ in rows], dtype=np.int64)
    return numbers, np.frombuffer(b"".join(features for _, features in rows), dtype=FEATURES)
