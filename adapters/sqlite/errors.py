"""The one place where sqlite3's errors become ours.

A message names the file, what mends the fault and SQLite's name of the error; never SQLite's own message, which stays in
the cause. An error that quotes a value, that is, a user's text, is not kept as a cause either.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ...domain.errors import (
    BackendConflict,
    BackendCorruption,
    BackendError,
    BackendTimeout,
    BackendUnavailable,
    ConfigurationError,
    TalktiersError,
)

BACKEND = "sqlite"

_KINDS: dict[int, tuple[type[BackendError], str]] = {
    sqlite3.SQLITE_BUSY: (
        BackendConflict,
        "another process kept {path} locked; call again, or raise the setting busy_timeout_s",
    ),
    sqlite3.SQLITE_LOCKED: (BackendConflict, "a table of {path} is in use; call again"),
    sqlite3.SQLITE_SCHEMA: (BackendConflict, "the schema of {path} changed meanwhile; call again"),
    sqlite3.SQLITE_PROTOCOL: (BackendConflict, "too many processes opened {path} at once; call again"),
    sqlite3.SQLITE_INTERRUPT: (BackendTimeout, "the statement on {path} was interrupted; call again"),
    sqlite3.SQLITE_FULL: (BackendUnavailable, "the disk that holds {path} is full; free some space"),
    sqlite3.SQLITE_IOERR: (BackendUnavailable, "reading or writing {path} failed; check its disk"),
    sqlite3.SQLITE_NOMEM: (BackendUnavailable, "no memory left for {path}; free some"),
    sqlite3.SQLITE_CANTOPEN: (BackendUnavailable, "{path} or a file beside it cannot be opened; check its folder"),
    sqlite3.SQLITE_READONLY: (BackendUnavailable, "{path} cannot be written; make it and its folder writable"),
    sqlite3.SQLITE_PERM: (BackendUnavailable, "access to {path} is not permitted; make it and its folder writable"),
    sqlite3.SQLITE_AUTH: (BackendUnavailable, "access to {path} is not permitted; make it and its folder writable"),
    sqlite3.SQLITE_CORRUPT: (BackendCorruption, "{path} is damaged; restore it from a backup"),
    sqlite3.SQLITE_NOTADB: (BackendCorruption, "{path} is not an SQLite database any more; restore it from a backup"),
    sqlite3.SQLITE_TOOBIG: (BackendError, "a value is too big for {path}; store less at once"),
}
_OTHERWISE: tuple[type[BackendError], str] = (
    BackendError,
    "the statement does not fit {path}; the cause says why",
)

_AT_OPENING = {
    sqlite3.SQLITE_NOTADB: "{path} is not an SQLite database; name another file, or move it away",
    sqlite3.SQLITE_READONLY: "{path} is read-only; make the file and its folder writable, or name another file",
    sqlite3.SQLITE_CANTOPEN: "{path} cannot be opened; check that its folder exists and is writable",
    sqlite3.SQLITE_PERM: "{path} cannot be opened; make the file and its folder writable, or name another file",
    sqlite3.SQLITE_AUTH: "{path} cannot be opened; make the file and its folder writable, or name another file",
}

_QUOTES_A_VALUE = "Could not decode to UTF-8"

DriverError = (sqlite3.Error, sqlite3.Warning, UnicodeEncodeError, OverflowError)
"""What sqlite3 raises for a statement; the last two for a parameter that SQLite cannot hold."""


def translated(error: Exception, *, operation: str, path: Path) -> BackendError:
    """Our error for one of `DriverError`, with its cause."""
    if isinstance(error, UnicodeEncodeError):
        return BackendError(BACKEND, operation, "a text holds a lone surrogate; clean it before storing")
    if isinstance(error, OverflowError):
        ours = BackendError(BACKEND, operation, "an integer is beyond 64 bits; store it as a string")
    elif str(error).startswith(_QUOTES_A_VALUE):
        return BackendCorruption(BACKEND, operation, f"{path} holds a text that is not UTF-8; restore it from a backup")
    else:
        kind, reason = _KINDS.get(_primary_code(error), _OTHERWISE)
        ours = kind(BACKEND, operation, f"{reason.format(path=path)} ({_name(error)})")
    ours.__cause__ = error
    return ours


def opening_error(error: Exception, *, path: Path) -> TalktiersError:
    """As `translated`, where opening the file is what failed: what the user has to mend is a `ConfigurationError`."""
    reason = _AT_OPENING.get(_primary_code(error))
    if reason is None:
        return translated(error, operation="open", path=path)
    ours = ConfigurationError(f"{reason.format(path=path)} ({_name(error)})")
    ours.__cause__ = error
    return ours


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection was in the way, so that the same statement may succeed later."""
    return _primary_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _primary_code(error: Exception) -> int:
    """SQLite's code without its extension; -1 where the error came from the Python side."""
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else -1


def _name(error: Exception) -> str:
    return str(getattr(error, "sqlite_errorname", type(error).__name__))
