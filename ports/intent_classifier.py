"""What the user wants with a message."""

from __future__ import annotations

from typing import Protocol

from ..domain.derived import Intent


class IntentClassifier(Protocol):
    """Sorts a message into one of seven intents. Pure and fast: it is called while a context is assembled."""

    def classify(self, *, text: str) -> Intent:
        """The intent; ``general`` where none is clear."""
        ...
