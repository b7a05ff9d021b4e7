"""The lexical index as packed postings in PostgreSQL."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...domain.document_run import term_key
from ...domain.document_table import DocumentTable
from ...domain.identifiers import is_conversation_id
from ...domain.lexical import LexicalQuery, LexicalResult, TermStatistics
from ...domain.lexical_document import FEATURES, LexicalDocument
from ...domain.place import Scope
from ...domain.projection import Projection
from ...domain.sessions import SESSION_GAP
from ...ports.lexical_index import LexicalIndex
from ..user_arrays import UserArrays
from . import lexical_statements as sql
from .database import PostgresDatabase
from .lexical_erasing import remove_documents, remove_user
from .lexical_reading import LexicalArrays, lexical_view, term_statistics, what_is_kept
from .lexical_writing import MAX_UNPACKED_BYTES, add_documents, entries_of, in_parts

_FORGET = "forget in the lexical index"

_MAX_DOCUMENTS_IN_LOOP = 2000
"""A user with more is scored in a thread, which takes 0.1 ms to begin; up to here scoring takes a third of a millisecond."""


class PostgresLexicalIndex(LexicalIndex):
    """Packed postings per user; what scoring needs of the documents is kept in memory for users who ask.

    A search is one round trip: one statement sends the state of the user, by which is judged what is kept, what of the
    documents is missing there, and the postings.

    Args:
        arrays: where documents are kept; may be shared with other tiers.
        session_gap: a longer pause ends a session that the caller did not name.
        durable: whether `add` waits for the disk. ``False`` where the outbox is in the same database: what says there
            that a document was added becomes durable no sooner than the document.
        max_unpacked_bytes: how much of a user's new documents waits to be packed.
    """

    name = Projection.LEXICAL.value
    leaves = "as the archive, of numbers alone: no text stands in the index"

    def __init__(
        self,
        *,
        database: PostgresDatabase,
        arrays: UserArrays,
        session_gap: dt.timedelta = SESSION_GAP,
        durable: bool = True,
        max_unpacked_bytes: int = MAX_UNPACKED_BYTES,
    ) -> None:
        self._database = database
        self._arrays = arrays
        self._session_gap = session_gap
        self._durable = durable
        self._max_unpacked_bytes = max_unpacked_bytes

    async def add(self, *, documents: Sequence[LexicalDocument]) -> None:
        """Indexes conversations, each user's in one transaction; one that is there already is left as it is."""
        for part in in_parts(documents):
            users = await asyncio.to_thread(entries_of, part)
            add = functools.partial(add_documents, users=users, max_unpacked_bytes=self._max_unpacked_bytes)
            await self._database.run_transaction(add, operation="add to the lexical index", durable=self._durable)

    async def statistics(
        self, *, tenant_id: str, user_id: str, terms: Sequence[str], words: Sequence[str]
    ) -> TermStatistics:
        """What the user's whole archive knows of these terms and words."""
        rows = await self._database.fetch(
            sql.STATISTICS,
            tenant_id,
            user_id,
            [term_key(term) for term in terms],
            [term_key(word) for word in words],
            operation="count terms",
        )
        return term_statistics(rows, terms=terms, words=words)

    async def search(self, *, scope: Scope, query: LexicalQuery, limit: int) -> LexicalResult:
        """The visible conversations with the highest lexical score above 0, best first."""
        kept = self._arrays.get(LexicalArrays, tenant_id=scope.tenant_id, user_id=scope.user_id)
        rows = await self._database.fetch(
            sql.SEARCH,
            scope.tenant_id,
            scope.user_id,
            [term_key(term) for term in query.terms],
            *what_is_kept(kept),
            operation="search the lexical index",
        )
        rank = functools.partial(self._ranked, rows, kept=kept, scope=scope, query=query, limit=limit)
        if rows and rows[0]["documents"] > _MAX_DOCUMENTS_IN_LOOP:
            return await asyncio.to_thread(rank)
        return rank()

    def _ranked(
        self, rows: Sequence[Any], *, kept: LexicalArrays | None, scope: Scope, query: LexicalQuery, limit: int
    ) -> LexicalResult:
        if not rows:
            nothing = DocumentTable(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=FEATURES))
            return nothing.rank({}, query=query, visibility=scope.visibility, limit=limit)
        keys = {term: term_key(term) for term in query.terms}
        view = lexical_view(rows, keys=keys.values(), kept=kept, session_gap=self._session_gap)
        if view.arrays is not kept:
            self._arrays.put(view.arrays, tenant_id=scope.tenant_id, user_id=scope.user_id)
        postings = {term: view.postings[key] for term, key in keys.items() if key in view.postings}
        return view.arrays.table.rank(postings, query=query, visibility=scope.visibility, limit=limit)

    async def forget_user(self, *, tenant_id: str, user_id: str) -> int:
        """Removes everything of a user; how many documents went."""
        removed = await self._database.run_transaction(
            functools.partial(remove_user, tenant_id=tenant_id, user_id=user_id), operation=_FORGET
        )
        self._arrays.drop(LexicalArrays, tenant_id=tenant_id, user_id=user_id)
        return removed

    async def forget_conversations(self, *, tenant_id: str, user_id: str, conversation_ids: Sequence[str]) -> int:
        """Removes these documents of that user with the terms and words that only they held; how many went."""
        ids = [uuid.UUID(item) for item in frozenset(conversation_ids) if is_conversation_id(item)]
        removed = await self._database.run_transaction(
            functools.partial(remove_documents, tenant_id=tenant_id, user_id=user_id, conversation_ids=ids),
            operation=_FORGET,
        )
        self._arrays.drop(LexicalArrays, tenant_id=tenant_id, user_id=user_id)
        return removed

    async def conversation_ids(self, *, tenant_id: str, user_id: str) -> frozenset[str]:
        """The conversations of a user that are indexed."""
        rows = await self._database.fetch(sql.CONVERSATIONS, tenant_id, user_id, operation="list the lexical index")
        return frozenset(conversation_id for (conversation_id,) in rows)

    async def size_bytes(self) -> int:
        """Bytes of the index's tables and their indexes."""
        size = await self._database.fetchval(sql.SIZE, operation="measure the lexical index")
        return int(size)
