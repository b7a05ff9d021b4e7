"""The one place where the neo4j driver's errors become ours.

A message names the server, what mends the fault and Neo4j's code of the error; never Neo4j's own message. An error whose
message may quote a value, that is, a user's text, is not kept as a cause either.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from typing import TypeAlias

from neo4j import exceptions

from ...domain.errors import (
    BackendConflict,
    BackendError,
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
)

BACKEND = "neo4j"
OLDEST_VERSION = (5, 7)
"""The first that can be told to send no notifications, which quote statements and end up in logs."""

_Kind: TypeAlias = "tuple[type[BackendError], str]"

_SIGN_IN: _Kind = (BackendMisconfigured, "{address} refused user or password; check the settings user and password")
_GRANTS: _Kind = (
    BackendMisconfigured,
    "the user of {address} lacks a permission; let it read, write and make constraints and indexes there",
)
_SCHEMA: _Kind = (
    BackendMisconfigured,
    "a constraint or index of another kind stands in the way on {address}; drop it, or name another database",
)
_DOWN: _Kind = (BackendUnavailable, "{address} cannot be reached; check that it runs and is reachable")
_NO_DATABASE: _Kind = (BackendUnavailable, "the database of {address} is not available; start it, then call again")
_NOT_A_LEADER: _Kind = (
    BackendUnavailable,
    "{address} takes no writes at present; call again, or name the cluster with neo4j:// instead of bolt://",
)
_NO_MEMORY: _Kind = (BackendUnavailable, "{address} has too little memory for the statement; give it more")
_TOO_LONG: _Kind = (BackendTimeout, "{address} did not answer in time; call again")
_IN_THE_WAY: _Kind = (BackendConflict, "another transaction on {address} was in the way; call again")
_ENDED: _Kind = (BackendConflict, "{address} ended the transaction, as a server does that shuts down; call again")
_TOO_OLD: _Kind = (
    BackendMisconfigured,
    "{address} is no Neo4j server of version " + ".".join(map(str, OLDEST_VERSION)) + " or newer; name one that is",
)
_TLS: _Kind = (
    BackendMisconfigured,
    "{address} does not speak TLS as it is asked to; turn it on there, or write bolt:// or neo4j:// in the url",
)
_CERTIFICATE: _Kind = (
    BackendMisconfigured,
    "the certificate of {address} is not one to be trusted for that host; name its authority in the setting ca_file",
)
_HTTP: _Kind = (BackendMisconfigured, "{address} answers as a web server; name the port of Bolt, 7687 as a rule")
_BUSY: _Kind = (BackendTimeout, "all connections to {address} stayed busy; call again, or raise the setting pool_size")
_OTHERWISE: _Kind = (BackendError, "the statement or one of its values does not suit {address}")

_BY_CODE: dict[str, _Kind] = {
    "Neo.ClientError.Database.DatabaseNotFound": (
        BackendMisconfigured,
        "{address} names a database that does not exist; create it, or name another in the setting database",
    ),
    "Neo.ClientError.Security.AuthenticationRateLimit": (
        BackendMisconfigured,
        "{address} takes no sign-in after too many wrong ones; check the settings user and password and wait a moment",
    ),
    "Neo.ClientError.Security.CredentialsExpired": (
        BackendMisconfigured,
        "the password for {address} has to be changed first: ALTER CURRENT USER SET PASSWORD",
    ),
    "Neo.ClientError.Security.Forbidden": _GRANTS,
    "Neo.ClientError.Cluster.NotALeader": _NOT_A_LEADER,
    "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase": _NOT_A_LEADER,
    "Neo.ClientError.Statement.EntityNotFound": _IN_THE_WAY,
    "Neo.ClientError.Schema.ConstraintValidationFailed": _IN_THE_WAY,
    "Neo.ClientError.Transaction.TransactionTimedOut": _TOO_LONG,
    "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration": _TOO_LONG,
    "Neo.ClientError.Transaction.LockClientStopped": _ENDED,
    "Neo.ClientError.Transaction.Terminated": _ENDED,
    "Neo.TransientError.Database.DatabaseUnavailable": _NO_DATABASE,
    "Neo.TransientError.General.DatabaseUnavailable": _NO_DATABASE,
    "Neo.TransientError.General.MemoryPoolOutOfMemoryError": _NO_MEMORY,
    "Neo.TransientError.General.OutOfMemoryError": _NO_MEMORY,
    "Neo.TransientError.General.StackOverFlowError": _NO_MEMORY,
    "Neo.DatabaseError.General.StorageDamageDetected": (
        BackendUnavailable,
        "{address} reports damaged data; mend it there, then fill the graph again with `talktiers rebuild graph`",
    ),
}
_BY_CLASS: dict[str, _Kind] = {
    "Neo.ClientError.Security": _SIGN_IN,
    "Neo.ClientError.Schema": _SCHEMA,
    "Neo.ClientError.Cluster": _NOT_A_LEADER,
    "Neo.TransientError": _IN_THE_WAY,
    "Neo.DatabaseError": (BackendUnavailable, "{address} failed by itself; see its log, then call again"),
}
_QUOTING = (
    "Neo.ClientError.Statement",
    "Neo.ClientError.Schema",
    "Neo.ClientError.Procedure",
    "Neo.ClientError.General",
    "Neo.DatabaseError",
)
"""Classes of errors whose message can hold a value of a statement or a node."""

_SAYS_HTTP = "looks like HTTP"
_TLS_ERROR = "BoltSecurityError"
"""The driver's words and its private class, where it has no public ones."""

DriverError = (exceptions.Neo4jError, exceptions.DriverError, OSError, UnicodeEncodeError, OverflowError)
"""What the driver raises; a `TimeoutError` is an `OSError`, the last two are for a value that Bolt cannot carry."""


def connection_died(error: BaseException) -> bool:
    """Whether the connection had gone, so that the same call may succeed on another one at once.

    Also where the answer to a commit was lost: our writes may be made twice.
    """
    if _chained(error, TimeoutError):
        return False
    return isinstance(
        error,
        exceptions.ServiceUnavailable | exceptions.SessionExpired | ConnectionResetError | BrokenPipeError,
    )


def is_transient(error: BaseException) -> bool:
    """Whether the same transaction may succeed a moment later: a deadlock, or a node that another one took away."""
    if not isinstance(error, exceptions.Neo4jError):
        return isinstance(error, BackendConflict)
    kind, _ = _of_code(error.code or "")
    return kind is BackendConflict or error.is_retryable()


def translated(error: Exception, *, operation: str, address: str) -> BackendError:
    """Our error for one of `DriverError`, with its cause where that quotes no value."""
    if isinstance(error, UnicodeEncodeError):
        return BackendError(BACKEND, operation, "a text holds a lone surrogate; clean it before storing")
    if isinstance(error, OverflowError):
        return BackendError(BACKEND, operation, "an integer is beyond 64 bits; store it as a string")
    code = (error.code or "") if isinstance(error, exceptions.Neo4jError) else ""
    kind, reason = _of_code(code) if code else _of_driver(error)
    ours = kind(BACKEND, operation, f"{reason.format(address=address)} ({code or type(error).__name__})")
    ours.__cause__ = None if code.startswith(_QUOTING) else error
    return ours


@contextlib.contextmanager
def translating(operation: str, *, address: str) -> Iterator[None]:
    """Raises what the driver raises inside as ours."""
    try:
        yield
    except DriverError as error:
        ours = translated(error, operation=operation, address=address)
        raise ours from ours.__cause__


def _of_code(code: str) -> _Kind:
    """By the server's own code, e.g. ``Neo.ClientError.Security.Unauthorized``; by its class where it is none we know."""
    whole_class = code.rpartition(".")[0]
    return (
        _BY_CODE.get(code) or _BY_CLASS.get(whole_class) or _BY_CLASS.get(whole_class.rpartition(".")[0]) or _OTHERWISE
    )


def _of_driver(error: Exception) -> _Kind:
    """By what happened on the way to the server or back."""
    if isinstance(error, exceptions.ConnectionAcquisitionTimeoutError):
        return _BUSY
    if isinstance(error, exceptions.ConfigurationError):
        return _TOO_OLD  # our own settings are checked before; what is left are parts of the protocol that it lacks
    if _chained(error, ssl.SSLCertVerificationError):
        return _CERTIFICATE
    if _chained(error, ssl.SSLError) or any(type(item).__name__ == _TLS_ERROR for item in _chain(error)):
        return _TLS
    if _chained(error, TimeoutError):
        return _TOO_LONG
    if any(_SAYS_HTTP in str(item) for item in _chain(error)):
        return _HTTP
    if isinstance(error, exceptions.ServiceUnavailable | exceptions.SessionExpired | OSError):
        return _DOWN
    return _OTHERWISE


def _chained(error: BaseException, kind: type[BaseException]) -> bool:
    return any(isinstance(item, kind) for item in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what caused it, and what caused that; of a group, all in it."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for item in error.exceptions:
                yield from _chain(item)
        error = error.__cause__ or error.__context__
