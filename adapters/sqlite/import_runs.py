"""Import runs in the file of the archive."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final

from ...domain.conversation import ConversationKey
from ...domain.errors import BackendCorruption
from ...domain.import_runs import ImportRun, RunState, counts_from_json
from ...domain.json_values import canonical_json
from ...ports.import_runs import ImportRuns
from .conversation_rows import id_bytes, id_text
from .database import Database
from .errors import BACKEND
from .time_expressions import from_us, to_us

_COLUMNS: Final = (
    "run_id, source_format, source, tenant_id, user_id, state, started_at_us, updated_at_us,"
    " checkpoint_cursor, duration_s, counts"
)
_SAVE: Final = f"""
INSERT INTO import_runs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run_id) DO UPDATE SET state = excluded.state, updated_at_us = excluded.updated_at_us,
    checkpoint_cursor = excluded.checkpoint_cursor, duration_s = excluded.duration_s, counts = excluded.counts
"""
_GET: Final = f"SELECT {_COLUMNS} FROM import_runs WHERE run_id = ?"
_LATEST: Final = f"SELECT {_COLUMNS} FROM import_runs ORDER BY started_at_us DESC, run_id DESC LIMIT ?"
_CLAIM: Final = """
INSERT INTO imported SELECT ?2, run_no FROM import_runs WHERE run_id = ?1
ON CONFLICT (conversation_id) DO UPDATE SET run_no = excluded.run_no
"""
_CLAIMED: Final = """
SELECT 1 FROM imported JOIN import_runs USING (run_no) WHERE conversation_id = ? AND run_id = ?
"""
_BROUGHT: Final = """
SELECT tenant_id, user_id, conversation_id
FROM (SELECT run_no FROM import_runs WHERE run_id = ?)
JOIN imported USING (run_no) JOIN conversations USING (conversation_id) JOIN users USING (user_no)
WHERE conversation_id > ?
ORDER BY conversation_id LIMIT ?
"""
_RELEASE: Final = "DELETE FROM imported WHERE run_no = (SELECT run_no FROM import_runs WHERE run_id = ?)"


class SqliteImportRuns(ImportRuns):
    """Rows beside those of the conversations.

    Args:
        database: the archive's.
    """

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def save(self, *, run: ImportRun) -> None:
        row = (
            run.run_id,
            run.source_format,
            run.source,
            run.tenant_id,
            run.user_id,
            run.state.value,
            to_us(run.started_at),
            to_us(run.updated_at),
            run.checkpoint,
            run.duration_s,
            canonical_json(run.counts.to_json()),
        )

        def save(connection: sqlite3.Connection) -> None:
            connection.execute(_SAVE, row)

        await self._database.write("save_run", save)

    async def get(self, *, run_id: str) -> ImportRun | None:
        runs = await self._database.read("get_run", lambda connection: _runs(connection.execute(_GET, (run_id,))))
        return runs[0] if runs else None

    async def latest(self, *, limit: int) -> list[ImportRun]:
        return await self._database.read("latest_runs", lambda connection: _runs(connection.execute(_LATEST, (limit,))))

    async def claim(self, *, run_id: str, keys: Sequence[ConversationKey]) -> None:
        rows = [(run_id, id_bytes(key.conversation_id)) for key in keys]

        def claim(connection: sqlite3.Connection) -> None:
            connection.executemany(_CLAIM, rows)

        if rows:
            await self._database.write("claim", claim)

    async def claimed(self, *, run_id: str, keys: Sequence[ConversationKey]) -> frozenset[str]:
        ids = [key.conversation_id for key in keys]

        def claimed(connection: sqlite3.Connection) -> frozenset[str]:
            return frozenset(item for item in ids if connection.execute(_CLAIMED, (id_bytes(item), run_id)).fetchone())

        return await self._database.read("claimed", claimed) if ids else frozenset()

    async def brought(self, *, run_id: str, after: str | None = None, limit: int) -> list[ConversationKey]:
        parameters = (run_id, b"" if after is None else id_bytes(after), limit)
        rows = await self._database.read(
            "brought", lambda connection: connection.execute(_BROUGHT, parameters).fetchall()
        )
        return [
            ConversationKey(tenant_id=tenant_id, user_id=user_id, conversation_id=id_text(packed))
            for tenant_id, user_id, packed in rows
        ]

    async def release(self, *, run_id: str) -> None:
        def release(connection: sqlite3.Connection) -> None:
            connection.execute(_RELEASE, (run_id,))

        await self._database.write("release", release)


def _runs(rows: Iterable[tuple[Any, ...]]) -> list[ImportRun]:
    return [_run(*row) for row in rows]


def _run(  # noqa: PLR0917  # the columns of a row
    run_id: str,
    source_format: str,
    source: str,
    tenant_id: str,
    user_id: str | None,
    state: str,
    started_at_us: int,
    updated_at_us: int,
    checkpoint: str | None,
    duration_s: float,
    counts: str,
) -> ImportRun:
    try:
        return ImportRun(
            run_id=run_id,
            source_format=source_format,
            source=source,
            tenant_id=tenant_id,
            user_id=user_id,
            state=RunState(state),
            started_at=from_us(started_at_us, 0),
            updated_at=from_us(updated_at_us, 0),
            checkpoint=checkpoint,
            duration_s=duration_s,
            counts=counts_from_json(json.loads(counts)),
        )
    except ValueError as error:
        raise BackendCorruption(BACKEND, "decode", f"import run {run_id!a} is damaged") from error
