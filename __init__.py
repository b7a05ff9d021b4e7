"""talktiers: a four-tier memory for bots that talk to people."""

from __future__ import annotations

from .domain.context_bundle import ContextBundle
from .domain.conversation import Conversation, ScoredConversation, Session
from .domain.derived import Intent, RelatedTopic, Summary
from .domain.erasure import ErasureReceipt
from .domain.errors import (
    BackendConflict,
    BackendCorruption,
    BackendError,
    BackendTimeout,
    BackendUnavailable,
    ConfigurationError,
    Forgotten,
    IdempotencyConflict,
    InvalidConversation,
    MemoryClosed,
    MigrationError,
    Moved,
    Overloaded,
    TalktiersError,
    UnknownConversation,
)
from .domain.place import Audience, PrivacyPolicy
from .domain.projection import Projection
from .entrypoints.manager import HierarchicalMemoryManager, open_memory
from .entrypoints.settings import Settings

__all__ = [
    "Audience",
    "BackendConflict",
    "BackendCorruption",
    "BackendError",
    "BackendTimeout",
    "BackendUnavailable",
    "ConfigurationError",
    "ContextBundle",
    "Conversation",
    "ErasureReceipt",
    "Forgotten",
    "HierarchicalMemoryManager",
    "IdempotencyConflict",
    "Intent",
    "InvalidConversation",
    "MemoryClosed",
    "MigrationError",
    "Moved",
    "Overloaded",
    "PrivacyPolicy",
    "Projection",
    "RelatedTopic",
    "ScoredConversation",
    "Session",
    "Settings",
    "Summary",
    "TalktiersError",
    "UnknownConversation",
    "open_memory",
]
