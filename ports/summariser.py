"""Summaries of conversations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..domain.conversation import Conversation


class Summariser(Protocol):
    """Makes the text that stands for a conversation where there is no room for it in full.

    Attributes:
        fingerprint: changes whenever the same conversation may give another summary.
    """

    fingerprint: str

    async def summarise(self, *, conversations: Sequence[Conversation]) -> list[str]:
        """One summary a conversation, in their order: one line of at most 150 characters, never empty.

        It keeps the fact, names the speaker where a name is known, and says nothing that was not said.
        """
        ...
