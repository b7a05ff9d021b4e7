"""A connection as this package uses it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import asyncpg

SETTINGS = """
SELECT set_config(name, setting, false) FROM (VALUES
    ('search_path', $1),
    ('default_transaction_isolation', 'read committed'),
    ('idle_in_transaction_session_timeout', $2),
    ('plan_cache_mode', 'force_generic_plan'),
    ('enable_seqscan', 'off'),
    ('enable_bitmapscan', 'off'),
    ('enable_hashjoin', 'off'),
    ('enable_mergejoin', 'off'),
    ('jit', 'off')
) AS ours (name, setting)
"""
"""What a session of ours is like.

Search path: our schema alone, so that a table of that name elsewhere is never taken for ours. Isolation: waiting for a
lock, our statements count on seeing what its holder did, whatever the server's own default is. A client that hangs in a
transaction must not keep a user locked.

Every statement finds its rows by an index that is there for it, in the order of that index, and stops at its limit. So
it is planned once a connection (planning anew takes three times as long as reading), and never by what the planner
guesses of a limit, or of tables that it has no figures of yet: by a bitmap or a hash it reads all first, which took 37
ms instead of 1 for claiming jobs from a long queue. Compiling costs more than any of our statements takes.
"""

IDLE_IN_TRANSACTION_MS = 60_000


class Connection(Protocol):
    """What is used of `asyncpg.Connection`. Each call is bounded by the time limit that the database was given."""

    async def execute(self, query: str, *args: object, timeout: float | None = None) -> str:  # noqa: ASYNC109
        """Its status; ``timeout``: another limit, in seconds."""
        ...

    async def executemany(self, command: str, args: Iterable[Sequence[object]]) -> None:
        """Executes a statement once for each sequence of arguments, all or nothing."""
        ...

    async def fetch(self, query: str, *args: object) -> list[Any]:
        """All rows."""
        ...

    async def fetchrow(self, query: str, *args: object) -> Any:
        """The first row; ``None``: there is none."""
        ...

    async def fetchval(self, query: str, *args: object) -> Any:
        """The first value of the first row; ``None``: there is no row."""
        ...

    async def copy_records_to_table(
        self, table_name: str, *, records: Iterable[Sequence[object]], columns: Sequence[str] | None = None
    ) -> str:
        """Appends rows in bulk."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """A transaction, or a savepoint inside of one."""
        ...


class PooledConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no type hints
    """A connection that is given back to the pool as it is.

    asyncpg would send a RESET on each return, a round trip that takes longer than most of our reads. Nothing here
    changes a session's settings, listens, or takes a lock beyond its transaction; open transactions are still ended.
    """

    __slots__ = ()

    def get_reset_query(self) -> str:
        """Nothing."""
        return ""


async def set_up(connection: Connection, *, schema: str) -> None:
    """Makes the session of a new connection ours.

    Args:
        schema: a checked name.
    """
    await connection.execute(SETTINGS, f'"{schema}"', str(IDLE_IN_TRANSACTION_MS))
