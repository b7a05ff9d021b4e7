"""``import``: conversations from elsewhere, through the same door as new ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

import attrs
import click

from ...adapters.sources.jsonl import JsonLines
from ...adapters.sources.locomo import LocomoFiles
from ...application.import_conversations import ImportReport
from ...domain.json_values import JsonObject
from ...ports.conversation_source import ConversationSource, Rejection
from ..manager import open_memory
from ..settings import Settings
from .options import json_option, memory_options, same_memory, tenant_option
from .output import ProgressLine, json_text, print_json, print_table, say, settling, shortened, shown
from .running import EXIT_FAILURE, nothing_found, program, run
from .writing import check_output

SOURCES: Final[Mapping[str, Callable[[str], ConversationSource]]] = {
    "jsonl": lambda path: JsonLines(path=path),
    "locomo": lambda path: LocomoFiles(path=path),
}
"""Formats by the name that is typed. A new one is a `ConversationSource` and a line here."""

_SHOWN_REJECTIONS: Final = 20
_REASON_CHARS: Final = 300


@attrs.frozen(kw_only=True)
class _Imported:
    """What was imported.

    Attributes:
        searchable_s: from the beginning until everything was in every tier; ``None`` where nothing new was stored.
    """

    report: ImportReport
    searchable_s: float | None

    @property
    def searchable_rate_per_s(self) -> float | None:
        """Items a second until then."""
        return self.report.total / self.searchable_s if self.searchable_s else None

    def to_json(self) -> JsonObject:
        """The report as plain data, with both durations."""
        seconds, rate = self.searchable_s, self.searchable_rate_per_s
        return {
            **self.report.to_json(),
            "searchable_s": None if seconds is None else round(seconds, 3),
            "searchable_rate_per_s": None if rate is None else round(rate, 1),
        }


@click.command("import", short_help="Import conversations from a file.")
@click.argument("source_format", metavar="FORMAT", type=click.Choice(sorted(SOURCES)))
@click.argument("path", metavar="PATH")
@click.option("--user", "user_id", metavar="ID", help="Only this user's conversations.")
@click.option("--dry-run", is_flag=True, help="Check everything, store nothing.")
@click.option("--rejects", metavar="FILE", help="Write what was not imported to this file, with position and reason.")
@tenant_option
@memory_options(creates=True)
@json_option
def import_conversations(
    *,
    source_format: str,
    path: str,
    user_id: str | None,
    dry_run: bool,
    rejects: str | None,
    tenant_id: str,
    settings: Settings,
    as_json: bool,
) -> None:
    """Import conversations from PATH.

    FORMAT is jsonl (one JSON object a line; PATH - reads standard input) or locomo (a file or a folder of them).
    The shortest line is {"user_id": "42", "user_message": "Hi", "bot_response": "Hello"}; "occurred_at" with a time
    zone, places, names and metadata are those that `export` writes.

    Running it again is harmless and goes on where it ended: what is there already is left as it is. Lines that cannot
    be imported are reported and do not stop the others; then the exit code is 1.

    Example: talktiers import jsonl chats.jsonl --rejects bad.jsonl
    """
    if rejects is not None and Path(rejects).exists() and Path(path).exists() and Path(rejects).samefile(path):
        raise click.UsageError("--rejects names the file that is to be read: name another one")
    if rejects is not None:
        check_output(rejects, settings, option="--rejects")
    source = SOURCES[source_format](path)
    try:
        imported = run(
            _import(settings, source, user_id=user_id, tenant_id=tenant_id, dry_run=dry_run, rejects_path=rejects),
            by_meaning=not dry_run,
        )
    except KeyboardInterrupt:
        say("what was imported is kept: run the same command again to go on")
        raise
    if as_json:
        print_json(imported.to_json())
    elif imported.report.total:
        _print_report(imported, rejects=rejects)
    if imported.report.rejected:
        raise click.exceptions.Exit(EXIT_FAILURE)
    if not imported.report.total:
        whose = "" if user_id is None else f" of {shown(user_id)}"
        nothing_found(f"nothing to import: there are no conversations{whose} in {shown(source.name)}")


async def _import(
    settings: Settings,
    source: ConversationSource,
    *,
    user_id: str | None,
    tenant_id: str,
    dry_run: bool,
    rejects_path: str | None,
) -> _Imported:
    began = time.perf_counter()
    with ProgressLine("storing (1 of 2)") as progress, _rejects(rejects_path) as rejects:
        rejected = 0

        def on_rejected(rejection: Rejection) -> None:
            nonlocal rejected
            rejected += 1
            if rejects is not None:
                line = {"position": rejection.position, "reason": rejection.reason, "raw": rejection.raw}
                rejects.write(json_text(line) + "\n")
            if rejected <= _SHOWN_REJECTIONS:
                progress.clear()
                say(f"{shown(rejection.position)}: {shortened(rejection.reason, chars=_REASON_CHARS)}")

        def on_progress(report: ImportReport) -> None:
            done = report.stored + report.already_there
            progress.update(f"{done:,} conversations", fraction=report.progress)

        async with open_memory(settings) as memory:
            report = await memory.import_conversations(
                source,
                user_id=user_id,
                tenant_id=tenant_id,
                dry_run=dry_run,
                on_progress=on_progress,
                on_rejected=on_rejected,
            )
            progress.clear()
            if not report.stored or dry_run:
                searchable_s = None
            else:
                with ProgressLine("making searchable (2 of 2)") as searchable:
                    await memory.settle(on_progress=settling(searchable))
                searchable_s = time.perf_counter() - began
        if rejected > _SHOWN_REJECTIONS:
            say(
                f"and {rejected - _SHOWN_REJECTIONS:,} more"
                + ("" if rejects_path else "; --rejects FILE keeps them all")
            )
        return _Imported(report=report, searchable_s=searchable_s)


@contextmanager
def _rejects(path: str | None) -> Iterator[TextIO | None]:
    if path is None:
        yield None
        return
    with Path(path).open("w", encoding="utf-8") as file:
        yield file


def _print_report(imported: _Imported, *, rejects: str | None) -> None:
    report = imported.report
    if report.dry_run:
        say("dry run: nothing was stored")
    rows = [
        ["total", f"{report.total}"],
        ["would be stored" if report.dry_run else "stored", f"{report.stored}"],
        ["already there", f"{report.already_there}"],
        ["rejected", f"{report.rejected}"],
    ]
    if report.skipped:
        rows.append(["of other users", f"{report.skipped}"])
    rows.append(["checked in" if report.dry_run else "stored in", _pace(report.duration_s, report.rate_per_s)])
    if imported.searchable_s is not None:
        rows.append(["searchable after", _pace(imported.searchable_s, imported.searchable_rate_per_s)])
    print_table(rows, header=["", shown(report.source)])
    if report.rejected and rejects is not None:
        say(f"what was rejected stands in {rejects}")
    if report.stored and not report.dry_run:
        say(f"look at it: {program()} stats{same_memory()}")


def _pace(seconds: float, rate_per_s: float | None) -> str:
    return f"{seconds:.1f} s" + ("" if rate_per_s is None else f", {rate_per_s:.0f}/s")
