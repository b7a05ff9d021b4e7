"""talktiers: a four-tier memory for bots that talk to people."""

from __future__ import annotations

from .application.figures import Health, Stats
from .application.import_conversations import ImportReport
from .domain.context_bundle import AssemblyMetadata, ChatMessage, ContextBundle, TierReport, TierStatus
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

__version__ = "0.1.0"

__all__ = [
    "AssemblyMetadata",
    "Audience",
    "BackendConflict",
    "BackendCorruption",
    "BackendError",
    "BackendTimeout",
    "BackendUnavailable",
    "ChatMessage",
    "ConfigurationError",
    "ContextBundle",
    "Conversation",
    "ErasureReceipt",
    "Forgotten",
    "Health",
    "HierarchicalMemoryManager",
    "IdempotencyConflict",
    "ImportReport",
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
    "Stats",
    "Summary",
    "TalktiersError",
    "TierReport",
    "TierStatus",
    "UnknownConversation",
    "__version__",
    "open_memory",
]
