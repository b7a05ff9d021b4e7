"""The one place where redis-py's errors become ours.

A message names the server's address and what mends the fault, never what the server wrote: an error reply may quote the
command that it answers, and with it what people said. For the same reason such a reply is not kept as a cause.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from typing import NoReturn

from redis import exceptions as driver

from ...domain.errors import (
    BackendConflict,
    BackendCorruption,
    BackendError,
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
)

BACKEND = "redis"

_IN_USE = "every connection to {address} is in use; raise the setting pool_size, or call less at once"
_CERTIFICATE = (
    "the certificate of {address} does not match or is not trusted; name its authority with the setting ca_file, and "
    "the host as the certificate names it"
)
_NO_TLS = "{address} does not speak TLS there; name its TLS port, or write redis:// for rediss://"

_CONNECTING: tuple[tuple[type[driver.RedisError], type[BackendError], str], ...] = (
    (
        driver.AuthenticationError,
        BackendMisconfigured,
        "{address} refuses the sign-in; set user and password in the setting url",
    ),
    (
        driver.AuthorizationError,
        BackendMisconfigured,
        "{address} refuses the sign-in; set user and password in the setting url",
    ),
    (driver.BusyLoadingError, BackendUnavailable, "{address} is still reading its data; call again"),
    (
        driver.ConnectionError,
        BackendUnavailable,
        "{address} cannot be reached; start the server or check the setting url (a server with TLS needs rediss://)",
    ),
    (
        driver.TimeoutError,
        BackendTimeout,
        "{address} did not answer in time; check its load, with rediss:// that its port is for TLS, or raise timeout_s",
    ),
    (
        driver.InvalidResponse,
        BackendMisconfigured,
        "{address} does not answer as Redis does; check the setting url (a server with TLS needs rediss://)",
    ),
    (driver.DataError, BackendError, "a value cannot be sent to {address}"),
)
"""What may come instead of a reply, the special before the general."""

_REPLIES: dict[str, tuple[type[BackendError], str]] = {
    "NOPERM": (
        BackendMisconfigured,
        "the user of the setting url may not do this at {address}; grant it `+@all -@admin` and the keys `~<key_prefix>:*`",
    ),
    "NOAUTH": (BackendMisconfigured, "{address} asks for a password; set it in the setting url"),
    "WRONGPASS": (BackendMisconfigured, "{address} refuses the sign-in; set user and password in the setting url"),
    "READONLY": (BackendMisconfigured, "{address} is a read-only replica; name the primary in the setting url"),
    "MOVED": (
        BackendMisconfigured,
        "{address} is one node of a cluster and does not hold the key; name a proxy or a server of its own",
    ),
    "ASK": (BackendConflict, "{address} is handing the key to another node; call again"),
    "TRYAGAIN": (BackendConflict, "{address} is handing the key to another node; call again"),
    "CROSSSLOT": (BackendError, "keys of several slots were named at once at {address}"),
    "CLUSTERDOWN": (BackendUnavailable, "the cluster of {address} is down; bring its nodes back"),
    "MASTERDOWN": (BackendUnavailable, "{address} has lost its primary; bring it back"),
    "NOREPLICAS": (BackendUnavailable, "{address} has too few replicas to write; bring them back"),
    "LOADING": (BackendUnavailable, "{address} is still reading its data; call again"),
    "BUSY": (BackendUnavailable, "a script of somebody keeps {address} busy; end it with SCRIPT KILL"),
    "MISCONF": (
        BackendUnavailable,
        "{address} cannot save its data and takes no writes; free its disk, or switch its snapshots off",
    ),
    "OOM": (
        BackendUnavailable,
        "{address} is out of memory; raise its maxmemory, or set its maxmemory-policy to volatile-ttl",
    ),
    "NOSCRIPT": (BackendConflict, "{address} lost its scripts meanwhile; call again"),
    "WRONGTYPE": (
        BackendCorruption,
        "a key of ours at {address} holds something else; delete the keys that begin with key_prefix",
    ),
}
"""Error replies by the code that they begin with."""

_NO_RIGHT_IN_A_SCRIPT = "The user executing the script can't "
"""So Redis before 7.2 says NOPERM where a script meets it."""

_SIGN_IN: tuple[type[BackendError], str] = (
    BackendMisconfigured,
    "{address} refuses the connection; check user, password and database of the setting url",
)
_OTHERWISE: tuple[type[BackendError], str] = (BackendError, "{address} refused the command ({name})")

_CODES: dict[type[driver.ResponseError], str] = {
    driver.NoPermissionError: "NOPERM",
    driver.ReadOnlyError: "READONLY",
    driver.MovedError: "MOVED",
    driver.AskError: "ASK",
    driver.TryAgainError: "TRYAGAIN",
    driver.ClusterCrossSlotError: "CROSSSLOT",
    driver.ClusterDownError: "CLUSTERDOWN",
    driver.MasterDownError: "MASTERDOWN",
    driver.OutOfMemoryError: "OOM",
    driver.NoScriptError: "NOSCRIPT",
}
"""Of some replies redis-py makes classes and cuts their code off."""

DriverError = (driver.RedisError, OSError)
"""What a round trip may raise; `OSError` has the built-in `TimeoutError` among it."""


@contextlib.contextmanager
def translation(*, operation: str, address: str) -> Iterator[None]:
    """Turns what the driver raises inside into ours; there replies to our commands are returned and not raised."""
    try:
        yield
    except DriverError as error:
        raise_translated(error, operation=operation, address=address, signing_in=True)


def raise_translated(error: Exception, *, operation: str, address: str, signing_in: bool = False) -> NoReturn:
    """Raises our error for one of `DriverError`, with its cause unless that is a reply.

    Args:
        error: of the driver.
        operation: what was attempted.
        address: of the server, without secrets.
        signing_in: a reply that is an error answers the driver, which opened a connection, and none of our commands.
    """
    kind, reason = _found(error, otherwise=_SIGN_IN if signing_in else _OTHERWISE)
    ours = kind(BACKEND, operation, reason.format(address=address, name=type(error).__name__))
    raise ours from (None if isinstance(error, driver.ResponseError) else error)


def pool_exhausted(error: Exception) -> bool:
    """Whether no connection became free in time: nothing was sent, and another try at once would not help."""
    return type(error) is driver.ConnectionError and isinstance(error.__cause__, TimeoutError)


def wrong_type(reply: object) -> bool:
    """Whether a reply says that the key holds another type than the command is for."""
    return isinstance(reply, driver.ResponseError) and _code(reply) == "WRONGTYPE"


def _found(error: Exception, *, otherwise: tuple[type[BackendError], str]) -> tuple[type[BackendError], str]:
    if isinstance(error, driver.ResponseError):
        return _REPLIES.get(_code(error), otherwise)
    if (failure := _tls_failure(error)) is not None:
        return BackendMisconfigured, _CERTIFICATE if isinstance(failure, ssl.SSLCertVerificationError) else _NO_TLS
    if pool_exhausted(error):
        return BackendUnavailable, _IN_USE
    if isinstance(error, TimeoutError):
        error = driver.TimeoutError()
    elif isinstance(error, OSError):
        error = driver.ConnectionError()
    return next(
        ((kind, reason) for theirs, kind, reason in _CONNECTING if isinstance(error, theirs)),
        _OTHERWISE,
    )


def _code(error: driver.ResponseError) -> str:
    """The first word of a reply, where it is a code."""
    if (code := _CODES.get(type(error))) is not None:
        return code
    text = str(error)
    return "NOPERM" if text.startswith(_NO_RIGHT_IN_A_SCRIPT) else text.partition(" ")[0]


def _tls_failure(error: BaseException | None) -> ssl.SSLError | None:
    """What failed in the handshake; redis-py tells it by its own error, in whose wake it stands."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None
