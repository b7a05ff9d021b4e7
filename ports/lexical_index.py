"""The lexical index: which conversations hold the words of a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..domain.lexical import LexicalQuery, LexicalResult, TermStatistics
from ..domain.lexical_document import LexicalDocument
from ..domain.place import Scope
from .derived_tier import DerivedTier


class LexicalIndex(DerivedTier, Protocol):
    """Postings with term counts per user. The scheme and its formulas are those of `domain.lexical`."""

    async def add(self, *, documents: Sequence[LexicalDocument]) -> None:
        """Indexes conversations of any users. Idempotent by conversation id: one that is there already is left as it is.

        Atomic for each user; visible to a search that starts after it returned.
        """
        ...

    async def statistics(
        self, *, tenant_id: str, user_id: str, terms: Sequence[str], words: Sequence[str]
    ) -> TermStatistics:
        """What the user's whole archive knows of these terms (in how many conversations each is) and of these surface
        words (in how many conversations each is; unknown ones are left out)."""
        ...

    async def search(self, *, scope: Scope, query: LexicalQuery, limit: int) -> LexicalResult:
        """The visible conversations with the highest lexical score above 0, best first; filtered by scope before the
        best are cut off. Equal ones are ordered newest first. The statistics are those of the user's whole archive."""
        ...
