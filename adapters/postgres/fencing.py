"""The fence around an archive that moves, or has moved, inside one transaction."""

from __future__ import annotations

from ...ports.conversation_archive import Fence
from .archive_statements import FENCE
from .session import Connection

# Waits for everyone who has read the fence in a transaction that is under way, and holds up whoever comes after.
_LOCK = "LOCK TABLE fence IN ACCESS EXCLUSIVE MODE"
_LIFT = "DELETE FROM fence"
_SET = "INSERT INTO fence (destination, move_id, complete) VALUES ($1, $2, $3)"


async def fence_of(connection: Connection) -> Fence | None:
    """The fence, if there is one."""
    row = await connection.fetchrow(FENCE)
    return None if row is None else Fence(**row)


async def check_fence(connection: Connection) -> None:
    """Refuses to store and to forget while there is a fence; until the transaction ends nobody puts one up.

    Raises:
        Moved: there is one.
    """
    if (fence := await fence_of(connection)) is not None:
        raise fence.refusal


async def change_fence(connection: Connection, *, before: Fence | None, after: Fence | None) -> bool:
    """Makes the fence as ``after`` says if it is as ``before`` says; whether it is as ``after`` says now."""
    await connection.execute(_LOCK)
    present = await fence_of(connection)
    if present == before and before != after:
        await connection.execute(_LIFT)
        if after is not None:
            await connection.execute(_SET, after.destination, after.move_id, after.complete)
        present = after
    return present == after
