"""Options that several commands share."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias, TypedDict

import attrs
import click

from ...domain.errors import BackendError
from ...domain.identifiers import DEFAULT_BOT_ID, DEFAULT_TENANT_ID
from ...domain.place import Audience
from ..configuration import load_settings
from ..settings import MigrationSettings, Settings
from .running import advise

Command: TypeAlias = Callable[..., Any]

DB_HELP: Final = "The database file (default: ./talktiers.db)."
CONFIG_HELP: Final = "Settings: a talktiers.toml."

json_option = click.option("--json", "as_json", is_flag=True, help="Print plain JSON and nothing else.")
tenant_option = click.option("--tenant", "tenant_id", default=DEFAULT_TENANT_ID, metavar="ID", help="Whose users.")


class ScopeArguments(TypedDict):
    """Tenant, bot and place of a call, as the memory's methods take them."""

    channel_id: str | None
    server_id: str | None
    audience: Audience | None
    bot_id: str
    tenant_id: str


def memory_options(*, creates: bool = False) -> Callable[[Command], Command]:
    """``--db`` and ``--config``, given before or after the command; the command gets ``settings``.

    Args:
        creates: whether the command makes a database that does not exist yet. The others say that there is none:
            a mistyped path is not to become an empty memory.
    """

    def decorate(command: Command) -> Command:
        @click.option("--db", metavar="PATH", help=DB_HELP)
        @click.option("--config", metavar="FILE", help=CONFIG_HELP)
        @functools.wraps(command)
        def with_settings(*arguments: Any, db: str | None, config: str | None, **options: Any) -> Any:  # noqa: ARG001
            try:
                return command(*arguments, settings=_chosen(creates=creates), **options)
            except BackendError as error:
                advise(error, same_memory=same_memory())
                raise

        return with_settings

    return decorate


def scope_options(command: Command) -> Command:
    """Where the question is asked from; the command gets ``scope``."""

    @click.option("--channel", "channel_id", metavar="ID", help="Asked in this channel (default: a direct message).")
    @click.option("--server", "server_id", metavar="ID", help="The channel's server.")
    @click.option(
        "--audience",
        type=click.Choice([audience.value for audience in Audience]),
        help="Who can read it there (default: direct; with --channel: private_channel).",
    )
    @click.option("--bot", "bot_id", default=DEFAULT_BOT_ID, metavar="ID", help="Which bot is asked.")
    @tenant_option
    @functools.wraps(command)
    def with_scope(
        *arguments: Any,
        channel_id: str | None,
        server_id: str | None,
        audience: str | None,
        bot_id: str,
        tenant_id: str,
        **options: Any,
    ) -> Any:
        scope = ScopeArguments(
            channel_id=channel_id,
            server_id=server_id,
            audience=None if audience is None else Audience(audience),
            bot_id=bot_id,
            tenant_id=tenant_id,
        )
        return command(*arguments, scope=scope, **options)

    return with_scope


def database_path(settings: Settings) -> str | None:
    """The file that the embedded tiers are in, if any is."""
    sections = (settings.archive, settings.cache, settings.lexical, settings.summaries, settings.graph)
    return settings.sqlite.path if any(section.backend == "sqlite" for section in sections) else None


class ChosenSource(NamedTuple):
    """What was typed for ``--db`` and ``--config``; at most one of them."""

    db: str | None
    config: str | None


def chosen_source() -> ChosenSource:
    """What was typed, after the command or before it."""
    context = click.get_current_context()
    inner, outer = context.params, context.find_root().params
    db, config = (inner.get(name) if inner.get(name) is not None else outer.get(name) for name in ("db", "config"))
    if db is not None and config is not None:
        raise click.UsageError("--db and --config are both given: name the file in the settings, as sqlite.path")
    if config is not None and Path(config).suffix != ".toml":
        raise click.UsageError(f"--config takes a .toml file, not {config}")
    return ChosenSource(db, config)


def same_memory() -> str:
    """What to append to a command that is told to be typed next, so that it finds the same memory."""
    source = chosen_source()
    chosen = {"--db": source.db, "--config": source.config}
    return "".join(f" {name} {shlex.quote(value)}" for name, value in chosen.items() if value is not None)


def _chosen(*, creates: bool) -> Settings:
    source = chosen_source()
    settings = load_settings(source.config if source.config is not None else source.db)
    # A bot takes its older memory over when it starts; a command that looks at something does not.
    settings = attrs.evolve(settings, migration=MigrationSettings())
    path = database_path(settings)
    if not creates and path is not None and not Path(path).exists():
        raise click.UsageError(
            f"there is no database {Path(path).absolute()}: import something first, or name another one with --db"
        )
    return settings
