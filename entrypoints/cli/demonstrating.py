"""``demo``: the main job, with nothing to prepare."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs
import click

from ...domain.json_values import JsonValue
from ...domain.place import Place
from ..demo import USER_ID, Asked, Stored, run_demo
from ..settings import Settings
from .options import chosen_source, json_option, memory_options
from .output import print_json, shown_block
from .reading import provenance
from .running import failed, program, run

_SUGGESTED_DB: Final = "demo.db"


@click.command(short_help="See it work, with nothing to prepare.")
@memory_options(creates=True)
@json_option
def demo(*, settings: Settings, as_json: bool) -> None:
    """Store six weeks of conversation between one person and a bot, then ask three questions about them.

    Without --db or --config it works on a temporary database.

    Example: talktiers demo --db demo.db
    """
    if chosen_source() != (None, None):
        _demo(settings, as_json=as_json, kept=True)
        return
    with tempfile.TemporaryDirectory(prefix="talktiers-demo-", ignore_cleanup_errors=True) as folder:
        sqlite = attrs.evolve(settings.sqlite, path=str(Path(folder) / "demo.db"))
        _demo(attrs.evolve(settings, sqlite=sqlite), as_json=as_json, kept=False)


def _demo(settings: Settings, *, as_json: bool, kept: bool) -> None:
    stored: list[Stored] = []
    questions: list[Asked] = []

    def on_stored(result: Stored) -> None:
        stored.append(result)
        if not as_json:
            _print_stored(result, settings, kept=kept)

    def on_asked(asked: Asked) -> None:
        questions.append(asked)
        if not as_json:
            _print_asked(asked)

    if not as_json:
        click.echo(f"{_heading('A conversation')} of Mira and a bot called Juno over six weeks, some of it private")
    run(run_demo(settings, on_stored=on_stored, on_asked=on_asked), by_meaning=True)
    if as_json:
        print_json(_demo_json(stored[0], questions))
    else:
        click.echo()
        click.echo(_heading("What to type next"))
        for line in _next_commands(settings.sqlite.path if kept else None):
            click.echo(f"  {line}")
    if any(asked.private_stays_out is False for asked in questions):
        failed()


def _print_stored(stored: Stored, settings: Settings, *, kept: bool) -> None:
    report = stored.report
    were_there = f" ({report.already_there} were there already)" if report.already_there else ""
    where = f"in {settings.sqlite.path}" if kept else "in a temporary database"
    click.echo(
        f"{_heading('Stored')} {report.stored} exchanges{were_there} in {1000 * report.duration_s:.0f} ms, "
        f"in every tier after {1000 * stored.searchable_s:.0f} ms, {where}"
    )


def _print_asked(asked: Asked) -> None:
    click.echo()
    click.echo(f"{_heading('Asked')} {_where(asked.question.place)}: {asked.question.text}")
    click.echo(f"  ({asked.question.shows})")
    click.echo()
    text = shown_block(asked.bundle.to_context_string())
    click.echo("\n".join(f"    {line}" for line in text.splitlines()) or "    (an empty context)")
    click.echo()
    click.echo(f"  {provenance(asked.bundle)}")
    if asked.in_private is not None:
        word = asked.question.private_word
        kept_out = "is in the context of a direct message and not in this one"
        state = kept_out if asked.private_stays_out else "IS NOT WHERE IT SHOULD BE"
        click.echo(f"  “{word}” {state}")


def _next_commands(path: str | None) -> list[str]:
    name = program()
    db = shlex.quote(path or _SUGGESTED_DB)
    keep = [] if path is not None else [f"{name} demo --db {db}"]
    return [
        *keep,
        f'{name} context {USER_ID} "how is my cat?" --db {db}',
        f'{name} explain {USER_ID} "what shall I give Mum?" --db {db}',
        f'{name} search {USER_ID} "when is training?" --channel boathouse --server rowing-club --audience public_channel --db {db}',
        f"{name} topics {USER_ID} --db {db}",
        f"{name} export {USER_ID} --output mira.jsonl --db {db}",
        f"{name} forget {USER_ID} --db {db}",
    ]


def _heading(text: str) -> str:
    return click.style(text, bold=True)


def _where(place: Place) -> str:
    if place.channel_id is None:
        return "in a direct message"
    return f"in the public channel #{place.channel_id}"


def _demo_json(stored: Stored, questions: Sequence[Asked]) -> JsonValue:
    return {
        "stored": stored.report.to_json(),
        "searchable_s": round(stored.searchable_s, 3),
        "questions": [
            {
                "question": asked.question.text,
                "audience": asked.question.place.audience.value,
                "channel_id": asked.question.place.channel_id,
                "context": asked.bundle.to_context_string(),
                "metadata": asked.bundle.assembly_metadata.to_json(),
                "private_stays_out": asked.private_stays_out,
            }
            for asked in questions
        ],
    }
