"""Moving a memory to other settings: opens both, sees that they do not share anything, and lets the use case work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final
from uuid import uuid4

import attrs

from ..application.move_report import MoveReport
from ..application.moving import MoveArchive
from ..domain.errors import ConfigurationError
from ..domain.projection import Backlog
from .configuration import load_settings
from .settings import OFF, Settings

_DERIVED: Final = ("cache", "lexical", "summaries", "graph")
_TIERS: Final = ("archive", *_DERIVED)


@attrs.frozen(kw_only=True)
class NewHome:
    """Where a memory is moved to.

    Attributes:
        destination: what opens it, from any folder: the absolute path of a settings file or of a database.
    """

    settings: Settings
    destination: str

    @classmethod
    def named(cls, name: str) -> NewHome:
        """The one that is typed: a TOML file, the path of a database, or its address.

        Raises:
            ConfigurationError: it cannot be read, or does not mean the same in every folder and process.
        """
        named = load_settings(name)
        if named.archive.backend == "in_memory":
            raise ConfigurationError(f"{name}: its archive ends with the process: name a file or servers to move to")
        is_toml = "://" not in name and Path(name).suffix == ".toml"
        destination = str(Path(name if is_toml else named.sqlite.path).absolute())
        settings = load_settings(destination)
        if "sqlite" in _backends(settings) and not Path(settings.sqlite.path).is_absolute():
            raise ConfigurationError(
                f"{destination}: sqlite.path is {settings.sqlite.path}, which is another file in every folder:"
                f" write {Path(settings.sqlite.path).absolute()}"
            )
        return cls(settings=settings, destination=destination)


def check_apart(old: Settings, new: Settings) -> None:
    """Two memories of which one becomes the other keep nothing in the same place.

    Raises:
        ConfigurationError: they do; it names the setting to change.
    """
    if old.archive.backend == "in_memory":
        raise ConfigurationError(
            "a memory that ends with its process cannot be moved from another one: export it there"
        )
    occupied = set(_places(old))
    for setting, place in _places(new):
        if (setting, place) in occupied:
            raise ConfigurationError(
                f"the old memory and the new one both keep things in {place}: give the new one another {setting}"
            )


async def move_memory(
    *,
    old: Settings,
    home: NewHome,
    settle: bool = True,
    dry_run: bool = False,
    on_progress: Callable[[MoveReport], None] | None = None,
    on_settling: Callable[[Sequence[Backlog]], None] | None = None,
) -> MoveReport:
    """Moves a memory while others use it; see `MoveArchive`.

    Args:
        settle: fill the new memory's tiers before stores go there, and wait for the last of them at the end.
        dry_run: compares what is there and copies nothing; tables that the new memory lacks are made.
        on_progress: called with the running report, often.
        on_settling: called with what waits while the tiers are filled.

    Raises:
        ConfigurationError: the two cannot be moved into each other.
        Moved, MigrationError, BackendError: as `MoveArchive`.
    """
    # Here, not at the top: adapters and their libraries load when a memory is opened.
    from .wiring.opening import opened_memory, opened_parts

    check_apart(old, home.settings)
    async with AsyncExitStack() as stack:
        source, _ = await opened_parts(_archive_alone(old), stack)
        fence = await source.archive.fenced()
        if fence is not None and fence.complete and fence.destination != home.destination:
            raise fence.refusal  # before the other one is opened, and so made
        projects = settle and not dry_run
        projector = attrs.evolve(home.settings.projector, in_process=projects)
        memory = await opened_memory(attrs.evolve(home.settings, projector=projector), stack)
        # All of them, and not the archive's alone: a tier that is down would be waited for.
        await asyncio.gather(*(server.check() for server in set(memory.tiers.servers.values())))

        async def filled() -> None:
            await memory.projector.settle(on_progress=on_settling)

        move = MoveArchive(
            source=source.archive,
            target=memory.tiers.archive,
            destination=home.destination,
            projections=tuple(memory.tiers.derived),
            move_id=uuid4().hex,
            dry_run=dry_run,
            on_progress=on_progress,
            on_adopted=memory.projector.wake,
            settle=filled if projects else None,
        )
        report = await move()
        if projects:
            await filled()
    return report


def _archive_alone(settings: Settings) -> Settings:
    """The same memory without its other tiers: nothing else of it is read, and nothing is projected."""
    off = {tier: attrs.evolve(getattr(settings, tier), backend=OFF) for tier in (*_DERIVED, "embedder")}
    return attrs.evolve(settings, **off, projector=attrs.evolve(settings.projector, in_process=False))


def _backends(settings: Settings) -> set[str]:
    return {getattr(settings, tier).backend for tier in _TIERS}


def _places(settings: Settings) -> Iterator[tuple[str, str]]:
    """Where a memory keeps things: the setting that keeps it apart from others there, and the place."""
    backends = _backends(settings)
    postgres, redis, chroma, neo4j = settings.postgres, settings.redis, settings.chroma, settings.neo4j
    if "sqlite" in backends:
        yield "sqlite.path", str(Path(settings.sqlite.path).resolve())
    if "postgres" in backends:
        yield "postgres.schema", f"{_server(postgres.url)}, schema {postgres.schema}"
    if "redis" in backends:
        yield "redis.key_prefix", f"{_server(redis.url)}, keys of {redis.key_prefix}"
    if "chroma" in backends:
        yield (
            "chroma.prefix",
            f"{_server(chroma.url)}/{chroma.tenant}/{chroma.database}, collections of {chroma.prefix}",
        )
    if "neo4j" in backends:
        yield "neo4j.namespace", f"{_server(neo4j.url)}/{neo4j.database or ''}, namespace {neo4j.namespace!r}"


def _server(url: str) -> str:
    """Host, port and path of an address; without user and password."""
    _, _, rest = url.partition("://")
    authority, slash, path = rest.partition("?")[0].partition("/")
    return f"{authority.rpartition('@')[2]}{slash}{path}".rstrip("/")
