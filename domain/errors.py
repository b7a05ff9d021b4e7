"""Every error that talktiers raises, in one hierarchy.

Messages name the setting or command that mends the fault; they never hold a password or a user's text.
"""

from __future__ import annotations

from typing import ClassVar


class TalktiersError(Exception):
    """Anything that talktiers itself raises."""

    retryable: ClassVar[bool] = False
    """Whether the same call may succeed later without being changed."""


class InvalidConversation(TalktiersError):
    """What the caller handed over cannot be stored or asked for; nothing was left behind."""


class IdempotencyConflict(TalktiersError):
    """The idempotency key was used before with other content; the first content stands.

    A retry with another answer, e.g. one that a model gave anew, ends here: the exchange is stored, go on.
    """


class Forgotten(TalktiersError):
    """A retry of a conversation that was erased; it stays erased."""


class UnknownConversation(TalktiersError):
    """No conversation with that id is visible in the scope of the call."""


class Moved(TalktiersError):
    """The archive has moved; the message names the configuration that opens its new home."""


class ConfigurationError(TalktiersError):
    """A setting is missing, misspelt or contradictory; the message names its path."""


class Overloaded(TalktiersError):
    """Refused before anything was acknowledged; try again later."""

    retryable = True


class MemoryClosed(TalktiersError):
    """A call on a memory that is not open: `await memory.initialize()`, or `async with`."""


class BackendError(TalktiersError):
    """A store behind a port failed.

    Args:
        backend: which one, e.g. ``sqlite``.
        operation: what was attempted, e.g. ``append``.
        reason: what to mend, without secrets and without a user's text.
    """

    def __init__(self, backend: str, operation: str, reason: str) -> None:
        super().__init__(f"{backend}: {operation} failed: {reason}")
        self.backend = backend
        self.operation = operation
        self.reason = reason


class BackendUnavailable(BackendError):
    """The store cannot be reached or used at the moment."""

    retryable = True


class BackendTimeout(BackendError):
    """The store did not answer in time; the operation may or may not have happened."""

    retryable = True


class BackendMisconfigured(BackendError):
    """The store answers and cannot be used as it is set up: password, version, schema, dimension.

    The same call succeeds once somebody has mended that, so nothing is given up because of it.
    """

    retryable = True


class BackendConflict(BackendError):
    """Two writers met; the same call can be made again."""

    retryable = True


class BackendCorruption(BackendError):
    """What the store holds is not what it should be."""


class MigrationError(TalktiersError):
    """An import or a schema migration could not go on."""
