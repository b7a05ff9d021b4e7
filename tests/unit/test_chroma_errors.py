import asyncio
import ssl

import httpx
import orjson
import pytest
from chromadb.errors import DuplicateIDError, InvalidArgumentError

from talktiers.adapters.chroma.errors import CollectionMissing, DriverError, translated, translating
from talktiers.domain.errors import (
    BackendConflict,
    BackendError,
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
)

ADDRESS = "https://chroma.example:8000"
SECRET = "my sister moved to Porto"


def refusal(status: int, body: bytes = b"") -> httpx.HTTPStatusError:
    """As the transport raises it for an answer of the server."""
    request = httpx.Request("POST", f"{ADDRESS}/api/v2/x", content=SECRET.encode())
    with pytest.raises(httpx.HTTPStatusError) as raised:
        httpx.Response(status, content=body, request=request).raise_for_status()
    return raised.value


def told_by_chroma(name: str) -> bytes:
    return orjson.dumps({"error": name, "message": SECRET})


def connecting(cause: Exception) -> httpx.ConnectError:
    """As httpx raises it: the reason lies two causes deep."""
    error, between = httpx.ConnectError("All connection attempts failed"), OSError("between")
    error.__cause__, between.__cause__ = between, cause
    return error


@pytest.mark.parametrize(
    ("error", "kind", "remedy"),
    [
        (refusal(401), BackendMisconfigured, "setting token"),
        (refusal(403, told_by_chroma("AuthError")), BackendMisconfigured, "setting token"),
        (refusal(404, told_by_chroma("NotFoundError")), CollectionMissing, "call again"),
        (refusal(404, b"<html>not here</html>"), BackendMisconfigured, "setting url"),
        (refusal(404, b"[]"), BackendMisconfigured, "setting url"),
        (refusal(410), BackendMisconfigured, "setting url"),
        (refusal(307), BackendMisconfigured, "url"),
        (refusal(400, told_by_chroma("InvalidArgumentError")), BackendError, "does not suit"),
        (refusal(422), BackendError, "does not suit"),
        (refusal(413), BackendError, "proxy"),
        (refusal(409, told_by_chroma("UniqueConstraintError")), BackendConflict, "call again"),
        (refusal(429), BackendUnavailable, "call again"),
        (refusal(500, told_by_chroma("InternalError")), BackendUnavailable, "log"),
        (refusal(503), BackendUnavailable, "call again"),
        (refusal(599), BackendUnavailable, "call again"),
        (connecting(ConnectionRefusedError()), BackendUnavailable, "start it"),
        (connecting(ssl.SSLCertVerificationError()), BackendMisconfigured, "ca_file"),
        (connecting(ssl.SSLError()), BackendMisconfigured, "http://"),
        (httpx.ConnectTimeout(""), BackendUnavailable, "start it"),
        (httpx.ReadTimeout(""), BackendTimeout, "timeout_s"),
        (httpx.PoolTimeout(""), BackendTimeout, "timeout_s"),
        (TimeoutError(), BackendTimeout, "timeout_s"),
        (httpx.RemoteProtocolError(""), BackendUnavailable, "call again"),
        (httpx.ReadError(""), BackendUnavailable, "call again"),
        (orjson.JSONDecodeError(SECRET, SECRET, 0), BackendMisconfigured, "setting url"),
        (InvalidArgumentError(SECRET), BackendError, "does not suit"),
        (DuplicateIDError(SECRET), BackendError, "does not suit"),
    ],
    ids=repr,
)
def test_each_error_says_what_mends_it_and_whether_to_try_again(
    error: Exception, kind: type[BackendError], remedy: str
) -> None:
    assert isinstance(error, DriverError)
    ours = translated(error, operation="search", address=ADDRESS)
    assert type(ours) is kind
    assert (ours.backend, ours.operation) == ("chroma", "search")
    assert ADDRESS in str(ours)
    assert remedy in str(ours)


@pytest.mark.parametrize(
    "error",
    [
        refusal(400, told_by_chroma("InvalidArgumentError")),
        refusal(500, told_by_chroma("InternalError")),
        InvalidArgumentError(SECRET),
        orjson.JSONDecodeError(SECRET, SECRET, 0),
    ],
    ids=repr,
)
def test_no_error_repeats_what_people_said(error: Exception) -> None:
    with pytest.raises(BackendError) as raised, translating("add", address=ADDRESS):
        raise error
    assert SECRET not in str(raised.value)
    assert SECRET not in str(raised.value.__cause__)


def test_being_cancelled_is_no_error_of_the_server() -> None:
    with pytest.raises(asyncio.CancelledError), translating("add", address=ADDRESS):
        raise asyncio.CancelledError
