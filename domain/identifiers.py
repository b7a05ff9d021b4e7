"""Ids: opaque strings, compared exactly, and the conversation's own."""

from __future__ import annotations

import re
import uuid

from .errors import InvalidConversation

DEFAULT_TENANT_ID = "default"
DEFAULT_BOT_ID = "default"
"""Where a caller names none: one tenant, one bot."""

MAX_ID_CHARS = 256
"""Longer than any platform's ids; short enough for a key in every store."""

_ID_BYTES = 16
_NAMESPACE = uuid.UUID("5d0c4f2e-6f0b-5b8a-9a63-8f2f6d0f3c11")
_FORBIDDEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def checked_id(name: str, value: object) -> str:
    """The id as it is, if it is one.

    Raises:
        InvalidConversation: not a string, empty, longer than 256 characters, or with spaces or control characters.
    """
    if not isinstance(value, str):
        raise InvalidConversation(f"{name} must be a string, not {type(value).__name__}")
    if not value:
        raise InvalidConversation(f"{name} is empty")
    if len(value) > MAX_ID_CHARS:
        raise InvalidConversation(f"{name} has {len(value)} characters; at most {MAX_ID_CHARS} are allowed")
    if _FORBIDDEN.search(value):
        raise InvalidConversation(f"{name} holds a space or a control character")
    return str.__str__(value)  # plain text also of a string enumeration, whose ``str`` is the member's name


def checked_optional_id(name: str, value: object) -> str | None:
    """As `checked_id`; ``None`` stays ``None``."""
    return None if value is None else checked_id(name, value)


def keyed_conversation_id(*, tenant_id: str, idempotency_key: str) -> str:
    """The conversation id of an idempotency key: the same tenant and key always give the same one (UUID version 5)."""
    return str(uuid.uuid5(_NAMESPACE, f"{len(tenant_id)}:{tenant_id}{idempotency_key}"))


def is_conversation_id(value: object) -> bool:
    """Whether a value has the form of a conversation id: a lower-case UUID."""
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False


def id_texts(packed: bytes) -> tuple[str, ...]:
    """The texts of ids that stand one behind the other, sixteen bytes each; of many at once, twice as quick as one by one."""
    digits = packed.hex()
    return tuple(
        f"{digits[i : i + 8]}-{digits[i + 8 : i + 12]}-{digits[i + 12 : i + 16]}-{digits[i + 16 : i + 20]}"
        f"-{digits[i + 20 : i + 32]}"
        for i in range(0, len(digits), 2 * _ID_BYTES)
    )
