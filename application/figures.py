"""The figures that a user reads: what is stored, how long things took, how far the tiers are behind, what is reachable."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Mapping

import attrs

from ..domain.errors import TalktiersError
from ..domain.json_values import JsonObject
from ..domain.latency import LatencyHistogram
from ..domain.projection import Backlog, Projection
from ..domain.retrieval_metrics import RetrievalMetrics
from ..ports.backend_server import ServerState
from ..ports.derived_tier import DerivedTier
from .logs import get_logger
from .tiers import Processors, Tiers
from .usage import Usage

PROBE_TIMEOUT_S = 5.0
_PROBE_USER = "talktiers-health-probe"

_log = get_logger("figures")


@attrs.frozen(kw_only=True)
class CallFigures:
    """How often a call was made since the start, and its times in milliseconds."""

    count: int
    p50_ms: float
    p95_ms: float

    @classmethod
    def of(cls, histogram: LatencyHistogram) -> CallFigures:
        return cls(
            count=histogram.count,
            p50_ms=round(histogram.percentile(0.5), 3),
            p95_ms=round(histogram.percentile(0.95), 3),
        )

    def to_json(self) -> JsonObject:
        return {"count": self.count, "p50_ms": self.p50_ms, "p95_ms": self.p95_ms}


@attrs.frozen(kw_only=True)
class Stats:
    """What a memory holds, and what it measured of real use.

    Attributes:
        text_chars: characters of all stored texts.
        store, context, search: since this process opened the memory.
        context_chars_p50: size of the contexts handed out since then.
        cache_hit_ratio: of the contexts since then, 0 to 1.
        sources_used: how often each source contributed since then.
        tier_bytes: what each tier takes in its store; a derived one that does not answer is left out.
        backlog: how far each projection is behind.
        kept: over the retrievals that the archive keeps, other processes' and earlier ones included.
    """

    total_conversations: int
    text_chars: int
    store: CallFigures
    context: CallFigures
    search: CallFigures
    context_chars_p50: float
    cache_hit_ratio: float
    sources_used: Mapping[str, int]
    tier_bytes: Mapping[str, int]
    backlog: tuple[Backlog, ...]
    kept: RetrievalMetrics

    def to_json(self) -> JsonObject:
        """The figures as plain data."""
        return {
            "total_conversations": self.total_conversations,
            "text_chars": self.text_chars,
            "store": self.store.to_json(),
            "context": self.context.to_json(),
            "search": self.search.to_json(),
            "context_chars_p50": round(self.context_chars_p50),
            "cache_hit_ratio": round(self.cache_hit_ratio, 4),
            "sources_used": dict(self.sources_used),
            "tier_bytes": dict(self.tier_bytes),
            "backlog": {
                item.projection.value: {
                    "waiting": item.waiting,
                    "oldest_age_s": round(item.oldest_age_s, 1),
                    "dead_letters": item.dead_letters,
                }
                for item in self.backlog
            },
            "kept_retrievals": {
                "retrievals": self.kept.retrievals,
                "p50_ms": round(self.kept.retrieval_time_ms_p50, 3),
                "p95_ms": round(self.kept.retrieval_time_ms_p95, 3),
                "context_chars_mean": round(self.kept.context_chars_mean),
                "cache_hit_ratio": round(self.kept.cache_hit_ratio, 4),
                "sources_used": dict(self.kept.sources_used),
            },
        }


@attrs.frozen(kw_only=True)
class TierHealth:
    """Whether a tier answers.

    Attributes:
        status: ``ok``, ``error`` or ``off``.
        latency_ms: time of one small read; ``None`` where it failed or the tier is off.
        reason: what is wrong and what mends it; empty when nothing is.
        address: of its server, without secrets; empty where it lives in the one file or in this process.
        server: what that server says of itself; ``None`` where it does not answer, or there is none.
    """

    tier: str
    status: str
    latency_ms: float | None = None
    reason: str = ""
    address: str = ""
    server: ServerState | None = None


@attrs.frozen(kw_only=True)
class Health:
    """The state of every tier at this moment."""

    tiers: tuple[TierHealth, ...]
    backlog: tuple[Backlog, ...]
    embedder: str | None
    """Fingerprint of the embedding model; ``None`` without one: the memory is lexical only."""

    @property
    def ok(self) -> bool:
        """Whether every tier that is on answers, and nothing lies in the dead letters."""
        return all(tier.status != "error" for tier in self.tiers) and not any(
            item.dead_letters for item in self.backlog
        )

    def to_json(self) -> JsonObject:
        """The state as plain data."""
        return {
            "ok": self.ok,
            "embedder": self.embedder,
            "tiers": {
                item.tier: {
                    "status": item.status,
                    "latency_ms": None if item.latency_ms is None else round(item.latency_ms, 3),
                    "reason": item.reason,
                    **_server_json(item),
                }
                for item in self.tiers
            },
            "backlog": {
                item.projection.value: {"waiting": item.waiting, "dead_letters": item.dead_letters}
                for item in self.backlog
            },
        }


class Figures:
    """Collects the figures from the tiers and from what this process measured."""

    def __init__(self, *, tiers: Tiers, processors: Processors, usage: Usage) -> None:
        self._tiers = tiers
        self._processors = processors
        self._usage = usage

    async def stats(self) -> Stats:
        """The figures of this moment."""
        await self.keep_measurements()
        archive = self._tiers.archive
        tier_bytes = {"archive": await archive.size_bytes()}
        derived = self._tiers.derived
        sizes = await asyncio.gather(*(self._size_bytes(projection, tier) for projection, tier in derived.items()))
        tier_bytes |= {name.value: size for name, size in zip(derived, sizes, strict=True) if size is not None}
        return Stats(
            total_conversations=await archive.total_conversations(),
            text_chars=await archive.text_chars(),
            store=CallFigures.of(self._usage.store_ms),
            context=CallFigures.of(self._usage.context_ms),
            search=CallFigures.of(self._usage.search_ms),
            context_chars_p50=self._usage.context_chars.percentile(0.5),
            cache_hit_ratio=self._usage.cache_hit_ratio,
            sources_used=dict(self._usage.sources_used),
            tier_bytes=tier_bytes,
            backlog=tuple(await self._tiers.outbox.backlog()),
            kept=await archive.retrieval_metrics(),
        )

    @staticmethod
    async def _size_bytes(projection: Projection, tier: DerivedTier) -> int | None:
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                return await tier.size_bytes()
        except Exception as error:  # noqa: BLE001 - whatever a tier raises, the other figures are told
            _log.warning("tier_not_measured", tier=projection.value, error=type(error).__name__)
            return None

    async def keep_measurements(self) -> None:
        """Writes the measurements of retrievals into the archive."""
        records = self._usage.take_unsaved()
        if records:
            await self._tiers.archive.record_retrievals(records=records)

    async def health(self) -> Health:
        """Asks every tier for something small, all at once: several that hang cost no more time than one."""
        nobody = {"tenant_id": "default", "user_id": _PROBE_USER}
        reads: dict[str, Callable[[], Awaitable[object]]] = {
            "archive": functools.partial(self._tiers.archive.epoch, **nobody)
        }
        for projection, tier in self._tiers.derived.items():
            reads[projection.value] = functools.partial(tier.conversation_ids, **nobody)
        found = await asyncio.gather(*(self._probe(name, read) for name, read in reads.items()))
        by_name = {item.tier: item for item in found}
        archive = by_name["archive"]
        names = ("archive", *(projection.value for projection in Projection))
        embedder = self._processors.embedder
        return Health(
            tiers=tuple(by_name.get(name, TierHealth(tier=name, status="off")) for name in names),
            backlog=tuple(await self._tiers.outbox.backlog()) if archive.status == "ok" else (),
            embedder=None if embedder is None else embedder.fingerprint,
        )

    async def _probe(self, name: str, question: Callable[[], Awaitable[object]]) -> TierHealth:
        server = self._tiers.servers.get(name)
        address = "" if server is None else server.address
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                state = None if server is None else await server.check()
                began = time.perf_counter()
                await question()
                latency_ms = 1000 * (time.perf_counter() - began)
        except Exception as error:  # noqa: BLE001 - whatever a tier raises is its state, and is shown as such
            _log.warning("tier_unhealthy", tier=name, error=type(error).__name__)
            return TierHealth(tier=name, status="error", reason=_reason(error, address or name), address=address)
        return TierHealth(tier=name, status="ok", latency_ms=latency_ms, address=address, server=state)


def _reason(error: Exception, where: str) -> str:
    """What is wrong; ours say what mends it, others' may hold an address with its password."""
    if isinstance(error, TalktiersError):
        return str(error)
    if isinstance(error, TimeoutError):
        return f"{where} did not answer within {PROBE_TIMEOUT_S:.0f} s; check its load and its log, or start it again"
    return type(error).__name__


def _server_json(item: TierHealth) -> JsonObject:
    if not item.address:
        return {}
    if item.server is None:
        return {"address": item.address}
    return {
        "address": item.address,
        "version": item.server.version,
        "schema": item.server.schema,
        "fingerprint": item.server.fingerprint,
    }
