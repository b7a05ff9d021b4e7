"""What the URL of a PostgreSQL server says, taken apart so that no message repeats a secret."""

from __future__ import annotations

import ssl
import urllib.parse
from collections.abc import Mapping
from typing import Literal, TypeAlias

import attrs

from ...domain.errors import ConfigurationError

_DEFAULT_PORT = 5432
_SCHEMES = ("postgresql", "postgres")
_FORM = "postgresql://user:password@host:port/database"

Tls: TypeAlias = "ssl.SSLContext | Literal['prefer'] | bool"
"""As asyncpg takes it. ``prefer``: encrypted where the server offers it, unverified, as with every client of PostgreSQL."""


@attrs.frozen(kw_only=True)
class Address:
    """Where a server is and how to sign in there.

    Attributes:
        host: a name, an address, or the folder of a Unix socket.
        user, password: ``None``: as usual with PostgreSQL, from ``PGUSER``, ``PGPASSWORD`` or ``~/.pgpass``.
    """

    host: str
    port: int
    database: str
    user: str | None
    password: str | None = attrs.field(repr=False)
    tls: Tls = attrs.field(repr=False)

    def __str__(self) -> str:
        """Without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        if self.host.startswith("/"):
            return f"postgresql:///{self.database}?host={self.host}"
        return f"postgresql://{host}:{self.port}/{self.database}"


def parsed_address(url: str, *, ca_file: str | None) -> Address:
    """The address that a URL names.

    ``sslmode`` in the URL: ``disable``; ``prefer``, the default; ``require`` and ``verify-full``: TLS with a trusted
    certificate for that host; ``verify-ca``: a trusted certificate of any host. A ``ca_file`` alone means ``verify-full``.

    Raises:
        ConfigurationError: malformed; the message repeats no part that could be a secret.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port or _DEFAULT_PORT
        query = dict(urllib.parse.parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise ConfigurationError(
            f"url is malformed: write {_FORM}, special characters in the password as %XX"
        ) from None
    database = urllib.parse.unquote(parts.path.removeprefix("/"))
    host = parts.hostname or query.get("host", "")
    if parts.scheme not in _SCHEMES or not host or not database or "," in parts.netloc.rpartition("@")[2]:
        raise ConfigurationError(f"url must name one server and a database: {_FORM}")
    if unknown := sorted(query.keys() - {"host", "sslmode"}):
        raise ConfigurationError(f"url has parameters that are not known here: {', '.join(unknown)}; leave them out")
    return Address(
        host=urllib.parse.unquote(host),
        port=port,
        database=database,
        user=None if parts.username is None else urllib.parse.unquote(parts.username),
        password=None if parts.password is None else urllib.parse.unquote(parts.password),
        tls=_tls(query, ca_file=ca_file),
    )


def _tls(query: Mapping[str, str], *, ca_file: str | None) -> Tls:
    mode = query.get("sslmode", "prefer" if ca_file is None else "verify-full")
    if mode in ("disable", "prefer", "allow"):
        if ca_file is not None:
            raise ConfigurationError(f"ca_file is given, and the url says sslmode={mode}: leave one of them out")
        return False if mode == "disable" else "prefer"
    if mode not in ("require", "verify-ca", "verify-full"):
        raise ConfigurationError("sslmode in the url must be disable, prefer, require, verify-ca or verify-full")
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"ca_file {ca_file} holds no certificates that can be read") from error
    context.check_hostname = mode != "verify-ca"
    return context
