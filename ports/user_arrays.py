"""Where adapters keep in memory what their searches need of the users who ask."""

from __future__ import annotations

from typing import Protocol, TypeVar


class Arrays(Protocol):
    """What is kept of one user: values that are never changed, only replaced."""

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        ...


A = TypeVar("A", bound=Arrays)


class UserArrays(Protocol):
    """Arrays by kind and user, bounded in bytes; one may serve several tiers.

    It holds no truth and may let go of anything: who takes something out checks it against the store. Safe to use from
    several threads.
    """

    def get(self, kind: type[A], *, tenant_id: str, user_id: str) -> A | None:
        """The user's entry of that kind, if one is kept."""
        ...

    def put(self, arrays: Arrays, *, tenant_id: str, user_id: str) -> None:
        """Keeps an entry in the place of the user's former one of its kind."""
        ...

    def drop(self, kind: type[Arrays], *, tenant_id: str, user_id: str) -> None:
        """Lets go of the user's entry of that kind."""
        ...
