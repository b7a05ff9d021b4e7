"""Making erased bytes vanish from the files.

``secure_delete`` overwrites what is deleted where it lies. It does not reach copies that stayed behind when a page was
split or merged and its rows moved (measured: every few erasures leave some). So the file is written anew, which keeps
living rows only, and the write-ahead log is carried over and cut.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

from .errors import is_busy

_NOTE = "INSERT INTO erasures DEFAULT VALUES"
_NOTED = "SELECT MAX(erasure_no) FROM erasures"
_DONE = "DELETE FROM erasures WHERE erasure_no <= ?"

_BUSY_MS = 20
"""How long one attempt may wait for others and hold up the writes behind it; it is repeated."""


def note_erasure(connection: sqlite3.Connection) -> None:
    """Notes, in the transaction that erases, that the file is to be rewritten."""
    connection.execute(_NOTE)


def noted_erasures(connection: sqlite3.Connection) -> int:
    """Number of the last erasure that was not followed by a rewriting; 0: there is none."""
    (noted,) = connection.execute(_NOTED).fetchone()
    return noted or 0


def forget_erasures(connection: sqlite3.Connection, *, up_to: int) -> None:
    """Those up to that number are overwritten by now; later ones are not."""
    connection.execute(_DONE, (up_to,))


def rewrite(connection: sqlite3.Connection) -> bool:
    """Writes the file anew; ``False``: another process writes at the moment."""
    with _impatient(connection):
        # Not in memory: the copy is as large as the file.
        connection.execute("PRAGMA temp_store = FILE")
        try:
            connection.execute("VACUUM")
        except sqlite3.OperationalError as error:
            if is_busy(error):
                return False
            raise
        finally:
            connection.execute("PRAGMA temp_store = MEMORY")
    return True


def empty_log(connection: sqlite3.Connection) -> bool:
    """Carries the write-ahead log over into the file and cuts it to nothing; ``False``: someone still reads it."""
    with _impatient(connection):
        (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


@contextlib.contextmanager
def _impatient(connection: sqlite3.Connection) -> Iterator[None]:
    (patience_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA busy_timeout = {patience_ms}")
