"""``export``: everything of a user, as lines that ``import jsonl`` reads."""

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


@click.command(short_help="Write everything of a user as JSON Lines.")
@click.argument("user_id", metavar="USER")
@click.option("--output", "-o", metavar="FILE", help="Write to this file instead of standard output.")
@click.option("--force", is_flag=True, help="Overwrite the file if it is there.")
@tenant_option
@memory_options()
@json_option
def export(*, user_id: str, output: str | None, force: bool, tenant_id: str, settings: Settings, as_json: bool) -> None:
    """Write every conversation of USER, oldest stored first, one JSON object a line.

    Nothing is left out: times with their offset, place, metadata. `import jsonl` reads it back. With --json and
    --output a JSON object says what was written; without --output the lines are the JSON.

    Example: talktiers export mira --output mira.jsonl
    """
    if output is not None and not force and os.path.lexists(output):
        raise click.UsageError(f"{output} is there already: name another file, or overwrite it with --force")
    count = run(_export(settings, tenant_id=tenant_id, user_id=user_id, output=output))
    if not count:
        nothing_found(f"nothing is known of {user_id}; no file was written")
    if output is None:
        return
    if as_json:
        print_json({"tenant_id": tenant_id, "user_id": user_id, "conversations": count, "output": output})
    else:
        say(f"{count:,} conversations written to {output}")
        say(f"read them back: {program()} import jsonl {shlex.quote(output)} --db another.db")


async def _export(settings: Settings, *, tenant_id: str, user_id: str, output: str | None) -> int:
    count = 0
    async with open_memory(settings) as memory:
        conversations = memory.export_user(user_id, tenant_id=tenant_id)
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
    """Standard output, or a file that only its owner may read and that is there complete or not at all."""
    if output is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    target = Path(output)
    partial = target.with_name(target.name + ".part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
