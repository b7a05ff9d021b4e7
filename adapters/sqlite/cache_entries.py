"""An entry of a recent window: a conversation as one JSON array."""

from __future__ import annotations

import json

from ...domain.conversation import Conversation
from ...domain.errors import BackendCorruption
from ...domain.recent_window import WindowKey
from .conversation_rows import content_of, conversation_of, id_text
from .errors import BACKEND


def entry_of(conversation: Conversation) -> str:
    """Tenant, user and content; id and sequence stand in columns of their own."""
    return json.dumps(
        (conversation.tenant_id, conversation.user_id, *content_of(conversation)),
        ensure_ascii=False,
        separators=(",", ":"),
    )


def conversation_of_entry(key: WindowKey, sequence: int, conversation_id: bytes, entry: str) -> Conversation:
    """The conversation of an entry in that window.

    Raises:
        BackendCorruption: it cannot be decoded, or is of another user than the window.
    """
    try:
        tenant_id, user_id, *content = json.loads(entry)
    except (ValueError, TypeError) as error:
        raise BackendCorruption(BACKEND, "read", f"an entry is no array ({type(error).__name__})") from None
    if (tenant_id, user_id) != (key.tenant_id, key.user_id):
        raise BackendCorruption(BACKEND, "read", "an entry is of another user than its window")
    conversation = conversation_of(id_text(conversation_id), sequence, tenant_id, user_id, content)
    if not all(isinstance(text, str) for text in (conversation.user_message, conversation.bot_response)):
        raise BackendCorruption(BACKEND, "read", "an entry holds no texts")
    return conversation
