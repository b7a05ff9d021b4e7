"""What the URL of a Neo4j server says, taken apart so that no message repeats a secret."""

from __future__ import annotations

import ssl
import urllib.parse

import attrs
from neo4j import TrustCustomCAs, TrustSystemCAs

from ...domain.errors import ConfigurationError

_DEFAULT_PORT = 7687
_SCHEMES = ("bolt", "neo4j")
_ENCRYPTED, _UNVERIFIED = "+s", "+ssc"
_FORM = "bolt://host:port, or neo4j:// for a cluster, bolt+s:// or neo4j+s:// with TLS"


@attrs.frozen(kw_only=True)
class Address:
    """Where a server is.

    Attributes:
        url: as the driver takes it: encryption is an option there.
        routed: whether it names a cluster, whose members the driver asks for.
        trusted: whose certificates are trusted; ``None``: no encryption.
    """

    url: str
    shown: str
    routed: bool
    trusted: TrustSystemCAs | TrustCustomCAs | None

    def __str__(self) -> str:
        """Without anything that could be a secret."""
        return self.shown


def parsed_address(url: str, *, database: str | None, ca_file: str | None) -> Address:
    """The address that a URL names.

    Raises:
        ConfigurationError: malformed; the message repeats no part that could be a secret.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        port = _DEFAULT_PORT if parts.port is None else parts.port
    except ValueError:
        raise ConfigurationError(f"url is malformed: write {_FORM}") from None
    scheme, plus, suffix = parts.scheme.partition("+")
    if scheme not in _SCHEMES or not parts.hostname or parts.path.strip("/") or parts.fragment:
        raise ConfigurationError(f"url must name one server: {_FORM}; the database is a setting of its own")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError("url holds a user or a password: they are the settings user and password")
    if plus + suffix == _UNVERIFIED:
        raise ConfigurationError("url asks for TLS that trusts anybody: write +s, and name its authority in ca_file")
    if plus + suffix not in ("", _ENCRYPTED):
        raise ConfigurationError(f"url must name one server: {_FORM}")
    routed = scheme == "neo4j"
    if parts.query and not routed:
        raise ConfigurationError("url has parameters, which only neo4j:// takes; leave them out")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Address(
        url=f"{scheme}://{host}:{port}" + (f"?{parts.query}" if parts.query else ""),
        shown=f"{parts.scheme}://{host}:{port}" + (f"/{database}" if database else ""),
        routed=routed,
        trusted=_trusted(encrypted=bool(suffix), ca_file=ca_file),
    )


def _trusted(*, encrypted: bool, ca_file: str | None) -> TrustSystemCAs | TrustCustomCAs | None:
    if not encrypted:
        if ca_file is not None:
            raise ConfigurationError("ca_file is given, and the url asks for no TLS: write bolt+s:// or neo4j+s://")
        return None
    if ca_file is None:
        return TrustSystemCAs()
    try:
        ssl.create_default_context(cafile=ca_file)  # the driver would read it at the first connection only
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"ca_file {ca_file} holds no certificates that can be read") from error
    return TrustCustomCAs(ca_file)
