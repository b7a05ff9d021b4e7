"""``init``: what the four servers need, ready to be started."""

from __future__ import annotations

import importlib.util
import shlex
from pathlib import Path
from typing import Final

import click

from ..server_files import COMPOSE_FILE, ENVIRONMENT_FILE, SETTINGS_FILE, server_files, write
from .options import json_option
from .output import print_json, say, shown
from .running import program

_DRIVERS: Final = {"redis": "redis", "asyncpg": "postgres", "chromadb": "chroma", "neo4j": "neo4j"}
"""What is imported, and the extra that brings it."""


@click.command(short_help="Write what the four servers need.")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--force", is_flag=True, help="Write the files anew where they exist; .env keeps its lines and its passwords."
)
@json_option
def init(*, folder: Path, force: bool, as_json: bool) -> None:
    """Write compose.yml for Redis, PostgreSQL, Chroma and Neo4j, a .env with generated passwords, and a talktiers.toml
    that names the servers, into DIR (default: the current folder). Nothing is started, and no password is printed.

    Example: talktiers init && docker compose up --detach --wait
    """
    context = click.get_current_context().find_root()
    if context.params.get("db") is not None or context.params.get("config") is not None:
        raise click.UsageError("init opens no memory: leave out --db and --config")
    files = server_files(folder)
    existing = [str(file.path) for file in files if file.path.exists()]
    if existing and not force:
        raise click.UsageError(
            f"there already: {', '.join(existing)}; name another folder, or write them anew with --force, "
            f"which keeps the lines and passwords of {ENVIRONMENT_FILE}"
        )
    for file in files:
        write(file)
    following = _next_commands(folder)
    if as_json:
        print_json({"written": [str(file.path) for file in files], "next": following})
        return
    for file in files:
        click.echo(shown(str(file.path)))
    say(
        f"{ENVIRONMENT_FILE} and {SETTINGS_FILE} hold passwords: only you can read them; keep them out of version "
        f"control. {COMPOSE_FILE} holds none."
    )
    say("What to type next:")
    for line in following:
        say(f"  {line}")


def _next_commands(folder: Path) -> list[str]:
    missing = [extra for module, extra in _DRIVERS.items() if importlib.util.find_spec(module) is None]
    # Compose looks for .env beside the file that it is given.
    compose = "" if folder == Path() else f" --file {shlex.quote(str(folder / COMPOSE_FILE))}"
    return [
        *([f"pip install 'talktiers[{','.join(missing)}]'"] if missing else []),
        f"docker compose{compose} up --detach --wait",
        f"{program()} doctor --config {shlex.quote(str(folder / SETTINGS_FILE))}",
    ]
