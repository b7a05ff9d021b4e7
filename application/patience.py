"""Steps that can be repeated, and stores that are given time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from ..domain.errors import TalktiersError
from .logs import get_logger

T = TypeVar("T")

_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 2.0

_log = get_logger("patience")


class Patience:
    """Takes a step again as long as what failed may work later: a server that restarts, a file that is locked.

    Attributes:
        seconds: after which the error gets out; from each step's beginning.
    """

    def __init__(self, *, seconds: float) -> None:
        self.seconds = seconds

    async def __call__(self, step: Callable[[], Awaitable[T]]) -> T:
        """The step's result.

        Args:
            step: may be taken again, wherever it failed.
        """
        give_up_s = time.monotonic() + self.seconds
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return await step()
            except TalktiersError as error:
                if not error.retryable or time.monotonic() > give_up_s:
                    raise
                _log.info("step_put_off", error=type(error).__name__)
            await asyncio.sleep(pause_s)
            pause_s = min(_LONGEST_PAUSE_S, 2 * pause_s)
