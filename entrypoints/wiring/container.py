"""The container: recipes only. It opens nothing, holds no state, and reads nothing at import.

Each provider chooses, by a name in the settings, a factory of an *unopened* async context manager; `opening` enters
the chosen ones in order. A name with a colon, ``package.module:function``, or one registered in the tier's entry point
group, such as ``talktiers.cache``, brings another adapter, with the same signature as the ones here.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Callable
from typing import Any

from dependency_injector import containers, providers

from ...domain.errors import ConfigurationError
from ..settings import Settings
from . import embedders, in_memory, servers, sqlite
from .resources import SharedResources

ENTRY_POINT_GROUP = "talktiers.{tier}"
"""A group a tier: one name, such as that of a server, may stand for a backend of several tiers."""


class Container(containers.DeclarativeContainer):
    """One provider a tier, and one for the embedder."""

    settings = providers.Dependency(instance_of=Settings)
    resources = providers.Dependency(instance_of=SharedResources)

    embedder = providers.Selector(
        settings.provided.embedder.backend,
        auto=providers.Factory(embedders.auto, settings, resources),
        static=providers.Factory(embedders.static, settings, resources),
        off=providers.Factory(embedders.off, settings, resources),
    )
    archive = providers.Selector(
        settings.provided.archive.backend,
        sqlite=providers.Factory(sqlite.archive, settings, resources),
        in_memory=providers.Factory(in_memory.archive, settings, resources),
        postgres=providers.Factory(servers.postgres_archive, settings, resources),
    )
    cache = providers.Selector(
        settings.provided.cache.backend,
        sqlite=providers.Factory(sqlite.cache, settings, resources),
        in_memory=providers.Factory(in_memory.cache, settings, resources),
        redis=providers.Factory(servers.redis_cache, settings, resources),
    )
    lexical = providers.Selector(
        settings.provided.lexical.backend,
        sqlite=providers.Factory(sqlite.lexical, settings, resources),
        in_memory=providers.Factory(in_memory.lexical, settings, resources),
        postgres=providers.Factory(servers.postgres_lexical, settings, resources),
    )
    summaries = providers.Selector(
        settings.provided.summaries.backend,
        sqlite=providers.Factory(sqlite.summaries, settings, resources),
        in_memory=providers.Factory(in_memory.summaries, settings, resources),
        chroma=providers.Factory(servers.chroma_summaries, settings, resources),
    )
    graph = providers.Selector(
        settings.provided.graph.backend,
        sqlite=providers.Factory(sqlite.graph, settings, resources),
        in_memory=providers.Factory(in_memory.graph, settings, resources),
        neo4j=providers.Factory(servers.neo4j_graph, settings, resources),
    )


def container_for(settings: Settings, resources: SharedResources) -> Container:
    """A container whose every chosen name is known.

    Raises:
        ConfigurationError: a name that is none of ours, no entry point and no path to a function.
    """
    container = Container(settings=settings, resources=resources)
    for tier in ("embedder", "archive", "cache", "lexical", "summaries", "graph"):
        name = getattr(settings, tier).backend
        selector: providers.Selector[Any] = getattr(container, tier)
        if name in selector.providers or (name == "off" and tier != "archive"):
            continue
        opener = _foreign(tier, name, known=sorted(selector.providers))
        selector.override(providers.Factory(opener, settings, resources))
    return container


def _foreign(tier: str, name: str, *, known: list[str]) -> Callable[..., Any]:
    try:
        if ":" in name:
            module_name, _, attribute = name.partition(":")
            opener: object = getattr(importlib.import_module(module_name), attribute)
        else:
            found = importlib.metadata.entry_points(group=ENTRY_POINT_GROUP.format(tier=tier), name=name)
            if not found:
                choices = ", ".join(known if tier in ("archive", "embedder") else [*known, "off"])
                raise ConfigurationError(
                    f"{tier}.backend: {name} is not known: choose {choices},"
                    " or name a function as package.module:function"
                )
            opener = next(iter(found)).load()
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"{tier}.backend: {name} cannot be imported: {error}") from error
    if not callable(opener):
        raise ConfigurationError(f"{tier}.backend: {name} is not a function that opens a backend")
    return opener
