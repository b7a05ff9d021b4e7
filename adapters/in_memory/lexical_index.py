"""The lexical index over plain dictionaries."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from ...domain.document_table import DocumentTable
from ...domain.lexical import LexicalQuery, LexicalResult, TermStatistics
from ...domain.lexical_document import FEATURES, LexicalDocument
from ...domain.place import Scope
from ...domain.postings import MAX_COUNT, Postings
from ...domain.projection import Projection
from ...domain.sessions import SESSION_GAP
from ...ports.conversation_archive import User
from ...ports.lexical_index import LexicalIndex


class InMemoryLexicalIndex(LexicalIndex):
    """Documents as they were added; what scoring needs is made of them for each question.

    Args:
        session_gap: a longer pause ends a session that the caller did not name.
    """

    name = Projection.LEXICAL.value

    def __init__(self, *, session_gap: dt.timedelta = SESSION_GAP) -> None:
        self._session_gap = session_gap
        self._documents: dict[User, dict[str, LexicalDocument]] = {}

    async def add(self, *, documents: Sequence[LexicalDocument]) -> None:
        """Indexes conversations; one that is there already is left as it is."""
        for document in documents:
            user = User(tenant_id=document.key.tenant_id, user_id=document.key.user_id)
            self._documents.setdefault(user, {}).setdefault(document.key.conversation_id, document)

    async def statistics(
        self, *, tenant_id: str, user_id: str, terms: Sequence[str], words: Sequence[str]
    ) -> TermStatistics:
        """What the user's whole archive knows of these terms and words."""
        documents = self._of(tenant_id, user_id).values()
        asked = frozenset(words)
        known_words = Counter(word for document in documents for word in document.words & asked)
        return TermStatistics(
            documents=len(documents),
            document_frequency={term: sum(term in document.term_counts for document in documents) for term in terms},
            word_frequency=dict(known_words),
        )

    async def search(self, *, scope: Scope, query: LexicalQuery, limit: int) -> LexicalResult:
        """The visible conversations with the highest lexical score above 0, best first."""
        documents = list(self._of(scope.tenant_id, scope.user_id).values())
        features = np.concatenate([document.features() for document in documents] or [np.zeros(0, dtype=FEATURES)])
        table = DocumentTable(np.arange(len(documents)), features, session_gap=self._session_gap)
        postings = {term: found for term in query.terms if len((found := _postings(term, documents))[0])}
        return table.rank(postings, query=query, visibility=scope.visibility, limit=limit)

    async def forget_user(self, *, tenant_id: str, user_id: str) -> int:
        """Removes everything of a user; how many documents went."""
        return len(self._documents.pop(User(tenant_id=tenant_id, user_id=user_id), {}))

    async def forget_conversations(self, *, tenant_id: str, user_id: str, conversation_ids: Sequence[str]) -> int:
        """Removes these documents of that user; how many went."""
        documents = self._documents.get(User(tenant_id=tenant_id, user_id=user_id), {})
        return sum(documents.pop(conversation_id, None) is not None for conversation_id in conversation_ids)

    async def conversation_ids(self, *, tenant_id: str, user_id: str) -> frozenset[str]:
        """The conversations of a user that are indexed."""
        return frozenset(self._of(tenant_id, user_id))

    async def size_bytes(self) -> int:
        """Bytes of terms, words and features, without what Python adds."""
        return sum(
            FEATURES.itemsize + sum(len(label.encode()) for label in (*document.term_counts, *document.words))
            for documents in self._documents.values()
            for document in documents.values()
        )

    def _of(self, tenant_id: str, user_id: str) -> Mapping[str, LexicalDocument]:
        return self._documents.get(User(tenant_id=tenant_id, user_id=user_id), {})


def _postings(term: str, documents: Sequence[LexicalDocument]) -> Postings:
    """Which of the documents hold a term, by their place in the sequence, and how often each."""
    holding = [
        (number, min(MAX_COUNT, count))
        for number, document in enumerate(documents)
        if (count := document.term_counts.get(term, 0))
    ]
    return (
        np.array([number for number, _ in holding], dtype=np.int64),
        np.array([count for _, count in holding], dtype=np.uint8),
    )
