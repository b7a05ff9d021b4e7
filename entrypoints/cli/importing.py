"""``import``: conversations from elsewhere, through the same door as new ones; and what was imported."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any, Final

import attrs
import click

from ...application.import_conversations import CONCURRENCY
from ...application.import_report import ImportReport
from ...application.verify_import import Verification
from ...domain.import_runs import ImportRun
from ...domain.json_values import JsonObject
from ...ports.conversation_source import ConversationSource, Rejection
from ..manager import open_memory
from ..settings import Settings
from .import_sources import SOURCES, SourceFormat, declared
from .options import json_option, memory_options, same_memory, tenant_option
from .output import ProgressLine, print_json, print_table, say, settling, shortened, shown
from .rejects_file import RejectsFile
from .running import EXIT_FAILURE, nothing_found, program, run
from .writing import check_output

_SHOWN_REJECTIONS: Final = 20
_REASON_CHARS: Final = 300
_MINUTE_S: Final = 60


@attrs.frozen(kw_only=True)
class _Imported:
    """What was imported.

    Attributes:
        searchable_s: from the beginning until everything was in every tier; ``None`` where nothing new was stored.
        verification: ``None`` where it was not asked for.
    """

    report: ImportReport
    searchable_s: float | None
    verification: Verification | None

    @property
    def searchable_rate_per_s(self) -> float | None:
        """Items a second until then."""
        return self.report.total / self.searchable_s if self.searchable_s else None

    def to_json(self) -> JsonObject:
        """The report as plain data, with both durations."""
        seconds, rate = self.searchable_s, self.searchable_rate_per_s
        verified: JsonObject = {} if self.verification is None else {"verification": self.verification.to_json()}
        return {
            **self.report.to_json(),
            "searchable_s": None if seconds is None else round(seconds, 3),
            "searchable_rate_per_s": None if rate is None else round(rate, 1),
            **verified,
        }


class _Formats(click.Group):
    """The formats and what else is done with imports."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Says of an unknown one which there are."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise click.UsageError(f"{shown(args[0])!r} is not one of {', '.join(SOURCES)}, list, rollback", ctx)
        return super().resolve_command(ctx, args)


@click.group("import", cls=_Formats, short_help="Import conversations, or take an import back.")
def import_conversations() -> None:
    """Import conversations from elsewhere.

    Running an import again is harmless and goes on where it ended: what is there already is left as it is. What cannot
    be imported is reported and does not stop the rest; then the exit code is 1.

    Example: talktiers import jsonl chats.jsonl --rejects bad.jsonl
    """


def _format_command(name: str, source_format: SourceFormat) -> click.Command:
    def command(path: str, **options: Any) -> None:
        _import_from(name, source_format, path, **options)

    text = f"{source_format.description}\n\nExample: talktiers import {source_format.example}"
    for decorate in (
        json_option,
        memory_options(creates=True),
        tenant_option,
        click.option("--verify", is_flag=True, help="Then read the source once more and compare everything."),
        click.option(
            "--concurrency",
            type=click.IntRange(1, 1000),
            default=CONCURRENCY,
            metavar="N",
            help=f"Stores at once (default: {CONCURRENCY}).",
        ),
        click.option(
            "--rejects", metavar="FILE", help="Write what was not imported to this file, to be corrected and imported."
        ),
        click.option("--dry-run", is_flag=True, help="Check everything, store nothing."),
        click.option(
            "--user", "user_id", metavar="ID", required=source_format.needs_user, help=source_format.user_help
        ),
    ):
        command = decorate(command)
    command = declared(command, source_format)
    command = click.argument("path", metavar="PATH")(command)
    return click.command(name, short_help=source_format.summary, help=f"{source_format.summary}\n\n{text}")(command)


def _import_from(
    name: str,
    source_format: SourceFormat,
    path: str,
    *,
    user_id: str | None,
    dry_run: bool,
    rejects: str | None,
    concurrency: int,
    verify: bool,
    tenant_id: str,
    settings: Settings,
    as_json: bool,
    **options: Any,
) -> None:
    if rejects is not None and Path(rejects).exists() and Path(path).exists() and Path(rejects).samefile(path):
        raise click.UsageError("--rejects names the file that is to be read: name another one")
    if rejects is not None:
        check_output(rejects, settings, option="--rejects")
    importing = _Importing(
        source=source_format.make(path, user_id=user_id, **options),
        source_format=name,
        user_id=user_id,
        tenant_id=tenant_id,
        dry_run=dry_run,
        rejects=RejectsFile(rejects),
        concurrency=concurrency,
        verify=verify and not dry_run,
    )
    try:
        imported = run(importing(settings), by_meaning=not dry_run)
    except KeyboardInterrupt:
        say("what was imported is kept: run the same command again to go on")
        raise
    if as_json:
        print_json(imported.to_json())
    elif imported.report.total:
        _print_report(imported, rejects=rejects)
    if imported.report.rejected or (imported.verification is not None and not imported.verification.ok):
        raise click.exceptions.Exit(EXIT_FAILURE)
    if not imported.report.total:
        whose = "" if user_id is None else f" of {shown(user_id)}"
        nothing_found(f"nothing to import: there are no conversations{whose} in {shown(importing.source.name)}")


@attrs.define(kw_only=True)
class _Importing:
    """One import, with what is told of it on the way."""

    source: ConversationSource
    source_format: str
    user_id: str | None
    tenant_id: str
    dry_run: bool
    rejects: RejectsFile
    concurrency: int
    verify: bool
    _rejected: int = attrs.field(default=0, init=False)

    async def __call__(self, settings: Settings) -> _Imported:
        began = time.perf_counter()
        verification = searchable_s = None
        with ProgressLine("storing (1 of 2)") as progress, self.rejects:
            async with open_memory(settings) as memory:
                report = await memory.import_conversations(
                    self.source,
                    user_id=self.user_id,
                    tenant_id=self.tenant_id,
                    dry_run=self.dry_run,
                    concurrency=self.concurrency,
                    source_format=self.source_format,
                    on_progress=lambda report: self._tell(progress, report),
                    on_rejected=lambda rejection: self._tell_rejected(progress, rejection),
                )
                progress.clear()
                if report.stored and not self.dry_run:
                    with ProgressLine("making searchable (2 of 2)") as searchable:
                        await memory.settle(on_progress=settling(searchable))
                    searchable_s = time.perf_counter() - began
                if self.verify:
                    verification = await memory.verify_import(
                        self.source, user_id=self.user_id, tenant_id=self.tenant_id
                    )
        if self._rejected > _SHOWN_REJECTIONS:
            say(
                f"and {self._rejected - _SHOWN_REJECTIONS:,} more"
                + ("" if self.rejects.path else "; --rejects FILE keeps them all")
            )
        return _Imported(report=report, searchable_s=searchable_s, verification=verification)

    def _tell(self, progress: ProgressLine, report: ImportReport) -> None:
        self.rejects.resumed = report.resumed
        done = report.total - report.rejected
        progress.update(f"{done:,} conversations{_remaining(report)}", fraction=report.progress)

    def _tell_rejected(self, progress: ProgressLine, rejection: Rejection) -> None:
        self._rejected += 1
        self.rejects.write(rejection)
        if self._rejected <= _SHOWN_REJECTIONS:
            progress.clear()
            say(f"{shown(rejection.position)}: {shortened(rejection.reason, chars=_REASON_CHARS)}")


def _remaining(report: ImportReport) -> str:
    seconds = report.remaining_s
    if seconds is None or seconds < 1:
        return ""
    return f", {seconds:.0f} s left" if seconds < 2 * _MINUTE_S else f", {seconds / _MINUTE_S:.0f} min left"


def _print_report(imported: _Imported, *, rejects: str | None) -> None:
    report = imported.report
    if report.dry_run:
        say("dry run: nothing was stored")
    if report.resumed:
        say("this import went on where it was interrupted; the figures are those of all of it")
    print_table(_rows(imported), header=["", shown(report.source)])
    if imported.verification is not None:
        for position in (*imported.verification.missing, *imported.verification.different):
            say(f"missing or different: {shown(position)}")
    if report.rejected and rejects is not None:
        say(f"what was rejected stands in {rejects}")
    if report.stored and not report.dry_run:
        say(f"look at it: {program()} stats{same_memory()}")
        if report.run_id is not None:
            say(f"take it back: {program()} import rollback {report.run_id}{same_memory()}")


def _rows(imported: _Imported) -> list[list[str]]:
    """What everybody is told, and what there is more to tell of."""
    report = imported.report
    rows = [
        ["total", f"{report.total}"],
        ["would be stored" if report.dry_run else "stored", f"{report.stored}"],
    ]
    if report.facts or report.placeholders:
        rows += [["  conversations", f"{report.migrated}"], ["  facts", f"{report.facts}"]]
        rows += [["  with a placeholder on one side", f"{report.placeholders_stored}"]]
    rows.append(["already there", f"{report.already_there}"])
    rows.append(["rejected", f"{report.rejected}"])
    further = {
        "placeholders only, not stored": report.placeholders - report.placeholders_stored,
        "of other users": report.skipped,
        "dated by the earliest known time": report.times_unknown,
        "texts with something unstorable replaced": report.cleaned,
    }
    rows += [[label, f"{count}"] for label, count in further.items() if count]
    rows.append(["checked in" if report.dry_run else "stored in", _pace(report.duration_s, report.rate_per_s)])
    if imported.searchable_s is not None:
        rows.append(["searchable after", _pace(imported.searchable_s, imported.searchable_rate_per_s)])
    if (verification := imported.verification) is not None:
        said = "the same" if verification.ok else "NOT the same"
        rows.append(["compared with the source", f"{verification.found} of {verification.expected}: {said}"])
    return rows


def _pace(seconds: float, rate_per_s: float | None) -> str:
    return f"{seconds:.1f} s" + ("" if rate_per_s is None else f", {rate_per_s:.0f}/s")


@click.command("list", short_help="The imports that were made, newest first.")
@click.option("--limit", type=click.IntRange(min=1), default=20, metavar="N", help="At most so many (default: 20).")
@memory_options()
@json_option
def list_runs(*, limit: int, settings: Settings, as_json: bool) -> None:
    """The imports that were made into this memory, newest first, with what came of them.

    Example: talktiers import list
    """
    runs = run(_runs(settings, limit))
    if as_json:
        print_json([item.to_json() for item in runs])
        return
    if not runs:
        nothing_found("nothing was imported into this memory yet")
    print_table(
        [
            [
                item.run_id,
                f"{item.started_at:%Y-%m-%d %H:%M}",
                item.source_format,
                shortened(item.source, chars=40),
                "unfinished" if item.state.unfinished else item.state.value.replace("_", " "),
                f"{item.counts.stored}",
                f"{item.counts.rejected}",
            ]
            for item in runs
        ],
        header=["run", "started (UTC)", "format", "source", "state", "stored", "rejected"],
    )


async def _runs(settings: Settings, limit: int) -> list[ImportRun]:
    async with open_memory(settings) as memory:
        return await memory.import_runs(limit)


@click.command("rollback", short_help="Take an import back.")
@click.argument("run_id", metavar="RUN")
@memory_options()
@json_option
def roll_back(*, run_id: str, settings: Settings, as_json: bool) -> None:
    """Remove exactly what one import brought, from every tier.

    RUN is the id that `import list` shows. What was there before the import stays; what was removed can be imported
    again.

    Example: talktiers import rollback 0198f2c4-7a11-7cc3-9b52-0d1f3a5e6b70
    """

    async def body() -> JsonObject:
        with ProgressLine("taking back") as progress:
            async with open_memory(settings) as memory:
                done = await memory.roll_back_import(
                    run_id, on_progress=lambda removed: progress.update(f"{removed:,} conversations")
                )
                if not done.complete:
                    await asyncio.shield(memory.settle())
        return {"run_id": run_id, "removed": done.removed, "complete": done.complete}

    result = run(body())
    if as_json:
        print_json(result)
    else:
        say(f"{result['removed']:,} conversations removed; they can be imported again")


for _name, _source_format in SOURCES.items():
    import_conversations.add_command(_format_command(_name, _source_format))
import_conversations.add_command(list_runs)
import_conversations.add_command(roll_back)
