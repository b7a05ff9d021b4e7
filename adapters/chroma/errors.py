"""The one place where errors of chromadb and of its HTTP client become ours.

A message names the server, what mends the fault and the status or the driver's name of the error; never the server's
own message, which may quote a value, that is, a user's text. An error whose message may do that is not kept as a
cause either.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from typing import TypeAlias

import httpx
import orjson
from chromadb.errors import ChromaError

from ...domain.errors import (
    BackendConflict,
    BackendError,
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
)

BACKEND = "chroma"


class CollectionMissing(BackendUnavailable):
    """The collection was deleted since its handle was made; a new handle mends it."""


_Kind: TypeAlias = "tuple[type[BackendError], str]"

_MISSING = "NotFoundError"
"""What Chroma calls a missing tenant, database or collection."""

_TOKEN: _Kind = (BackendMisconfigured, "{address} refused the token; check the setting token")
_NO_CHROMA: _Kind = (
    BackendMisconfigured,
    "what answers at {address} is no Chroma server of version 1 or newer; check the setting url",
)
_GATEWAY: _Kind = (BackendUnavailable, "{address} is starting up or does not serve at present; call again")

_BY_STATUS: dict[int, _Kind] = {
    401: _TOKEN,
    403: _TOKEN,
    404: _NO_CHROMA,
    405: _NO_CHROMA,
    410: _NO_CHROMA,
    408: (BackendTimeout, "{address} took too long; call again"),
    409: (BackendConflict, "another writer on {address} was in the way; call again"),
    413: (BackendError, "{address} takes no request of that size; raise the limit of the proxy before it"),
    429: (BackendUnavailable, "{address} takes no further request at present; call again later"),
    500: (BackendUnavailable, "{address} failed inside; its log says why, e.g. a full disk"),
    502: _GATEWAY,
    503: _GATEWAY,
    504: _GATEWAY,
}
_DELETED: _Kind = (CollectionMissing, "something on {address} was deleted meanwhile; call again")
_REDIRECTED: _Kind = (BackendMisconfigured, "{address} sends elsewhere; name the address that it leads to in url")
_UNSUITABLE: _Kind = (BackendError, "the request or one of its values does not suit {address}")

_CERTIFICATE: _Kind = (
    BackendMisconfigured,
    "the certificate of {address} is not one to be trusted for that host; name its authority in the setting ca_file",
)
_NO_TLS: _Kind = (BackendMisconfigured, "{address} does not speak TLS; write http:// in url, or turn TLS on there")

DriverError = (httpx.HTTPError, httpx.InvalidURL, ChromaError, orjson.JSONDecodeError, TimeoutError)
"""What a request to Chroma may raise."""

STALE = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError, httpx.CloseError)
"""A connection that was open and is not any more, e.g. because the server was restarted."""


@contextlib.contextmanager
def translating(operation: str, *, address: str) -> Iterator[None]:
    """Raises our error for what a request inside raises.

    Args:
        operation: names the call in errors.
        address: of the server, without secrets.

    Raises:
        BackendError: the driver's error, in our terms.
    """
    try:
        yield
    except DriverError as error:
        ours = translated(error, operation=operation, address=address)
        raise ours from ours.__cause__


def translated(error: Exception, *, operation: str, address: str) -> BackendError:
    """Our error for one of `DriverError`; with its cause, unless that may quote a text."""
    if isinstance(error, httpx.HTTPStatusError):
        status = error.response.status_code
        missing = status == httpx.codes.NOT_FOUND and _name_in(error.response) == _MISSING
        kind, reason = _DELETED if missing else _by_status(status)
        told = f"HTTP status {status}"
    else:
        kind, reason = _by_class(error)
        told = type(error).__name__
    ours = kind(BACKEND, operation, f"{reason.format(address=address)} ({told})")
    if not isinstance(error, (ChromaError, orjson.JSONDecodeError)):  # both keep what they refused
        ours.__cause__ = error
    return ours


def _by_status(status: int) -> _Kind:
    known = _BY_STATUS.get(status)
    if known is not None:
        return known
    if httpx.codes.is_redirect(status):
        return _REDIRECTED
    return _GATEWAY if httpx.codes.is_server_error(status) else _UNSUITABLE


def _by_class(error: Exception) -> _Kind:
    if isinstance(error, httpx.ConnectError):
        causes = list(_causes(error))
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            return _CERTIFICATE
        if any(isinstance(cause, ssl.SSLError) for cause in causes):
            return _NO_TLS
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
        return BackendUnavailable, "{address} cannot be reached; start it, or mend the setting url"
    if isinstance(error, (httpx.TimeoutException, TimeoutError)):
        return BackendTimeout, "{address} did not answer in time; call again, or raise the setting timeout_s"
    if isinstance(error, httpx.TransportError):
        return BackendUnavailable, "the connection to {address} broke; call again once it is up"
    if isinstance(error, orjson.JSONDecodeError):
        return _NO_CHROMA
    return _UNSUITABLE


def _name_in(response: httpx.Response) -> str | None:
    """Chroma's name of the error; ``None`` where the answer is not Chroma's."""
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    name = body.get("error") if isinstance(body, dict) else None
    return name if isinstance(name, str) else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__
