"""Measurements of retrievals: a bounded table, and figures over it computed in SQL."""

from __future__ import annotations

import datetime as dt
import json
import math
import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ...domain.retrieval_metrics import RetrievalMetrics, RetrievalRecord
from .time_expressions import to_us

KEPT_RECORDS = 100_000
"""The latest ones: days of a busy bot, some 10 MB."""

_INSERT = """
INSERT INTO retrievals
    (user_no, occurred_at_us, kind, retrieval_time_ms, sources_used, context_chars, cache_hit)
SELECT user_no, ?3, ?4, ?5, ?6, ?7, ?8 FROM users
WHERE tenant_id = ?1 AND user_id = ?2
AND EXISTS (SELECT 1 FROM conversations WHERE conversations.user_no = users.user_no)
"""
_TRIM = "DELETE FROM retrievals WHERE retrieval_id <= (SELECT MAX(retrieval_id) FROM retrievals) - ?"

_KEPT = """
FROM retrievals
WHERE occurred_at_us >= :since_us
AND (:tenant_id IS NULL OR user_no IN (
    SELECT user_no FROM users WHERE tenant_id = :tenant_id AND (:user_id IS NULL OR user_id = :user_id)
))
"""
_FIGURES = f"""
SELECT COUNT(*), AVG(context_chars) FILTER (WHERE kind = 'context'), AVG(cache_hit) FILTER (WHERE kind = 'context')
{_KEPT}
"""
_SOURCES = f"SELECT sources_used, COUNT(*) {_KEPT} GROUP BY sources_used"
_TIMES = f"SELECT retrieval_time_ms {_KEPT} ORDER BY retrieval_time_ms LIMIT 1 OFFSET :rank"


def insert_records(connection: sqlite3.Connection, records: Sequence[RetrievalRecord]) -> None:
    """Keeps the records of users who have conversations, and drops the oldest beyond the bound."""
    connection.executemany(
        _INSERT,
        [
            (
                record.tenant_id,
                record.user_id,
                to_us(record.occurred_at),
                record.kind,
                float(record.retrieval_time_ms),
                json.dumps(record.sources_used),
                record.context_chars,
                record.cache_hit,
            )
            for record in records
        ],
    )
    connection.execute(_TRIM, (KEPT_RECORDS,))


def metrics(
    connection: sqlite3.Connection, *, tenant_id: str | None, user_id: str | None, since: dt.datetime | None
) -> RetrievalMetrics:
    """Figures over the kept records of all, of a tenant, or of one of its users."""
    which = {
        "tenant_id": tenant_id,
        "user_id": user_id,
        "since_us": -(2**63) if since is None else to_us(since),
    }
    retrievals, context_chars, cache_hits = connection.execute(_FIGURES, which).fetchone()
    if not retrievals:
        return RetrievalMetrics()
    sources: Counter[str] = Counter()
    for names, count in connection.execute(_SOURCES, which):
        for name in json.loads(names):
            sources[name] += count
    return RetrievalMetrics(
        retrievals=retrievals,
        retrieval_time_ms_p50=_quantile(connection, which, 0.5, retrievals),
        retrieval_time_ms_p95=_quantile(connection, which, 0.95, retrievals),
        context_chars_mean=context_chars or 0.0,
        cache_hit_ratio=cache_hits or 0.0,
        sources_used=tuple(sorted(sources.items(), key=lambda item: (-item[1], item[0]))),
    )


def _quantile(connection: sqlite3.Connection, which: dict[str, Any], share: float, count: int) -> float:
    """By nearest rank."""
    rank = {"rank": math.ceil(share * count) - 1}
    (time_ms,) = connection.execute(_TIMES, {**which, **rank}).fetchone()
    return float(time_ms)
