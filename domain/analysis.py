"""A text taken apart: what an analyser returns and every index is built from."""

from __future__ import annotations

import attrs


@attrs.frozen
class Token:
    """One word of a text.

    Attributes:
        word: as written, in lower case.
        term: what it is indexed under (its stem); ``None`` for a stop word.
        also: a second term, where the text's language is not the default one and the default one's stem differs: by it
            a text and a question meet that were taken for different languages.
    """

    word: str
    term: str | None
    also: str | None = None


@attrs.frozen(kw_only=True)
class Analysis:
    """The words of a text in their order, stop words included.

    Attributes:
        language: ISO 639-1 code of the language whose stems and stop words were used for most of the words; ``und``
            where none applies.
        first_person: how many of the words stand for the speaker ("I", "my", "we" …).
    """

    language: str
    tokens: tuple[Token, ...]
    first_person: int = 0

    @property
    def terms(self) -> tuple[str, ...]:
        """What is indexed, in order, repetitions included."""
        return tuple(term for token in self.tokens for term in (token.term, token.also) if term is not None)
