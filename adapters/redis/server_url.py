"""What the setting ``url`` says."""

from __future__ import annotations

import re
import urllib.parse

import attrs

from ...domain.errors import ConfigurationError

DEFAULT_PORT = 6379
_DATABASE = re.compile(r"/?|/(?P<number>\d{1,4})")


@attrs.frozen(kw_only=True)
class ServerUrl:
    """One server, taken apart.

    Attributes:
        tls: whether the connection is encrypted, and the certificate checked.
        username: of an access control list; ``None``: the default user.
    """

    tls: bool
    host: str
    port: int
    database: int
    username: str | None = attrs.field(repr=False)
    password: str | None = attrs.field(repr=False)

    @classmethod
    def parse(cls, url: str) -> ServerUrl:
        """Of ``redis://[[user]:password@]host[:port][/database]``, with ``rediss://`` for TLS.

        Options after a question mark are refused: redis-py would let them switch the check of certificates off.

        Raises:
            ConfigurationError: it has another form. The message does not repeat it.
        """
        try:
            parts = urllib.parse.urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            # Not the cause itself: it quotes what it takes for a port, which may be a piece of the password.
            raise _malformed() from None
        database = _DATABASE.fullmatch(parts.path)
        if parts.scheme not in {"redis", "rediss"} or not host or database is None or parts.query or parts.fragment:
            raise _malformed()
        return cls(
            tls=parts.scheme == "rediss",
            host=urllib.parse.unquote(host),
            port=DEFAULT_PORT if port is None else port,
            database=int(database["number"] or 0),
            username=_unquoted(parts.username),
            password=_unquoted(parts.password),
        )

    @property
    def address(self) -> str:
        """As the url, without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'rediss' if self.tls else 'redis'}://{host}:{self.port}/{self.database}"


def _unquoted(text: str | None) -> str | None:
    return urllib.parse.unquote(text) if text else None


def _malformed() -> ConfigurationError:
    return ConfigurationError(
        "url must have the form redis://[[user]:password@]host[:port][/database], or rediss:// for TLS; write "
        "what is special in a password as %XX, e.g. %2F for a slash"
    )
