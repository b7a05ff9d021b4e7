"""What a record that comes from elsewhere is counted as."""

from __future__ import annotations

import enum
from typing import Final

FACT_MESSAGE_TYPE: Final = "fact"
"""Message type of what was noted about somebody rather than said: the text stands on the user's side, the other is empty."""


class RecordKind(enum.StrEnum):
    """Conversation, fact, or something that only stands for a conversation."""

    CONVERSATION = "conversation"
    FACT = "fact"
    PLACEHOLDER = "placeholder"
    """One side stood for something that the source never had; the side is empty, the other one is stored."""
