"""What leaves a store in memory is a copy: whoever changes it does not change what is stored."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import attrs

from ...domain.conversation import Conversation

_OBJECTS = ("emotion_data", "user_metadata", "processing_metadata", "metadata")
"""What of a conversation can be changed: everything else is frozen."""


def handed_out(conversations: Iterable[Conversation]) -> list[Conversation]:
    """The same conversations with objects of their own, in their order."""
    return [_copied(conversation) for conversation in conversations]


def _copied(conversation: Conversation) -> Conversation:
    held = {name: value for name in _OBJECTS if (value := getattr(conversation, name))}
    return attrs.evolve(conversation, **copy.deepcopy(held)) if held else conversation
