"""The fence around an archive that moves, or has moved, inside one transaction."""

from __future__ import annotations

import sqlite3

from ...ports.conversation_archive import Fence

_FENCE = "SELECT destination, move_id, complete FROM fence"
_LIFT = "DELETE FROM fence"
_SET = "INSERT INTO fence (fence_no, destination, move_id, complete) VALUES (1, ?, ?, ?)"


def fence_of(connection: sqlite3.Connection) -> Fence | None:
    """The fence, if there is one."""
    row = connection.execute(_FENCE).fetchone()
    if row is None:
        return None
    destination, move_id, complete = row
    return Fence(destination=destination, move_id=move_id, complete=bool(complete))


def check_fence(connection: sqlite3.Connection) -> None:
    """Refuses to store and to forget while there is a fence.

    Raises:
        Moved: there is one.
    """
    if (fence := fence_of(connection)) is not None:
        raise fence.refusal


def change_fence(connection: sqlite3.Connection, *, before: Fence | None, after: Fence | None) -> bool:
    """Makes the fence as ``after`` says if it is as ``before`` says; whether it is as ``after`` says now."""
    present = fence_of(connection)
    if present == before and before != after:
        connection.execute(_LIFT)
        if after is not None:
            connection.execute(_SET, (after.destination, after.move_id, after.complete))
        present = after
    return present == after
