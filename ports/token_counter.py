"""How many tokens a text takes in a prompt."""

from __future__ import annotations

from typing import Protocol


class TokenCounter(Protocol):
    """Counts or estimates tokens. Pure and fast: it is called while a context is packed."""

    def count(self, text: str) -> int:
        """Tokens of the text, rather too many than too few; 0 for the empty one.

        Monotonic: a text never takes fewer tokens than a prefix of it.
        """
        ...
