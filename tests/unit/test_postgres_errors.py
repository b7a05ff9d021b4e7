import socket
import ssl

import asyncpg
import pytest

from talktiers.adapters.postgres.errors import connection_died, translated, translating
from talktiers.domain.errors import (
    BackendConflict,
    BackendCorruption,
    BackendError,
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
)

ADDRESS = "postgresql://db.example:5432/bot"
SECRET = "my sister moved to Porto"


def server_error(state: str) -> asyncpg.PostgresError:
    """As asyncpg makes it of a server's answer."""
    error: asyncpg.PostgresError = asyncpg.PostgresError.new({"C": state, "M": SECRET, "D": SECRET, "S": "ERROR"})
    return error


def driver_data_error() -> Exception:
    """As asyncpg refuses a parameter before it is sent."""
    error: Exception = type("DataError", (asyncpg.InterfaceError, ValueError), {})(SECRET)
    return error


@pytest.mark.parametrize(
    ("state", "kind", "retryable"),
    [
        ("28000", BackendMisconfigured, True),
        ("28P01", BackendMisconfigured, True),
        ("3D000", BackendMisconfigured, True),
        ("3F000", BackendMisconfigured, True),
        ("42501", BackendMisconfigured, True),
        ("42P01", BackendMisconfigured, True),
        ("42703", BackendMisconfigured, True),
        ("42883", BackendMisconfigured, True),
        ("25006", BackendUnavailable, True),
        ("40001", BackendConflict, True),
        ("40P01", BackendConflict, True),
        ("55P03", BackendConflict, True),
        ("53100", BackendUnavailable, True),
        ("53200", BackendUnavailable, True),
        ("53300", BackendUnavailable, True),
        ("53400", BackendUnavailable, True),
        ("57014", BackendTimeout, True),
        ("57P01", BackendUnavailable, True),
        ("57P02", BackendUnavailable, True),
        ("57P03", BackendUnavailable, True),
        ("58030", BackendUnavailable, True),
        ("08006", BackendUnavailable, True),
        ("XX001", BackendCorruption, False),
        ("XX002", BackendCorruption, False),
        ("22021", BackendError, False),
        ("22P02", BackendError, False),
        ("23505", BackendError, False),
        ("42601", BackendError, False),
        ("54000", BackendError, False),
        ("XX000", BackendError, False),
    ],
)
def test_each_state_becomes_the_error_that_says_whether_to_try_again(
    state: str, kind: type[BackendError], retryable: bool
) -> None:
    ours = translated(server_error(state), operation="append", address=ADDRESS)
    assert type(ours) is kind
    assert ours.retryable is retryable
    assert (ours.backend, ours.operation) == ("postgres", "append")
    assert ADDRESS in str(ours)
    assert state in str(ours)


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (TimeoutError(), BackendTimeout, "in time"),
        (ConnectionRefusedError(111, "refused"), BackendUnavailable, "reached"),
        (ConnectionResetError(104, "reset"), BackendUnavailable, "reached"),
        (socket.gaierror(-2, "unknown"), BackendUnavailable, "reached"),
        (ConnectionError('PostgreSQL server at "h:1" rejected SSL upgrade'), BackendMisconfigured, "sslmode"),
        (ssl.SSLError(1, "wrong version"), BackendMisconfigured, "TLS"),
        (ssl.SSLCertVerificationError("not trusted"), BackendMisconfigured, "ca_file"),
        (asyncpg.InterfaceError("connection is closed"), BackendUnavailable, "connection"),
        (asyncpg.InternalClientError("unexpected"), BackendUnavailable, "connection"),
        (asyncpg.ConnectionDoesNotExistError("closed"), BackendUnavailable, "connection"),
        (driver_data_error(), BackendError, "values"),
    ],
    ids=lambda item: type(item).__name__ if isinstance(item, Exception) else None,
)
def test_what_the_driver_raises_by_itself_is_translated_too(
    error: Exception, kind: type[BackendError], says: str
) -> None:
    with pytest.raises(BackendError) as raised, translating("recent", address=ADDRESS):
        raise error
    assert type(raised.value) is kind
    assert says in str(raised.value)


@pytest.mark.parametrize(
    "error", [driver_data_error(), *map(server_error, ("21000", "22021", "22P02", "23502", "23505", "P0001"))]
)
def test_no_error_repeats_what_people_said(error: Exception) -> None:
    ours = translated(error, operation="append", address=ADDRESS)
    assert SECRET not in str(ours)
    assert ours.__cause__ is None


def test_the_cause_stays_where_it_quotes_nobody() -> None:
    error = server_error("53300")
    ours = translated(error, operation="append", address=ADDRESS)
    assert ours.__cause__ is error
    assert SECRET not in str(ours)


@pytest.mark.parametrize(
    ("error", "died"),
    [
        (asyncpg.ConnectionDoesNotExistError("closed"), True),
        (server_error("57P01"), True),
        (server_error("57P02"), True),
        (asyncpg.InterfaceError("connection is closed"), True),
        (asyncpg.InternalClientError("cannot switch to state"), True),
        (ConnectionResetError(), True),
        (ConnectionRefusedError(), False),
        (server_error("57P03"), False),
        (server_error("23505"), False),
        (driver_data_error(), False),
        (TimeoutError(), False),
    ],
    ids=lambda item: type(item).__name__ if isinstance(item, Exception) else None,
)
def test_only_a_call_whose_connection_died_is_worth_another_try_at_once(error: Exception, died: bool) -> None:
    assert connection_died(error) is died
