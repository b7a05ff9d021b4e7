"""An array that grows at its end without moving, most of the time, what it holds."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

import attrs
import numpy as np
import numpy.typing as npt

S = TypeVar("S", bound=np.generic)

_SPARE = 4
"""A full array grows by a quarter: copying stays rare, and little memory lies idle."""


@attrs.define(eq=False)
class _Buffer(Generic[S]):
    array: npt.NDArray[S]
    used: int
    lock: threading.Lock = attrs.field(factory=threading.Lock)


class GrowingRows(Generic[S]):
    """Rows that never change. Extending makes a new value that shares the memory; older values stay as they are.

    Safe to extend from several threads, the same value too: the second one to do so gets memory of its own.

    Args:
        rows: shape (n, …); not written to afterwards.
        buffer: the memory that they are the beginning of; without it they have no spare rows.
    """

    def __init__(self, rows: npt.NDArray[S], buffer: _Buffer[S] | None = None) -> None:
        self._buffer = _Buffer(rows, len(rows)) if buffer is None else buffer
        self.rows = rows

    @property
    def nbytes(self) -> int:
        """Memory that it takes, spare rows included."""
        return self._buffer.array.nbytes

    def extended(self, rows: npt.NDArray[S]) -> GrowingRows[S]:
        """These rows and further ones."""
        length = len(self.rows)
        total = length + len(rows)
        buffer = self._buffer
        with buffer.lock:
            shared = buffer.used == length and total <= len(buffer.array)
            if shared:
                buffer.used = total
        if not shared:
            array = np.empty((total + total // _SPARE, *self.rows.shape[1:]), dtype=self.rows.dtype)
            array[:length] = self.rows
            buffer = _Buffer(array, total)
        # Nobody reads these rows yet: no value that holds them has been handed out.
        buffer.array[length:total] = rows
        return GrowingRows(buffer.array[:total], buffer)
