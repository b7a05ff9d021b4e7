"""Large writes in parts, so that others get between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

PART_SIZE = 16
"""Conversations that are written at once: some 5 ms."""
_TURN_S = 0.002


def parts(items: Iterable[T], *, size: Callable[[T], int]) -> list[list[T]]:
    """The items in order, in lists of together at least `PART_SIZE`, the last one excepted; none is empty.

    Args:
        size: conversations of an item, which stays in one part.
    """
    found: list[list[T]] = []
    filled = PART_SIZE
    for item in items:
        if filled >= PART_SIZE:
            found.append([])
            filled = 0
        found[-1].append(item)
        filled += size(item)
    return found


def in_turns(items: Iterable[T]) -> Iterator[T]:
    """The items; now and then the interpreter is let go of, so that other threads have their turn."""
    since = time.perf_counter()
    for item in items:
        yield item
        if time.perf_counter() - since > _TURN_S:
            time.sleep(0)
            since = time.perf_counter()
