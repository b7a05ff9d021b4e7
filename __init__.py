"""talktiers: a four-tier memory for bots that talk to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .application.figures import Health, Stats
from .application.import_report import ImportReport
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

if TYPE_CHECKING:
    from .entrypoints.chromadb_migrator import ChromaDBMigrator

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
    "ChromaDBMigrator",
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


def __getattr__(name: str) -> object:
    """Loads what few need when it is asked for."""
    if name == "ChromaDBMigrator":
        from .entrypoints.chromadb_migrator import ChromaDBMigrator  # noqa: PLC0415

        return ChromaDBMigrator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
