"""``import``: conversations from elsewhere, through the same door as new ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

import click

from ...adapters.sources.jsonl import JsonLines
from ...adapters.sources.locomo import LocomoFiles
from ...application.import_conversations import ImportReport
from ...ports.conversation_source import ConversationSource, Rejection
from ..manager import open_memory
from ..settings import Settings
from .options import json_option, memory_options, same_memory, tenant_option
from .output import ProgressLine, json_text, print_json, print_table, say, settling, shortened, shown
from .running import EXIT_FAILURE, program, run

SOURCES: Final[Mapping[str, Callable[[str], ConversationSource]]] = {
    "jsonl": lambda path: JsonLines(path=path),
    "locomo": lambda path: LocomoFiles(path=path),
}
"""Formats by the name that is typed. A new one is a `ConversationSource` and a line here."""

_SHOWN_REJECTIONS: Final = 20
_REASON_CHARS: Final = 300


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
    source = SOURCES[source_format](path)
    try:
        report = run(
            _import(settings, source, user_id=user_id, tenant_id=tenant_id, dry_run=dry_run, rejects_path=rejects)
        )
    except KeyboardInterrupt:
        say("what was imported is kept: run the same command again to go on")
        raise
    if as_json:
        print_json(report.to_json())
    else:
        _print_report(report, rejects=rejects)
    if report.rejected:
        raise click.exceptions.Exit(EXIT_FAILURE)


async def _import(
    settings: Settings,
    source: ConversationSource,
    *,
    user_id: str | None,
    tenant_id: str,
    dry_run: bool,
    rejects_path: str | None,
) -> ImportReport:
    with ProgressLine("importing") as progress, _rejects(rejects_path) as rejects:
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
            if report.stored and not dry_run:
                await memory.settle(on_progress=settling(progress))
        progress.clear()
        if rejected > _SHOWN_REJECTIONS:
            say(
                f"and {rejected - _SHOWN_REJECTIONS:,} more"
                + ("" if rejects_path else "; --rejects FILE keeps them all")
            )
        return report


@contextmanager
def _rejects(path: str | None) -> Iterator[TextIO | None]:
    if path is None:
        yield None
        return
    with Path(path).open("w", encoding="utf-8") as file:
        yield file


def _print_report(report: ImportReport, *, rejects: str | None) -> None:
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
    rows += [["duration", f"{report.duration_s:.1f} s"], ["rate", f"{report.rate_per_s:.0f}/s"]]
    print_table(rows, header=["", shown(report.source)])
    if report.rejected and rejects is not None:
        say(f"what was rejected stands in {rejects}")
    if report.stored and not report.dry_run:
        say(f"look at it: {program()} stats{same_memory()}")
