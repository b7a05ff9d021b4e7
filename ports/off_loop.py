"""A place for work that would hold up the event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class OffLoop(Protocol):
    """Runs CPU-bound functions beside the event loop, one at a time, in the order in which they were handed over."""

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """What the function returns or raises. A cancelled caller's function may still run."""
        ...
