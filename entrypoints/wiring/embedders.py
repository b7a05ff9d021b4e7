"""Where vectors come from."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from ...domain.errors import ConfigurationError
from ...ports.embedder import Embedder
from ..settings import Settings
from .resources import SharedResources


class LexicalOnly(UserWarning):
    """No embedder is installed; the memory works by words alone."""


_NOT_INSTALLED: Final = (
    "The static word vectors are not installed: pip install 'talktiers[static]'. "
    "Until then the memory finds words, not meanings."
)


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
    except ConfigurationError:
        warnings.warn(_NOT_INSTALLED, LexicalOnly, stacklevel=_levels_to_caller())
    yield embedder


def _levels_to_caller() -> int:
    """The ``stacklevel`` with which a warning of the calling function points at the code that opens the memory."""
    ours = {__name__.partition(".")[0], "contextlib"}
    level, frame = 0, inspect.currentframe()
    while (frame := frame and frame.f_back) and frame.f_globals["__name__"].partition(".")[0] in ours:
        level += 1
    return level + 1


async def _static(resources: SharedResources) -> Embedder:
    from ...adapters.static.embedder import StaticEmbedder

    embedder = StaticEmbedder(off_loop=resources.off_loop)
    await embedder.load()
    return embedder
