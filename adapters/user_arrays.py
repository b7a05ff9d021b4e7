"""What searches keep in memory of the users who ask, bounded in bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Protocol, TypeVar

DEFAULT_MAX_BYTES = 128 * 1024 * 1024
"""Vectors and document tables of a hundred users with a thousand conversations each, with room to spare."""


class Arrays(Protocol):
    """What is kept of one user: values that are never changed, only replaced."""

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        ...


A = TypeVar("A", bound=Arrays)
_Key = tuple[type[Arrays], str, str]


class UserArrays:
    """Arrays by kind and user; beyond the bound, those that were not used for longest go.

    One cache may serve several tiers: they share its bound. It holds no truth: who takes something out checks it
    against the store. Safe to use from several threads.

    Args:
        max_bytes: what all entries together may take; a larger one is not kept at all.
    """

    def __init__(self, *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._entries: OrderedDict[_Key, tuple[Arrays, int]] = OrderedDict()
        self._bytes = 0

    @property
    def nbytes(self) -> int:
        """What all entries take together."""
        return self._bytes

    def get(self, kind: type[A], *, tenant_id: str, user_id: str) -> A | None:
        """The user's entry of that kind, if one is kept."""
        with self._lock:
            entry = self._entries.get((kind, tenant_id, user_id))
            if entry is None:
                return None
            self._entries.move_to_end((kind, tenant_id, user_id))
        arrays, _ = entry
        return arrays if isinstance(arrays, kind) else None

    def put(self, arrays: Arrays, *, tenant_id: str, user_id: str) -> None:
        """Keeps an entry in the place of the user's former one of its kind."""
        key = (type(arrays), tenant_id, user_id)
        size = arrays.nbytes
        with self._lock:
            self._remove(key)
            if size > self._max_bytes:
                return
            self._entries[key] = (arrays, size)
            self._bytes += size
            while self._bytes > self._max_bytes:
                self._remove(next(iter(self._entries)))

    def drop(self, kind: type[Arrays], *, tenant_id: str, user_id: str) -> None:
        """Lets go of the user's entry of that kind."""
        with self._lock:
            self._remove((kind, tenant_id, user_id))

    def _remove(self, key: _Key) -> None:
        _, size = self._entries.pop(key, (None, 0))
        self._bytes -= size
