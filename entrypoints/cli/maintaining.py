"""``stats``, ``doctor``, ``rebuild``: how the memory is, and what mends it."""

from __future__ import annotations

import attrs
import click

from ...application.figures import Stats
from ...domain.projection import Projection
from ..checkup import Check, CheckStatus, check_up
from ..manager import open_memory
from ..settings import Settings
from .options import json_option, memory_options, same_memory
from .output import ProgressLine, bytes_shown, print_json, print_table, say, settling, shown
from .running import failed, program, run

_OBSERVING = {"in_process": False}
"""Whoever only looks does not set the projector to work."""


@click.command(short_help="What is stored and how long things took.")
@memory_options()
@json_option
def stats(*, settings: Settings, as_json: bool) -> None:
    """Print how much is stored, what each tier takes, how far the tiers are behind, and how long retrievals took.

    Example: talktiers stats --json
    """
    figures = run(_stats(settings))
    if as_json:
        print_json(figures.to_json())
    else:
        print_table(_stats_rows(figures), header=["figure", "value"])


async def _stats(settings: Settings) -> Stats:
    async with open_memory(_observing(settings)) as memory:
        return await memory.stats()


def _stats_rows(figures: Stats) -> list[list[str]]:
    rows = [
        ["conversations", f"{figures.total_conversations}"],
        ["characters of text", f"{figures.text_chars}"],
    ]
    rows += [[f"size of {tier}", bytes_shown(size)] for tier, size in figures.tier_bytes.items()]
    for item in figures.backlog:
        state = f"{item.waiting} waiting" if item.waiting else "up to date"
        if item.dead_letters:
            state += f", {item.dead_letters} given up"
        rows.append([f"projection {item.projection.value}", state])
    kept = figures.kept
    rows += [
        ["retrievals", f"{kept.retrievals}"],
        ["retrieval time p50", f"{kept.retrieval_time_ms_p50:.1f} ms"],
        ["retrieval time p95", f"{kept.retrieval_time_ms_p95:.1f} ms"],
        ["context size mean", f"{kept.context_chars_mean:.0f} characters"],
        ["cache hit ratio", f"{100 * kept.cache_hit_ratio:.0f} %"],
    ]
    return rows


@click.command(short_help="Check everything; say what mends it.")
@memory_options(creates=True)
@json_option
def doctor(*, settings: Settings, as_json: bool) -> None:
    """Check the file, its version, every tier, the embedder and what waits, and say what to type if something is wrong.

    Exit code 1: something is wrong.

    Example: talktiers doctor --db bot.db
    """
    checks = run(check_up(_observing(settings), program=program(), same_memory=same_memory()))
    ok = all(check.status is not CheckStatus.ERROR for check in checks)
    if as_json:
        print_json({"ok": ok, "checks": [attrs.asdict(check) for check in checks]})
    else:
        _print_checks(checks)
    if not ok:
        failed()


def _print_checks(checks: list[Check]) -> None:
    print_table(
        [[check.status.value, check.name, shown(check.detail)] for check in checks], header=["", "check", "found"]
    )
    for advice in dict.fromkeys(check.advice for check in checks if check.advice):
        say(f"{', '.join(check.name for check in checks if check.advice == advice)}: {advice}")


@click.command(short_help="Build a tier anew from the archive.")
@click.argument("tier", type=click.Choice([projection.value for projection in Projection]))
@memory_options()
@json_option
def rebuild(*, tier: str, settings: Settings, as_json: bool) -> None:
    """Empty TIER user by user and fill it again from the archive, while other processes go on using the memory.

    Example: talktiers rebuild lexical
    """
    count = run(_rebuild(settings, Projection(tier)))
    if as_json:
        print_json({"tier": tier, "conversations": count})
    else:
        print_table([[tier, f"{count}"]], header=["tier", "conversations"])


async def _rebuild(settings: Settings, projection: Projection) -> int:
    with ProgressLine(f"rebuilding {projection.value}") as progress:
        async with open_memory(settings) as memory:
            count = await memory.rebuild(
                projection, on_progress=lambda done: progress.update(f"{done:,} conversations handed over")
            )
            progress.clear()
            with ProgressLine("making searchable") as searchable:
                await memory.settle(on_progress=settling(searchable))
    return count


def _observing(settings: Settings) -> Settings:
    return attrs.evolve(settings, projector=attrs.evolve(settings.projector, **_OBSERVING))
