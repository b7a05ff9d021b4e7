"""Many rows in few statements.

Between two statements another thread takes the interpreter, and gives it back when it likes. A thread that writes row
by row beside one that computes waits for it most of the time.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

_SIZES = (32, 8, 2, 1)
"""Rows of one statement: few sizes, so that each is prepared once."""
IDS_AT_ONCE = 32


def insert_rows(connection: sqlite3.Connection, insert: str, rows: Sequence[Sequence[Any]]) -> None:
    """Inserts rows in their order.

    Args:
        insert: ``INSERT INTO table (columns)``; the values follow.
    """
    start = 0
    for size in _SIZES:
        while len(rows) - start >= size:
            some = rows[start : start + size]
            connection.execute(_statement(insert, len(some[0]), size), [value for row in some for value in row])
            start += size


def select_by_ids(
    connection: sqlite3.Connection, select: str, first: object, ids: Sequence[bytes]
) -> Iterator[tuple[Any, ...]]:
    """The rows with these ids, in any order.

    Args:
        select: a statement with one parameter, ``first``, that ends with ``conversation_id IN``. It names its index:
            to the planner all rows of a user seem to be fewer than the ids.
    """
    statement = _select(select)
    for start in range(0, len(ids), IDS_AT_ONCE):
        some = ids[start : start + IDS_AT_ONCE]
        yield from connection.execute(statement, (first, *some, *[None] * (IDS_AT_ONCE - len(some)))).fetchall()


@functools.lru_cache(maxsize=64)
def _statement(insert: str, columns: int, rows: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"{insert} VALUES {', '.join([row] * rows)}"


@functools.lru_cache(maxsize=16)
def _select(select: str) -> str:
    return f"{select} ({', '.join('?' * IDS_AT_ONCE)})"
