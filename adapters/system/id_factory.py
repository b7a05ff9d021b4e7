"""UUIDs of version 7 (RFC 9562, section 5.7), rising within a process."""

from __future__ import annotations

import secrets
import threading
import uuid

from ...ports.clock import Clock
from ...ports.id_factory import IdFactory

_TAIL_BITS = 74
"""What a version 7 leaves beside time, version and variant: rand_a (12 bits) and rand_b (62 bits)."""
_RAND_B_BITS = 62
_STEP_BITS = 32
"""How far the tail rises at most from one id to the next of the same millisecond. Random, so that an id tells
nothing about its neighbours, and a forked process does not repeat its parent's."""
_VERSION = 7
_VARIANT = 0b10


class Uuid7Factory(IdFactory):
    """Ids that sort by the time of their making.

    Ids of one millisecond rise by the monotonic random method (RFC 9562, section 6.2, method 2): the tail begins at
    random and goes up by random steps. While the clock stands or is set back, the last millisecond goes on. Safe to
    call from several threads.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._millisecond = -1
        self._tail = 0

    def new_id(self) -> str:
        """A lower-case UUID that was never handed out before and sorts after the earlier ones."""
        millisecond = int(self._clock.now().timestamp() * 1000)
        with self._lock:
            if millisecond > self._millisecond:
                self._start(millisecond)
            else:
                self._tail += 1 + secrets.randbits(_STEP_BITS)
                if self._tail >> _TAIL_BITS:
                    self._start(self._millisecond + 1)
            return _uuid7(self._millisecond, self._tail)

    def _start(self, millisecond: int) -> None:
        self._millisecond = millisecond
        # The topmost bit stays free, so that a millisecond has room for 2**41 steps at least.
        self._tail = secrets.randbits(_TAIL_BITS - 1)


def _uuid7(millisecond: int, tail: int) -> str:
    """The text form of a version 7 with this time and these 74 bits."""
    rand_a, rand_b = divmod(tail, 1 << _RAND_B_BITS)
    value = (millisecond << 80) | (_VERSION << 76) | (rand_a << 64) | (_VARIANT << 62) | rand_b
    return str(uuid.UUID(int=value))
