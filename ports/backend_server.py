"""A server that one or several tiers live on."""

from __future__ import annotations

from typing import Protocol

import attrs


@attrs.frozen(kw_only=True)
class ServerState:
    """What a server says of itself.

    Attributes:
        version: the server's own, e.g. ``15.18``.
        schema: version of our schema there; ``None`` where the tier has none.
        fingerprint: of the model whose vectors are held there; ``None`` where there are none.
    """

    version: str
    schema: int | None = None
    fingerprint: str | None = None


class BackendServer(Protocol):
    """A connection that can be checked by itself. Nothing is connected before the first use.

    Attributes:
        backend: its technology, e.g. ``redis``.
        address: without user, password or token, e.g. ``redis://127.0.0.1:6379/0``.
    """

    backend: str
    address: str

    async def check(self) -> ServerState:
        """Connects, and checks sign-in, version and what is stored there; brings an older schema to this version.

        Every other call does the same before its first round trip, so that a server that was down at the start is
        used as soon as it is back. Bounded in time.

        Raises:
            BackendUnavailable: it cannot be reached.
            BackendTimeout: it did not answer in time.
            BackendMisconfigured: it answers and cannot be used as it is set up; the message names address and remedy.
        """
        ...
