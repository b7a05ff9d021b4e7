"""Encrypted connections that share one context.

redis-py makes a context for each connection, and a context reads the authorities that the system trusts: tens of
milliseconds, in which the event loop would stand still.
"""

from __future__ import annotations

import ssl
from typing import Any

from redis.asyncio.connection import SSLConnection

from ...domain.errors import ConfigurationError


def verifying_context(ca_file: str | None) -> ssl.SSLContext:
    """A context that takes a certificate only for the name that was asked for, and from an authority that it trusts.

    Args:
        ca_file: the authorities, PEM; ``None``: the system's.

    Raises:
        ConfigurationError: the file cannot be read, or holds no certificate.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # which `ssl.SSLError` is too
        raise ConfigurationError(f"ca_file {ca_file} cannot be used; name a file of certificates (PEM)") from error


class TlsConnection(SSLConnection):
    """A connection over TLS.

    Args:
        context: shared with others.
        arguments: those of redis-py's.
    """

    def __init__(self, *, context: ssl.SSLContext, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.ssl_context.context = context
