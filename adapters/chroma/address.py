"""The address of a Chroma server, checked before anything is sent there."""

from __future__ import annotations

import ssl
import urllib.parse

import attrs

from ...domain.errors import ConfigurationError

_DEFAULT_PORTS = {"http": 80, "https": 443}


@attrs.frozen(kw_only=True)
class Address:
    """Where a server listens; ``path`` is that of a proxy before it, without a slash at the end, or empty."""

    scheme: str
    host: str
    port: int
    path: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def parsed_address(url: str) -> Address:
    """The address that a URL names; without a port that of its scheme.

    Raises:
        ConfigurationError: not of the form ``http://host:port`` or ``https://host:port/path``. The URL is not repeated:
            it may hold a password.
    """
    form = "url must be of the form http://host:port or https://host:port"
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError(form) from None
    if "@" in parts.netloc:
        raise ConfigurationError(f"{form}, without user and password: what signs in is the setting token")
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationError(form)
    return Address(
        scheme=parts.scheme,
        host=parts.hostname,
        port=_DEFAULT_PORTS[parts.scheme] if port is None else port,
        path=parts.path.rstrip("/"),
    )


def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Verifies certificate and host name, by this machine's authorities or by those of a file (PEM).

    Raises:
        ConfigurationError: the file cannot be read or holds no certificates.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # an ssl.SSLError is one too
        raise ConfigurationError(f"ca_file {ca_file} cannot be read as certificates in PEM form") from error
