"""Batches of texts, worked off beside the event loop in small pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ...ports.off_loop import OffLoop

_T = TypeVar("_T")
_R = TypeVar("_R")

_PIECE = 16
"""Items a call: some 10 ms of work, which is how long others wait and a cancelled batch goes on."""


async def each(function: Callable[[_T], _R], items: Sequence[_T], *, off_loop: OffLoop) -> list[_R]:
    """``function`` of every item, in their order; what it raises comes back."""

    def piece(part: Sequence[_T]) -> list[_R]:
        return [function(item) for item in part]

    results: list[_R] = []
    for start in range(0, len(items), _PIECE):
        results.extend(await off_loop.run(piece, items[start : start + _PIECE]))
    return results
