"""What searches keep in memory of the users who ask; the class is the domain's, where other adapters share it."""

from ...domain.user_arrays import DEFAULT_MAX_BYTES, UserArrays

__all__ = ["DEFAULT_MAX_BYTES", "UserArrays"]
