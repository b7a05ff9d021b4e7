import ssl

import pytest
from redis import exceptions as driver
from redis._parsers.base import BaseParser

from talktiers.adapters.redis.errors import raise_translated, translation
from talktiers.domain.errors import (
    BackendConflict,
    BackendCorruption,
    BackendError,
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
)

ADDRESS = "redis://cache.example:6379/0"
SECRET = "my sister moved to Porto"


def reply_of(text: str) -> Exception:
    """What redis-py makes of an error reply."""
    error: Exception = BaseParser.parse_error(text)  # type: ignore[no-untyped-call]
    return error


def translated(error: Exception) -> BackendError:
    with pytest.raises(BackendError) as raised:
        raise_translated(error, operation="push", address=ADDRESS)
    return raised.value


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("WRONGPASS invalid username-password pair or user is disabled.", BackendMisconfigured),
        ("NOAUTH Authentication required.", BackendMisconfigured),
        ("NOPERM this user has no permissions to run the 'evalsha' command", BackendMisconfigured),
        ("ERR The user executing the script can't run this command or subcommand script: 0", BackendMisconfigured),
        ("READONLY You can't write against a read only replica.", BackendMisconfigured),
        ("MOVED 3999 127.0.0.1:6381", BackendMisconfigured),
        ("ASK 3999 127.0.0.1:6381", BackendConflict),
        ("TRYAGAIN Multiple keys request during rehashing of slot", BackendConflict),
        ("NOSCRIPT No matching script. Please use EVAL.", BackendConflict),
        ("CLUSTERDOWN Hash slot not served", BackendUnavailable),
        ("MASTERDOWN Link with MASTER is down", BackendUnavailable),
        ("NOREPLICAS Not enough good replicas to write.", BackendUnavailable),
        ("LOADING Redis is loading the dataset in memory", BackendUnavailable),
        ("BUSY Redis is busy running a script.", BackendUnavailable),
        ("MISCONF Redis is configured to save RDB snapshots", BackendUnavailable),
        ("OOM command not allowed when used memory > 'maxmemory'.", BackendUnavailable),
        ("ERR max number of clients reached", BackendUnavailable),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", BackendCorruption),
        ("CROSSSLOT Keys in request don't hash to the same slot", BackendError),
        ("ERR syntax error", BackendError),
    ],
)
def test_each_reply_becomes_the_error_that_says_whether_to_try_again(reply: str, kind: type[BackendError]) -> None:
    ours = translated(reply_of(reply))
    assert type(ours) is kind
    assert (ours.backend, ours.operation) == ("redis", "push")
    assert ADDRESS in str(ours)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (driver.ConnectionError("Connection closed by server."), BackendUnavailable),
        (driver.TimeoutError("Timeout reading from socket"), BackendTimeout),
        (driver.AuthenticationError("invalid password"), BackendMisconfigured),
        (driver.AuthorizationError("no"), BackendMisconfigured),
        (driver.InvalidResponse("Protocol Error"), BackendMisconfigured),
        (driver.DataError("Invalid input"), BackendError),
        (driver.RedisError("something else"), BackendError),
        (TimeoutError(), BackendTimeout),
        (ConnectionResetError(), BackendUnavailable),
        (ssl.SSLCertVerificationError("certificate verify failed"), BackendMisconfigured),
        (ssl.SSLError("wrong version number"), BackendMisconfigured),
    ],
)
def test_what_comes_instead_of_a_reply_is_told_apart_too(error: Exception, kind: type[BackendError]) -> None:
    ours = translated(error)
    assert type(ours) is kind
    assert ours.__cause__ is error
    assert ADDRESS in str(ours)


@pytest.mark.parametrize("code", ["ERR", "OOM", "NOPERM", "WRONGTYPE", "SOMETHING"])
def test_a_reply_which_may_repeat_what_people_said_is_not_told_and_no_cause(code: str) -> None:
    ours = translated(reply_of(f"{code} with args beginning with: '{SECRET}'"))
    assert SECRET not in str(ours)
    assert ours.__cause__ is None
    assert ours.__suppress_context__


def in_its_wake(cause: ssl.SSLError) -> Exception:
    """As redis-py tells of a handshake that failed."""
    error = driver.ConnectionError("Error 1 connecting to cache.example:6379.")
    error.__context__ = cause
    return error


def test_a_certificate_that_does_not_match_is_told_from_a_server_without_tls() -> None:
    certificate = translated(in_its_wake(ssl.SSLCertVerificationError("hostname mismatch")))
    plain = translated(in_its_wake(ssl.SSLError("wrong version number")))
    assert type(certificate) is type(plain) is BackendMisconfigured
    assert "ca_file" in str(certificate)
    assert "does not speak TLS" in str(plain)


def test_a_reply_that_refuses_the_connection_is_for_the_user_to_mend() -> None:
    with pytest.raises(BackendMisconfigured, match="database"), translation(operation="check", address=ADDRESS):
        raise reply_of("ERR DB index is out of range")


def test_every_message_names_what_mends_the_fault() -> None:
    assert "url" in str(translated(driver.AuthenticationError("x")))
    assert "rediss://" in str(translated(driver.ConnectionError("x")))
    assert "timeout_s" in str(translated(driver.TimeoutError("x")))
    assert "maxmemory" in str(translated(reply_of("OOM command not allowed")))
