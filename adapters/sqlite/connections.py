"""Opening the file: what must be true of it, and how every connection is set up."""

from __future__ import annotations

import contextlib
import os
import shlex
import sqlite3
import time
from pathlib import Path
from typing import Literal

from ...domain.errors import ConfigurationError
from .errors import is_busy

Synchronous = Literal["FULL", "NORMAL"]

APPLICATION_ID = 0x54544D45
"""Marks a file as ours ("TTME"), so that tables are never put into another program's database."""

_READING_CACHE_KIB = 16 * 1024
"""Page cache of a connection at most. Beyond it the system's own cache serves, for some microseconds a page."""
_WRITING_CACHE_KIB = 64 * 1024
"""An import writes all over the lexical index of everybody: with a quarter of this it is slower by a fifth."""
_STATEMENTS = 256
_WAL_LIMIT_BYTES = 64 * 1024 * 1024
_CHECKPOINT_PAGES = 4_000
"""The log is written into the file at 16 MB: each time costs two fsyncs, and a page is written once however often it
changed."""
_RETRY_S = 0.02


def check_place(path: Path) -> None:
    """Refuses a path that can be no writable database, in words that say what to mend.

    A file or folder that is marked read-only is refused for every user, also for one who could write through the mark.

    Raises:
        ConfigurationError: naming the path.
    """
    if path.name == ":memory:":
        raise ConfigurationError("an SQLite memory needs a file; one that is not kept has the address memory://")
    folder = path.parent
    if not folder.exists():
        raise ConfigurationError(f"the folder of {path} does not exist; create {folder}, or name another file")
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is no folder, so {path} cannot be in it; name another file")
    if path.is_dir():
        raise ConfigurationError(f"{path} is a folder; name a file in it")
    for what, place in (("file", path), ("folder", folder)):
        if place.exists() and not (place.stat().st_mode & 0o222 and os.access(place, os.W_OK)):
            raise ConfigurationError(
                f"{path} cannot be written: the {what} {place} is read-only, and a memory is always opened for writing;"
                f" make it writable, or copy it (cp {shlex.quote(str(path))} copy.db && chmod u+w copy.db) and name the copy"
            )


def create_private(path: Path) -> None:
    """Creates a missing file so that only its owner can read what people said; SQLite's own files beside it follow."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def connect(path: Path, *, busy_timeout_s: float, synchronous: Synchronous, read_only: bool) -> sqlite3.Connection:
    """A connection in autocommit mode, usable from any one thread at a time."""
    connection = sqlite3.connect(
        path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False, cached_statements=_STATEMENTS
    )
    try:
        # Freed cells and pages are overwritten, and nothing is sorted in a temporary file: erased is erased.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute(f"PRAGMA cache_size = -{_READING_CACHE_KIB if read_only else _WRITING_CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        if read_only:
            connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def check_owner(connection: sqlite3.Connection, path: Path) -> None:
    """Refuses the database of another program.

    Raises:
        ConfigurationError: naming the path.
    """
    (objects,) = connection.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    if owner != APPLICATION_ID and (owner or objects):
        raise ConfigurationError(f"{path} is the database of another program; name another file")


def use_write_ahead_log(connection: sqlite3.Connection, path: Path, *, busy_timeout_s: float) -> None:
    """Turns the write-ahead log on. SQLite does not wait here when another process does the same: so we do.

    Raises:
        ConfigurationError: the file system cannot do it.
    """
    deadline = time.monotonic() + busy_timeout_s
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_S)
        else:
            if mode != "wal":
                raise ConfigurationError(
                    f"{path} lies on a file system without shared memory; name a file on a local disk"
                )
            return
