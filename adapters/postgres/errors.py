"""The one place where asyncpg's errors become ours.

A message names the server, what mends the fault and PostgreSQL's code of the error; never PostgreSQL's own message. An
error whose message or detail may quote a value, that is, a user's text, is not kept as a cause either.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from typing import TypeAlias

import asyncpg

from ...domain.errors import (
    BackendConflict,
    BackendCorruption,
    BackendError,
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
)

BACKEND = "postgres"

_Kind: TypeAlias = "tuple[type[BackendError], str]"

_SIGN_IN: _Kind = (BackendMisconfigured, "{address} refused user or password; check both in the setting url")
_GRANTS: _Kind = (
    BackendMisconfigured,
    "the user of {address} lacks a permission; let it own the schema, or grant what the cause says",
)
_TABLES: _Kind = (
    BackendMisconfigured,
    "the tables on {address} are not those of this version; start talktiers again to bring them up to date",
)
_ENDED: _Kind = (BackendUnavailable, "{address} ended the connection; call again once it is up")
_TLS: _Kind = (
    BackendMisconfigured,
    "{address} does not speak TLS as it is asked to; turn it on there, or set sslmode=disable in the url",
)
_CERTIFICATE: _Kind = (
    BackendMisconfigured,
    "the certificate of {address} is not one to be trusted for that host; name its authority in the setting ca_file",
)

_BY_STATE: dict[str, _Kind] = {
    "28000": _SIGN_IN,
    "28P01": _SIGN_IN,
    "3D000": (BackendMisconfigured, "{address} names a database that does not exist; create it, or name another"),
    "3F000": _TABLES,
    "42501": _GRANTS,
    "42P01": _TABLES,
    "42703": _TABLES,
    "42883": _TABLES,
    "25006": (BackendUnavailable, "{address} is read-only at present; name the primary server, not a standby"),
    "40001": (BackendConflict, "another transaction on {address} was in the way; call again"),
    "40P01": (BackendConflict, "another transaction on {address} was in the way; call again"),
    "55P03": (BackendConflict, "a row on {address} stayed locked; call again"),
    "53100": (BackendUnavailable, "the disk of {address} is full; free some space"),
    "53200": (BackendUnavailable, "{address} has no memory left; free some"),
    "53300": (
        BackendUnavailable,
        "{address} takes no further connection; raise its max_connections, or lower the setting pool_size",
    ),
    "57014": (BackendTimeout, "a statement on {address} was cancelled; call again"),
    "57P03": (BackendUnavailable, "{address} is starting up or shutting down; call again"),
    "XX001": (BackendCorruption, "{address} reports damaged data; restore it from a backup"),
    "XX002": (BackendCorruption, "{address} reports a damaged index; REINDEX it"),
}
_BY_CLASS: dict[str, _Kind] = {
    "08": _ENDED,
    "53": (BackendUnavailable, "{address} has too little of a resource left; free some"),
    "57": _ENDED,
    "58": (BackendUnavailable, "{address} cannot read or write its files; check its disk"),
}
_OTHERWISE: _Kind = (BackendError, "the statement or one of its values does not suit {address}")

_QUOTING = ("21", "22", "23", "44", "P0")
"""Classes of errors whose message or detail can hold a value of a row."""

_NO_TLS = "rejected SSL upgrade"
"""asyncpg's words for a server that speaks no TLS; it has no error of its own for that."""

DriverError = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What asyncpg raises; a `TimeoutError` is an `OSError`."""

_DEAD_STATES = ("57P01", "57P02")


def connection_died(error: BaseException) -> bool:
    """Whether the connection had gone, so that the same call may succeed on another one at once."""
    if isinstance(error, TimeoutError):
        return False
    # An InternalClientError: the server's farewell came while the driver expected nothing.
    if isinstance(
        error, asyncpg.PostgresConnectionError | asyncpg.InternalClientError | ConnectionResetError | BrokenPipeError
    ):
        return True
    if isinstance(error, asyncpg.InterfaceError):
        return not isinstance(error, ValueError)  # a ValueError: a parameter that does not fit its type
    return getattr(error, "sqlstate", None) in _DEAD_STATES


def translated(error: Exception, *, operation: str, address: str) -> BackendError:
    """Our error for one of `DriverError`, with its cause where that quotes no value."""
    (kind, reason), name, quotes = _judged(error)
    ours = kind(BACKEND, operation, f"{reason.format(address=address)} ({name})")
    ours.__cause__ = None if quotes else error
    return ours


@contextlib.contextmanager
def translating(operation: str, *, address: str) -> Iterator[None]:
    """Raises what asyncpg raises inside as ours."""
    try:
        yield
    except DriverError as error:
        ours = translated(error, operation=operation, address=address)
        raise ours from ours.__cause__


def _judged(error: Exception) -> tuple[_Kind, str, bool]:
    """Our kind, the name that is told, and whether the error may quote a value."""
    name = type(error).__name__
    if isinstance(error, asyncpg.PostgresError):
        state: str = getattr(error, "sqlstate", None) or ""
        kind = _BY_STATE.get(state) or _BY_CLASS.get(state[:2]) or _OTHERWISE
        return kind, f"SQLSTATE {state}" if state else name, not state or state[:2] in _QUOTING
    if isinstance(error, TimeoutError):
        return (BackendTimeout, "{address} did not answer in time; call again"), name, False
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATE, getattr(error, "verify_message", name), False
    if isinstance(error, ssl.SSLError):
        return _TLS, name, False
    if isinstance(error, OSError):
        if _NO_TLS in str(error):
            return _TLS, name, False
        return (BackendUnavailable, "{address} cannot be reached; check that it runs and is reachable"), name, False
    if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
        return _OTHERWISE, name, True
    return _ENDED, name, False
