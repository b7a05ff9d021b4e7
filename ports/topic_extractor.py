"""Topics, entities and relations of conversations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..domain.conversation import Conversation
from ..domain.derived import Extraction


class TopicExtractor(Protocol):
    """Finds what a conversation is about and whom and what it names.

    Attributes:
        fingerprint: changes whenever the same conversation may give other topics.
    """

    fingerprint: str

    async def extract(self, *, conversations: Sequence[Conversation]) -> list[Extraction]:
        """One extraction a conversation, in their order. Never a stop word, a greeting or the bot's own name.

        The same conversation gives the same extraction, whatever else is in the batch and in every process.
        """
        ...

    def topics_of_query(self, *, text: str) -> tuple[str, ...]:
        """Labels, in the form of the extracted ones, under which a question may be looked up; most specific first.

        Pure and fast: it is called while a context is assembled.
        """
        ...
