"""A check-up of a memory: file, version, tiers, embedder, what waits; and what mends what is wrong."""

from __future__ import annotations

import contextlib
import enum
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Final

import attrs

from ..adapters.sqlite.connections import check_place
from ..adapters.sqlite.migrations import SCHEMA_VERSION
from ..application.figures import Figures, Health, TierHealth
from ..application.usage import Usage
from ..domain.errors import BackendError, ConfigurationError, TalktiersError
from ..ports.conversation_archive import Fence
from .settings import OFF, Settings

_SCHEMA: Final = "schema"
_TIERS: Final = ("archive", "cache", "lexical", "summaries", "graph")


class CheckStatus(enum.StrEnum):
    """How a check came out. ``note``: works, but there is something to know."""

    OK = "ok"
    NOTE = "note"
    ERROR = "error"


@attrs.frozen(kw_only=True)
class Check:
    """One thing looked at.

    Attributes:
        detail: what was found.
        advice: what to type or change; empty where nothing is wrong.
    """

    name: str
    status: CheckStatus
    detail: str
    advice: str = ""


async def check_up(settings: Settings, *, program: str, same_memory: str) -> list[Check]:
    """Looks at everything, the file first; a file that is not there is not created.

    Args:
        program: how the command line is called, for the advice.
        same_memory: options that name the same memory, for the advice; empty where none are needed.
    """
    checks: list[Check] = []
    in_file = {tier for tier in _TIERS if getattr(settings, tier).backend == "sqlite"}
    if in_file:
        checks += _file_checks(settings, program)
        if checks[-1].name == _SCHEMA and checks[-1].status is not CheckStatus.ERROR:
            in_file = set()
    if len(in_file) == len(_TIERS):
        return checks
    try:
        health, fence = await _health(settings, without=in_file)
    except TalktiersError as error:
        return [*checks, Check(name="memory", status=CheckStatus.ERROR, detail="cannot be opened", advice=str(error))]
    moved = [] if fence is None else [_move_check(fence)]
    return [*checks, *moved, *_health_checks(health, program, same_memory)]


async def _health(settings: Settings, *, without: set[str]) -> tuple[Health, Fence | None]:
    """How the tiers are, the archive's server included where it is down, which no memory would open with; whether it moved.

    Args:
        without: tiers in a file that cannot be opened, or is not to be created.
    """
    # Imported here, as by the manager: adapters load when they are used.
    from .wiring.opening import opened_parts

    stand_ins = {tier: attrs.evolve(getattr(settings, tier), backend="in_memory") for tier in without}
    async with AsyncExitStack() as stack:
        tiers, processors = await opened_parts(attrs.evolve(settings, **stand_ins), stack)
        health = await Figures(tiers=tiers, processors=processors, usage=Usage()).health()
        fence = None
        with contextlib.suppress(BackendError):  # that the archive is down has been found already
            fence = await tiers.archive.fenced()
    shown = attrs.evolve(
        health,
        tiers=tuple(tier for tier in health.tiers if tier.tier not in without),
        backlog=() if "archive" in without else health.backlog,
    )
    return shown, fence


def _move_check(fence: Fence) -> Check:
    if fence.complete:
        return Check(
            name="moved",
            status=CheckStatus.NOTE,
            detail=f"to {fence.destination}: reads work here, stores do not",
            advice="open that one, or this one with follow_moves=True",
        )
    return Check(
        name="moved",
        status=CheckStatus.ERROR,
        detail=f"on the way to {fence.destination}: stores are refused",
        advice="if no `talktiers move` is running, run it again: it goes on where it ended",
    )


def _file_checks(settings: Settings, program: str) -> Iterator[Check]:
    path = Path(settings.sqlite.path)
    yield Check(name="sqlite", status=CheckStatus.OK, detail=sqlite3.sqlite_version)
    durable = settings.sqlite.synchronous == "FULL"
    yield Check(
        name="synchronous",
        status=CheckStatus.OK if durable else CheckStatus.NOTE,
        detail=settings.sqlite.synchronous,
        advice=""
        if durable
        else 'a power cut can lose the last stored conversations; sqlite.synchronous = "FULL" keeps them',
    )
    if not path.exists():
        yield Check(
            name="file",
            status=CheckStatus.NOTE,
            detail=f"{path}: not there yet",
            advice=f"the first stored conversation creates it; try: {program} demo --db {shlex.quote(str(path))}",
        )
        return
    try:
        check_place(path.absolute())
    except ConfigurationError as error:
        yield Check(name="file", status=CheckStatus.ERROR, detail=f"{path}: cannot be used as it is", advice=str(error))
        return
    yield Check(name="file", status=CheckStatus.OK, detail=f"{path}, {path.stat().st_size:,} bytes")
    yield _schema_check(path)


def _schema_check(path: Path) -> Check:
    """The file's schema version, read without changing the file."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error as error:
        return Check(
            name=_SCHEMA,
            status=CheckStatus.ERROR,
            detail=f"cannot be read ({getattr(error, 'sqlite_errorname', type(error).__name__)})",
            advice="the file is no talktiers database or damaged: name another one with --db, or restore a backup",
        )
    if version > SCHEMA_VERSION:
        return Check(
            name=_SCHEMA,
            status=CheckStatus.ERROR,
            detail=f"version {version}, this talktiers knows {SCHEMA_VERSION}",
            advice="upgrade talktiers: pip install --upgrade talktiers",
        )
    older = version < SCHEMA_VERSION
    return Check(
        name=_SCHEMA,
        status=CheckStatus.NOTE if older else CheckStatus.OK,
        detail=f"version {version}" + (f", will become {SCHEMA_VERSION} when it is opened" if older else ""),
    )


def _tier_detail(tier: TierHealth) -> str:
    parts = [f"{tier.latency_ms:.1f} ms"]
    if tier.server is not None:
        parts.append(f"{tier.address}, version {tier.server.version}")
        if tier.server.schema is not None:
            parts.append(f"schema {tier.server.schema}")
        if tier.server.fingerprint is not None:
            parts.append(f"vectors of {tier.server.fingerprint}")
    return ", ".join(parts)


def _health_checks(health: Health, program: str, same_memory: str) -> Iterator[Check]:
    for tier in health.tiers:
        if tier.status == OFF:
            yield Check(name=tier.tier, status=CheckStatus.NOTE, detail="switched off")
        elif tier.latency_ms is None:
            detail = f"{tier.address}: cannot be used" if tier.address else "does not answer"
            yield Check(name=tier.tier, status=CheckStatus.ERROR, detail=detail, advice=tier.reason)
        else:
            yield Check(name=tier.tier, status=CheckStatus.OK, detail=_tier_detail(tier))
    yield Check(
        name="embedder",
        status=CheckStatus.NOTE if health.embedder is None else CheckStatus.OK,
        detail="none: words are searched, meaning is not" if health.embedder is None else health.embedder,
        advice="" if health.embedder is not None else "install the static vectors: pip install 'talktiers[static]'",
    )
    for item in health.backlog:
        name = f"projection {item.projection.value}"
        if item.dead_letters:
            yield Check(
                name=name,
                status=CheckStatus.ERROR,
                detail=f"{item.dead_letters} given up, {item.waiting} waiting",
                advice=f"build the tier anew: {program} rebuild {item.projection.value}{same_memory}",
            )
        elif item.waiting:
            yield Check(
                name=name,
                status=CheckStatus.NOTE,
                detail=f"{item.waiting} waiting for {item.oldest_age_s:.0f} s",
                advice="they are carried over while a bot has the memory open; they are found until then, too",
            )
        else:
            yield Check(name=name, status=CheckStatus.OK, detail="up to date")
