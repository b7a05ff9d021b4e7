"""Making erased rows vanish from the tables' files.

A deleted row lies in its page until a VACUUM removes it, and a VACUUM leaves those that a transaction older than the
erasure could still read.
"""

from __future__ import annotations

import asyncio
import time

from .session import Connection

TIMEOUT_S = 300.0
"""For one VACUUM: some seconds for a million conversations, more on a slow disk."""

_PATIENCE_S = 5.0
"""How long an old transaction is waited for."""
_PAUSE_S = 0.05

_NOTE = "INSERT INTO erasures DEFAULT VALUES"
_NOTED = "SELECT max(erasure_no) FROM erasures"
_DONE = "DELETE FROM erasures WHERE erasure_no <= $1"

# Whoever may still read what was erased: transactions of this database, prepared ones, standbys, replication.
_HELD = """
SELECT EXISTS (
    SELECT 1 FROM (
        SELECT backend_xmin AS oldest FROM pg_stat_activity
        WHERE datname = current_database() OR backend_type = 'walsender'
        UNION ALL SELECT transaction FROM pg_prepared_xacts WHERE database = current_database()
        UNION ALL SELECT xmin FROM pg_replication_slots
    ) AS readers
    WHERE age(oldest) >= (SELECT min(age(erased_by::xid)) FROM erasures WHERE erasure_no <= $1)
)
"""
# The server itself composes the list, its names quoted. Empty pages at a table's end are not given back to the disk: the
# lock that this takes is not to be had while another VACUUM waits, as the one of the next erasure does, and is tried for
# five seconds a table.
_VACUUM = """
SELECT 'VACUUM (TRUNCATE FALSE) ' || string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables
WHERE schemaname = current_schema()
"""
_ALL_OURS = "SELECT bool_and(pg_has_role(tableowner, 'USAGE')) FROM pg_tables WHERE schemaname = current_schema()"


async def note_erasure(connection: Connection) -> None:
    """Notes, in the transaction that erases, that the tables are to be vacuumed."""
    await connection.execute(_NOTE)


async def purge(connection: Connection) -> bool:
    """Vacuums the tables of our schema if anything was erased since the last time.

    Not inside a transaction. Readers and writers go on meanwhile.

    Returns:
        ``False``: an open transaction, a standby or a replication slot still holds what was erased, or the tables
        belong to another role.
    """
    noted = await connection.fetchval(_NOTED)
    if noted is None:
        return True
    if not await connection.fetchval(_ALL_OURS):
        return False
    deadline = time.monotonic() + _PATIENCE_S
    while await connection.fetchval(_HELD, noted):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_PAUSE_S)
    await connection.execute(await connection.fetchval(_VACUUM), timeout=TIMEOUT_S)
    await connection.execute(_DONE, noted)
    return True
