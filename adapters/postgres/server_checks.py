"""What a server must be like to hold an archive. Pure functions over what it says of itself."""

from __future__ import annotations

import attrs

from ...domain.errors import BackendMisconfigured
from .errors import BACKEND

MIN_VERSION = 14
"""The oldest major version that PostgreSQL's developers still mend."""


@attrs.frozen(kw_only=True)
class ServerFacts:
    """What a server says of itself, on a connection of ours.

    Attributes:
        version: e.g. ``15.18 (Debian 15.18-0+deb12u1)``.
        version_number: e.g. 150018.
        synchronous_commit, read_only, encoding: its settings, as ``SHOW`` tells them.
    """

    version: str
    version_number: int
    synchronous_commit: str
    read_only: str
    encoding: str


def check_server(facts: ServerFacts, *, address: str, allow_unsafe_commit: bool) -> None:
    """Refuses a server that cannot keep what is promised.

    Args:
        allow_unsafe_commit: whether what was acknowledged may be lost in a power cut.

    Raises:
        BackendMisconfigured: too old, read-only, another encoding, or it acknowledges before it has written.
    """
    if facts.version_number < MIN_VERSION * 10_000:
        raise _misconfigured(f"{address} runs PostgreSQL {facts.version}; at least {MIN_VERSION} is needed: upgrade it")
    if facts.encoding != "UTF8":
        raise _misconfigured(f"{address} stores text as {facts.encoding}; create the database with ENCODING 'UTF8'")
    if facts.read_only != "off":
        raise _misconfigured(f"{address} is read-only; name the primary server, not a standby")
    if facts.synchronous_commit == "off" and not allow_unsafe_commit:
        raise _misconfigured(
            f"{address} has synchronous_commit=off for this user, so that a crash loses what was acknowledged;"
            " turn it on, or allow it by the setting allow_unsafe_commit"
        )


def _misconfigured(reason: str) -> BackendMisconfigured:
    return BackendMisconfigured(BACKEND, "check", reason)
