"""Whether a server is one that can be used, from what it says of itself."""

from __future__ import annotations

import re

from ...domain.errors import BackendMisconfigured
from .errors import BACKEND, OLDEST_VERSION

_AGENT = re.compile(r"(?P<product>[^/]+)/(?P<version>(?P<major>\d+)\.(?P<minor>\d+)\S*)")


def checked_version(agent: str, *, operation: str, address: str) -> str:
    """The version that a server names in its agent string, e.g. ``5.26.16`` of ``Neo4j/5.26.16``.

    Raises:
        BackendMisconfigured: it is too old, or names none.
    """
    wanted = ".".join(map(str, OLDEST_VERSION))
    found = _AGENT.fullmatch(agent)
    if found is None:
        raise BackendMisconfigured(
            BACKEND, operation, f"{address} does not say which version it is; name a Neo4j server of {wanted} or newer"
        )
    if (int(found["major"]), int(found["minor"])) < OLDEST_VERSION:
        raise BackendMisconfigured(
            BACKEND, operation, f"{address} is {found['product']} {found['version']}; upgrade it to {wanted} or newer"
        )
    return found["version"]
