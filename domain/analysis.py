"""A text taken apart: what an analyser returns and every index is built from."""

from __future__ import annotations

import attrs


@attrs.frozen
class Token:
    """One word of a text.

    Attributes:
        word: as written, in lower case.
        term: what it is indexed under (its stem); ``None`` for a stop word.
    """

    word: str
    term: str | None


@attrs.frozen(kw_only=True)
class Analysis:
    """The words of a text in their order, stop words included.

    Attributes:
        language: ISO 639-1 code of the language whose stems and stop words were used; ``und`` where none applies.
    """

    language: str
    tokens: tuple[Token, ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """What is indexed, in order, repetitions included."""
        return tuple(token.term for token in self.tokens if token.term is not None)
