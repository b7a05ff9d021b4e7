"""Measurements of retrievals: a bounded table, and figures over it computed in SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from ...domain.retrieval_metrics import RetrievalMetrics, RetrievalRecord
from .conversation_rows import to_us
from .session import Connection

KEPT_RECORDS = 100_000
"""The latest ones: days of a busy bot, some 15 MB."""

_INSERT = """
INSERT INTO retrievals (user_no, occurred_at_us, kind, retrieval_time_ms, sources_used, context_chars, cache_hit)
SELECT user_no, $3, $4, $5, $6, $7, $8 FROM users
WHERE tenant_id = $1 AND user_id = $2
AND EXISTS (SELECT FROM conversations WHERE conversations.user_no = users.user_no)
FOR SHARE OF users
"""
_TRIM = "DELETE FROM retrievals WHERE retrieval_id <= (SELECT max(retrieval_id) FROM retrievals) - $1"

_KEPT = """
FROM retrievals
WHERE ($1::text IS NULL OR user_no IN (
    SELECT user_no FROM users WHERE tenant_id = $1 AND ($2::text IS NULL OR user_id = $2)
))
AND ($3::bigint IS NULL OR occurred_at_us >= $3)
"""
_FIGURES = f"""
SELECT count(*), avg(context_chars) FILTER (WHERE kind = 'context')::double precision,
    avg(cache_hit::integer) FILTER (WHERE kind = 'context')::double precision,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY retrieval_time_ms),
    percentile_disc(0.95) WITHIN GROUP (ORDER BY retrieval_time_ms)
{_KEPT}
"""
_SOURCES = f"""
SELECT source, count(*) FROM (SELECT unnest(sources_used) AS source {_KEPT}) AS named GROUP BY source
"""


async def insert_records(connection: Connection, records: Sequence[RetrievalRecord]) -> None:
    """Keeps the records of users who have conversations, and drops the oldest beyond the bound."""
    # In one order for everybody, since each row locks its user against being forgotten meanwhile.
    ordered = sorted(records, key=lambda record: (record.tenant_id, record.user_id))
    await connection.executemany(
        _INSERT,
        [
            (
                record.tenant_id,
                record.user_id,
                to_us(record.occurred_at),
                record.kind,
                float(record.retrieval_time_ms),
                list(record.sources_used),
                record.context_chars,
                record.cache_hit,
            )
            for record in ordered
        ],
    )
    await connection.execute(_TRIM, KEPT_RECORDS)


async def metrics(
    connection: Connection, *, tenant_id: str | None, user_id: str | None, since: dt.datetime | None
) -> RetrievalMetrics:
    """Figures over the kept records of all, of a tenant, or of one of its users; quantiles by nearest rank."""
    which = (tenant_id, user_id, None if since is None else to_us(since))
    retrievals, context_chars, cache_hits, p50_ms, p95_ms = await connection.fetchrow(_FIGURES, *which)
    if not retrievals:
        return RetrievalMetrics()
    sources = [(source, count) for source, count in await connection.fetch(_SOURCES, *which)]
    return RetrievalMetrics(
        retrievals=retrievals,
        retrieval_time_ms_p50=p50_ms,
        retrieval_time_ms_p95=p95_ms,
        context_chars_mean=context_chars or 0.0,
        cache_hit_ratio=cache_hits or 0.0,
        sources_used=tuple(sorted(sources, key=lambda item: (-item[1], item[0]))),
    )
