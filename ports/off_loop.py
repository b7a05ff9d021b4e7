"""A place for work that would hold up the event loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")
Item = TypeVar("Item")


class OffLoop(Protocol):
    """Runs CPU-bound functions beside the event loop, one at a time, in the order in which they were handed over."""

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """What the function returns or raises. A cancelled caller's function may still run."""
        ...

    async def map(self, function: Callable[[Item], T], items: Sequence[Item]) -> list[T]:
        """What the function returns for every item, in their order; what it raises comes back at once.

        A long batch holds nobody up: other calls and other threads have their turn between the items, and of a
        cancelled batch only some more items are worked off.
        """
        ...
