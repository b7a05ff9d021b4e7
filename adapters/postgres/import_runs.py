"""Import runs in the database of the archive."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from ...domain.conversation import ConversationKey
from ...domain.errors import BackendCorruption
from ...domain.import_runs import ImportRun, RunState, counts_from_json
from ...domain.json_values import canonical_json
from ...ports.import_runs import ImportRuns
from .conversation_rows import from_us, to_us
from .database import PostgresDatabase
from .errors import BACKEND

_COLUMNS: Final = (
    "run_id, source_format, source, tenant_id, user_id, state, started_at_us, updated_at_us,"
    " checkpoint_cursor, duration_s, counts"
)
_SAVE: Final = f"""
INSERT INTO import_runs ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (run_id) DO UPDATE SET state = excluded.state, updated_at_us = excluded.updated_at_us,
    checkpoint_cursor = excluded.checkpoint_cursor, duration_s = excluded.duration_s, counts = excluded.counts
"""
_GET: Final = f"SELECT {_COLUMNS} FROM import_runs WHERE run_id = $1"
_LATEST: Final = f"SELECT {_COLUMNS} FROM import_runs ORDER BY started_at_us DESC, run_id DESC LIMIT $1"

# In the order of the ids, so that two runs that note the same ones do not wait for each other in a ring.
_CLAIM: Final = """
INSERT INTO imported (run_no, tenant_id, user_id, conversation_id)
SELECT run_no, wanted.tenant_id, wanted.user_id, wanted.conversation_id
FROM import_runs CROSS JOIN unnest($2::text[], $3::text[], $4::uuid[]) AS wanted (tenant_id, user_id, conversation_id)
WHERE run_id = $1
ORDER BY wanted.conversation_id
ON CONFLICT (conversation_id) DO UPDATE SET
    run_no = excluded.run_no, tenant_id = excluded.tenant_id, user_id = excluded.user_id
"""
_CLAIMED: Final = """
SELECT conversation_id FROM unnest($2::uuid[]) AS wanted (conversation_id)
JOIN imported USING (conversation_id) JOIN import_runs USING (run_no)
WHERE run_id = $1
"""
_BROUGHT: Final = """
SELECT imported.tenant_id, imported.user_id, imported.conversation_id
FROM import_runs JOIN imported USING (run_no)
WHERE run_id = $1 AND ($2::uuid IS NULL OR imported.conversation_id > $2)
AND EXISTS (
    SELECT FROM users JOIN conversations USING (user_no)
    WHERE users.tenant_id = imported.tenant_id AND users.user_id = imported.user_id
    AND conversations.conversation_id = imported.conversation_id
)
ORDER BY imported.conversation_id LIMIT $3
"""
_RELEASE: Final = "DELETE FROM imported WHERE run_no = (SELECT run_no FROM import_runs WHERE run_id = $1)"


class PostgresImportRuns(ImportRuns):
    """Rows beside those of the conversations.

    Args:
        database: the archive's.
    """

    def __init__(self, *, database: PostgresDatabase) -> None:
        self._database = database

    async def save(self, *, run: ImportRun) -> None:
        await self._database.fetch(
            _SAVE,
            run.run_id,
            run.source_format,
            run.source,
            run.tenant_id,
            run.user_id,
            run.state.value,
            to_us(run.started_at),
            to_us(run.updated_at),
            run.checkpoint,
            float(run.duration_s),
            canonical_json(run.counts.to_json()),
            operation="save_run",
        )

    async def get(self, *, run_id: str) -> ImportRun | None:
        row = await self._database.fetchrow(_GET, run_id, operation="get_run")
        return None if row is None else _run(*row)

    async def latest(self, *, limit: int) -> list[ImportRun]:
        return [_run(*row) for row in await self._database.fetch(_LATEST, limit, operation="latest_runs")]

    async def claim(self, *, run_id: str, keys: Sequence[ConversationKey]) -> None:
        if keys:
            tenants, users, ids = zip(*((key.tenant_id, key.user_id, key.conversation_id) for key in keys), strict=True)
            await self._database.fetch(_CLAIM, run_id, tenants, users, ids, operation="claim_imported")

    async def claimed(self, *, run_id: str, keys: Sequence[ConversationKey]) -> frozenset[str]:
        ids = [key.conversation_id for key in keys]
        rows = await self._database.fetch(_CLAIMED, run_id, ids, operation="claimed_imported") if ids else []
        return frozenset(str(conversation_id) for (conversation_id,) in rows)

    async def brought(self, *, run_id: str, after: str | None = None, limit: int) -> list[ConversationKey]:
        rows = await self._database.fetch(_BROUGHT, run_id, after, limit, operation="brought")
        return [
            ConversationKey(tenant_id=tenant_id, user_id=user_id, conversation_id=str(conversation_id))
            for tenant_id, user_id, conversation_id in rows
        ]

    async def release(self, *, run_id: str) -> None:
        await self._database.fetch(_RELEASE, run_id, operation="release_imported")


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
    counts: Any,
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
