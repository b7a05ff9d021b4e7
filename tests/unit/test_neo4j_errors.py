import asyncio
import ssl
from collections.abc import Callable

import pytest
from neo4j import exceptions

from talktiers.adapters.neo4j.errors import DriverError, connection_died, is_transient, translated, translating
from talktiers.domain.errors import (
    BackendConflict,
    BackendCorruption,
    BackendError,
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
)

ADDRESS = "bolt://127.0.0.1:7687/memory"
SECRET = "my sister moved to Porto"


def server_error(code: str) -> exceptions.Neo4jError:
    return exceptions.Neo4jError._hydrate_neo4j(code=code, message=SECRET)


def caused(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("Neo.ClientError.Security.Unauthorized", BackendMisconfigured),
        ("Neo.ClientError.Security.AuthenticationRateLimit", BackendMisconfigured),
        ("Neo.ClientError.Security.CredentialsExpired", BackendMisconfigured),
        ("Neo.ClientError.Security.TokenExpired", BackendMisconfigured),
        ("Neo.ClientError.Security.Forbidden", BackendMisconfigured),
        ("Neo.ClientError.Database.DatabaseNotFound", BackendMisconfigured),
        ("Neo.ClientError.Schema.IndexWithNameAlreadyExists", BackendMisconfigured),
        ("Neo.ClientError.Schema.ConstraintValidationFailed", BackendConflict),
        ("Neo.ClientError.Statement.EntityNotFound", BackendConflict),
        ("Neo.TransientError.Transaction.DeadlockDetected", BackendConflict),
        ("Neo.TransientError.Transaction.Outdated", BackendConflict),
        ("Neo.ClientError.Transaction.LockClientStopped", BackendConflict),
        ("Neo.ClientError.Transaction.Terminated", BackendConflict),
        ("Neo.ClientError.Transaction.TransactionTimedOut", BackendTimeout),
        ("Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration", BackendTimeout),
        ("Neo.TransientError.Database.DatabaseUnavailable", BackendUnavailable),
        ("Neo.TransientError.General.DatabaseUnavailable", BackendUnavailable),
        ("Neo.TransientError.General.MemoryPoolOutOfMemoryError", BackendUnavailable),
        ("Neo.ClientError.Cluster.NotALeader", BackendUnavailable),
        ("Neo.ClientError.General.ForbiddenOnReadOnlyDatabase", BackendUnavailable),
        ("Neo.DatabaseError.Statement.ExecutionFailed", BackendUnavailable),
        ("Neo.ClientError.Statement.SyntaxError", BackendError),
        ("Neo.ClientError.Statement.TypeError", BackendError),
        ("Neo.Something.Quite.New", BackendError),
    ],
)
def test_each_code_of_the_server_becomes_an_error_that_says_what_to_mend(code: str, kind: type[BackendError]) -> None:
    ours = translated(server_error(code), operation="add", address=ADDRESS)
    assert type(ours) is kind
    assert (ours.backend, ours.operation) == ("neo4j", "add")
    assert ADDRESS in str(ours)
    assert code in str(ours)
    assert SECRET not in str(ours)


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (exceptions.ServiceUnavailable("refused"), BackendUnavailable, "runs and is reachable"),
        (exceptions.SessionExpired("gone"), BackendUnavailable, "runs and is reachable"),
        (exceptions.IncompleteCommit("lost"), BackendUnavailable, "runs and is reachable"),
        (exceptions.RoutingServiceUnavailable("no member"), BackendUnavailable, "runs and is reachable"),
        (ConnectionResetError(), BackendUnavailable, "runs and is reachable"),
        (caused(exceptions.ServiceUnavailable(), TimeoutError()), BackendTimeout, "in time"),
        (TimeoutError(), BackendTimeout, "in time"),
        (exceptions.ConnectionAcquisitionTimeoutError("full"), BackendTimeout, "pool_size"),
        (exceptions.UnsupportedServerProduct("old"), BackendMisconfigured, "5.7 or newer"),
        (exceptions.ConfigurationError("Bolt Protocol 5.1"), BackendMisconfigured, "5.7 or newer"),
        (caused(exceptions.ServiceUnavailable(), ssl.SSLCertVerificationError()), BackendMisconfigured, "ca_file"),
        (caused(exceptions.ServiceUnavailable(), ssl.SSLError()), BackendMisconfigured, "TLS"),
        (exceptions.ServiceUnavailable("(looks like HTTP)"), BackendMisconfigured, "7687"),
        (
            caused(exceptions.ServiceUnavailable(), ExceptionGroup("all", [ssl.SSLCertVerificationError()])),
            BackendMisconfigured,
            "ca_file",
        ),
        (exceptions.ResultConsumedError(None, "late"), BackendError, "does not suit"),
    ],
)
def test_what_happens_on_the_way_becomes_an_error_too(error: Exception, kind: type[BackendError], says: str) -> None:
    assert isinstance(error, DriverError)
    ours = translated(error, operation="check", address=ADDRESS)
    assert type(ours) is kind
    assert says in str(ours)
    assert ADDRESS in str(ours)
    assert ours.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [
        server_error("Neo.ClientError.Statement.ArgumentError"),
        server_error("Neo.ClientError.Schema.ConstraintValidationFailed"),
        server_error("Neo.DatabaseError.Statement.ExecutionFailed"),
        UnicodeEncodeError("utf-8", SECRET, 0, 1, "surrogates not allowed"),
        OverflowError(SECRET),
    ],
)
def test_no_error_repeats_what_people_said(error: Exception) -> None:
    with pytest.raises(BackendError) as raised, translating("add", address=ADDRESS):
        raise error
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_errors_that_are_not_the_drivers_pass() -> None:
    for error in (asyncio.CancelledError(), KeyError("x"), BackendCorruption("neo4j", "read", "damaged")):
        with pytest.raises(type(error)) as raised, translating("read", address=ADDRESS):
            raise error
        assert raised.value is error


@pytest.mark.parametrize(
    ("asked", "error", "expected"),
    [
        (connection_died, exceptions.ServiceUnavailable(), True),
        (connection_died, exceptions.SessionExpired(), True),
        (connection_died, exceptions.IncompleteCommit(), True),
        (connection_died, caused(exceptions.ServiceUnavailable(), TimeoutError()), False),
        (connection_died, server_error("Neo.TransientError.Transaction.DeadlockDetected"), False),
        (is_transient, server_error("Neo.TransientError.Transaction.DeadlockDetected"), True),
        (is_transient, server_error("Neo.ClientError.Statement.EntityNotFound"), True),
        (is_transient, server_error("Neo.ClientError.Cluster.NotALeader"), True),
        (is_transient, BackendConflict("neo4j", "add", "forgotten"), True),
        (is_transient, server_error("Neo.ClientError.Statement.SyntaxError"), False),
        (is_transient, server_error("Neo.ClientError.Security.Unauthorized"), False),
        (is_transient, exceptions.ServiceUnavailable(), False),
    ],
)
def test_what_is_tried_again(asked: Callable[[BaseException], bool], error: BaseException, *, expected: bool) -> None:
    assert asked(error) is expected
