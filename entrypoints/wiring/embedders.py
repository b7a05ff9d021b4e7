"""Where vectors come from."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ...domain.errors import ConfigurationError
from ...ports.embedder import Embedder
from ..settings import Settings
from .resources import SharedResources


class LexicalOnly(UserWarning):
    """No embedder is installed; the memory works by words alone."""


@asynccontextmanager
async def off(_: Settings, __: SharedResources) -> AsyncIterator[Embedder | None]:
    """None: the memory is lexical only."""
    yield None


@asynccontextmanager
async def static(_: Settings, resources: SharedResources) -> AsyncIterator[Embedder | None]:
    """The static vectors that ship in a wheel."""
    yield await _static(resources)


@asynccontextmanager
async def auto(_: Settings, resources: SharedResources) -> AsyncIterator[Embedder | None]:
    """The static vectors where they are installed; else none, which is said once a process."""
    embedder: Embedder | None = None
    try:
        embedder = await _static(resources)
    except ConfigurationError as error:
        warnings.warn(f"{error} Without them the memory finds words, not meanings.", LexicalOnly, stacklevel=2)
    yield embedder


async def _static(resources: SharedResources) -> Embedder:
    from ...adapters.static.embedder import StaticEmbedder

    embedder = StaticEmbedder(off_loop=resources.off_loop)
    await embedder.load()
    return embedder
