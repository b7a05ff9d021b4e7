"""``move``: from a file into servers, or anywhere else, while a bot uses the memory."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import click

from ...application.move_report import MovePhase, MoveReport
from ...domain.errors import BackendError
from ...domain.projection import Backlog
from ..moving import NewHome, move_memory
from ..settings import Settings
from .options import json_option, memory_options
from .output import ProgressLine, print_json, print_table, say, settling, shown
from .running import advise, program, run

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_LABELS: Final = {
    MovePhase.COPYING: "copying (1 of 3)",
    MovePhase.FOLLOWING: "following (3 of 3)",
    MovePhase.CUTTING_OVER: "cutting over (3 of 3)",
}
_SETTLING: Final = "filling the new tiers (2 of 3)"


@click.command(short_help="Move to servers or another file while a bot goes on.")
@click.option("--to", "to", metavar="FILE", required=True, help="The new memory: a talktiers.toml, or a database.")
@click.option("--no-settle", is_flag=True, help="Leave it to the bot to fill the new memory's tiers.")
@click.option("--dry-run", is_flag=True, help="Look at both, count what would be copied, copy nothing.")
@memory_options()
@json_option
def move(*, to: str, no_settle: bool, dry_run: bool, settings: Settings, as_json: bool) -> None:
    """Copy the memory into the one that FILE opens, what is forgotten included, while bots go on using it; compare both,
    and let the old one refer to the new one. From then on a store on the old one raises Moved, and a bot that opened it
    with follow_moves=True goes on in the new one by itself. Nothing of the old one is deleted.

    Run it again if it was interrupted: it goes on where it was. Once more after the end is harmless.

    Example: talktiers move --db bot.db --to talktiers.toml
    """
    home = NewHome.named(to)
    try:
        with _Progress() as progress:
            report = run(
                move_memory(
                    old=settings,
                    home=home,
                    settle=not no_settle,
                    dry_run=dry_run,
                    on_progress=progress.moving,
                    on_settling=progress.settling,
                ),
                by_meaning=not dry_run,
            )
    except BackendError as error:
        advise(error, same_memory=_chosen_by(home))
        raise
    except KeyboardInterrupt:
        say("what was copied is kept, and the old memory is used as before: run the same command again to go on")
        raise
    if as_json:
        print_json(report.to_json())
    else:
        _print_report(report, settings, home)


class _Progress:
    """A line for what the move does at the moment."""

    def __init__(self) -> None:
        self._label = ""
        self._line = ProgressLine("")
        self._tell_backlog = settling(self._line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._line.clear()

    def moving(self, report: MoveReport) -> None:
        """How far the copying is."""
        if report.phase is MovePhase.MOVED:
            return
        self._begin(_LABELS[report.phase])
        text = f"{report.compared:,} of {report.conversations:,} conversations"
        if report.remaining_s is not None:
            text += f", {report.rate_per_s:,.0f}/s, {duration_shown(report.remaining_s)} to go"
        self._line.update(text, fraction=report.progress)

    def settling(self, backlog: Sequence[Backlog]) -> None:
        """What waits for the new tiers."""
        self._begin(_SETTLING)
        self._tell_backlog(backlog)

    def _begin(self, label: str) -> None:
        if label != self._label:
            self._line.clear()
            self._label, self._line = label, ProgressLine(label)
            self._tell_backlog = settling(self._line)


def duration_shown(seconds: float) -> str:
    """A length of time as people read it."""
    if seconds < _MINUTE_S:
        return f"{max(1, round(seconds))} s"
    if seconds < _HOUR_S:
        return f"{int(seconds // _MINUTE_S)} min {int(seconds % _MINUTE_S)} s"
    return f"{int(seconds // _HOUR_S)} h {int(seconds % _HOUR_S // _MINUTE_S)} min"


def _print_report(report: MoveReport, settings: Settings, home: NewHome) -> None:
    if report.dry_run:
        say("dry run: nothing was copied")
    rows = [["conversations", f"{report.conversations}"]]
    if report.rounds:  # else it had been moved before
        rows += [
            ["users", f"{report.users}"],
            ["would be copied" if report.dry_run else "copied", f"{report.copied}"],
            ["already there", f"{report.already_there}"],
        ]
    if report.removed:
        rows.append(["forgotten meanwhile", f"{report.removed}"])
    if report.tombstones:
        rows.append(["erasures taken over", f"{report.tombstones}"])
    if report.compared:
        rows.append(["compared in", f"{report.duration_s:.1f} s, {report.rate_per_s:.0f}/s"])
    if report.refused_s:
        rows.append(["stores refused for", f"{1000 * report.refused_s:.0f} ms"])
    print_table(rows, header=["", shown(home.destination)])
    if not report.complete:
        return
    old = shown(settings.sqlite.path) if settings.archive.backend == "sqlite" else "the old memory"
    say(f"{old} has moved to {shown(home.destination)}")
    say(f"look at it: {program()} doctor{_chosen_by(home)}")
    say(
        "The old one is left as it is: delete it once no bot reads it. What is forgotten from now on still stands there."
    )


def _chosen_by(home: NewHome) -> str:
    """Options that name the new memory."""
    option = "--config" if Path(home.destination).suffix == ".toml" else "--db"
    return f" {option} {shlex.quote(home.destination)}"
