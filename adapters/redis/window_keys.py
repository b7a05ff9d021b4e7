"""The keys under which windows and a user's register stand.

Ids are hashed: they may hold any character, braces included, and keys show up in logs and monitors. What is in braces
decides the slot of a cluster, so that everything of a user lies in one.
"""

from __future__ import annotations

import hashlib
import re

from ...domain.errors import ConfigurationError
from ...domain.recent_window import WindowKey

_PREFIX = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_DIGEST_BYTES = 16
"""As many as of a UUID: two users never meet, and an entry names its user besides."""


def checked_prefix(prefix: str) -> str:
    """A prefix that holds no brace, which would take the place of our own, and no wildcard.

    Raises:
        ConfigurationError: it does.
    """
    if not _PREFIX.fullmatch(prefix):
        raise ConfigurationError("key_prefix must be 1 to 64 of the characters A-Z a-z 0-9 _ . : -")
    return prefix


class WindowKeys:
    """Keys that begin with a prefix.

    Args:
        prefix: as `checked_prefix` gives it.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = f"{prefix}:recent:"

    @property
    def pattern(self) -> str:
        """What SCAN matches them by."""
        return f"{self._prefix}*"

    def register(self, *, tenant_id: str, user_id: str) -> str:
        """Of a user."""
        return f"{self._prefix}{{{_digest(tenant_id, user_id)}}}"

    def window_and_register(self, key: WindowKey) -> tuple[str, str]:
        """Of a window and of its user."""
        register = self.register(tenant_id=key.tenant_id, user_id=key.user_id)
        return f"{register}:{_digest(key.bot_id, key.compartment)}", register


def _digest(*parts: str | None) -> str:
    """Of texts that are told apart wherever one ends and the next begins."""
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for part in parts:
        # A surrogate is no character, but an id compared exactly is hashed whatever it holds.
        packed = None if part is None else part.encode("utf-8", "surrogatepass")
        digest.update(b"-" if packed is None else b"%d:%b" % (len(packed), packed))
    return digest.hexdigest()
