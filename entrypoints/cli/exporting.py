"""``export``: everything of a user, or of everybody, as lines that ``import jsonl`` reads."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from ...domain.interchange import conversation_to_json
from ..manager import open_memory
from ..settings import Settings
from .options import json_option, memory_options, tenant_option
from .output import json_text, print_json, say
from .running import nothing_found, program, run
from .writing import check_output, whole_file


@click.command(short_help="Write everything of a user, or of all, as JSON Lines.")
@click.argument("user_id", metavar="USER", required=False)
@click.option("--all", "everybody", is_flag=True, help="Of all users of the tenant, one after the other.")
@click.option("--output", "-o", metavar="FILE", help="Write to this file instead of standard output.")
@click.option("--force", is_flag=True, help="Overwrite the file if it is there.")
@tenant_option
@memory_options()
@json_option
def export(
    *,
    user_id: str | None,
    everybody: bool,
    output: str | None,
    force: bool,
    tenant_id: str,
    settings: Settings,
    as_json: bool,
) -> None:
    """Write every conversation of USER, oldest stored first, one JSON object a line; with --all those of all users.

    Nothing is left out: times with their offset, place, metadata. `import jsonl` reads it back. With --json and
    --output a JSON object says what was written; without --output the lines are the JSON.

    Example: talktiers export mira --output mira.jsonl
    """
    if everybody == (user_id is not None):
        raise click.UsageError("name a user, or give --all instead")
    if output is not None:
        _check_replaceable(output, settings, force=force)
    count = run(_export(settings, tenant_id=tenant_id, user_id=user_id, output=output))
    if not count:
        nothing_found(f"nothing is known of {user_id or 'anybody'}; no file was written")
    if output is None:
        return
    if as_json:
        print_json({"tenant_id": tenant_id, "user_id": user_id, "conversations": count, "output": output})
    else:
        say(f"{count:,} conversations written to {output}")
        say(f"read them back: {program()} import jsonl {shlex.quote(output)} --db another.db")


def _check_replaceable(output: str, settings: Settings, *, force: bool) -> None:
    check_output(output, settings, option="--output")
    if not os.path.lexists(output):
        return
    if Path(output).exists() and not Path(output).is_file():
        raise click.UsageError(f"--output {output} is no regular file: leave --output out to write to a pipe or device")
    if not force:
        raise click.UsageError(f"{output} is there already: name another file, or overwrite it with --force")


async def _export(settings: Settings, *, tenant_id: str, user_id: str | None, output: str | None) -> int:
    count = 0
    async with open_memory(settings) as memory:
        conversations = (
            memory.export_all(tenant_id=tenant_id)
            if user_id is None
            else memory.export_user(user_id, tenant_id=tenant_id)
        )
        first = await anext(conversations, None)
        if first is None:
            return 0
        with _written(output) as file:
            file.write(json_text(conversation_to_json(first)) + "\n")
            count += 1
            async for conversation in conversations:
                file.write(json_text(conversation_to_json(conversation)) + "\n")
                count += 1
    return count


@contextmanager
def _written(output: str | None) -> Iterator[TextIO]:
    """Standard output, or a file that is there complete or not at all."""
    if output is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    with whole_file(output) as file:
        yield file
