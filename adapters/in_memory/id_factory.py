"""Ids that a test can foresee."""

from __future__ import annotations

import uuid

from ...ports.id_factory import IdFactory

_FIRST = uuid.UUID("00000000-0000-7000-8000-000000000000").int


class CountingIdFactory(IdFactory):
    """Hands out ``00000000-0000-7000-8000-000000000001`` and so on."""

    def __init__(self) -> None:
        self._count = 0

    def new_id(self) -> str:
        """The next id; of the form of a UUID version 7, and sorting after the earlier ones."""
        self._count += 1
        return str(uuid.UUID(int=_FIRST + self._count))
