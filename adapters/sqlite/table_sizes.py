"""How much of the file each table takes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

_OBJECTS = "SELECT name FROM sqlite_schema WHERE tbl_name = ? AND rootpage > 0"
_PAGES = "SELECT pgsize FROM dbstat WHERE name = ? AND aggregate = TRUE"
_WHOLE_FILE = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"


def bytes_of_tables(connection: sqlite3.Connection, tables: Sequence[str]) -> int:
    """Bytes of the pages of these tables and their indexes.

    An SQLite that was built without page statistics tells only the whole file.
    """
    try:
        return sum(
            pages
            for table in tables
            for (name,) in connection.execute(_OBJECTS, (table,)).fetchall()
            for (pages,) in connection.execute(_PAGES, (name,))
        )
    except sqlite3.OperationalError as error:
        if "dbstat" not in str(error):
            raise
        (size,) = connection.execute(_WHOLE_FILE).fetchone()
        return int(size)
