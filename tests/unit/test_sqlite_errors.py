import sqlite3
from pathlib import Path

import pytest

from talktiers.adapters.sqlite.errors import DriverError, opening_error, translated
from talktiers.domain.errors import (
    BackendConflict,
    BackendCorruption,
    BackendError,
    BackendTimeout,
    BackendUnavailable,
    ConfigurationError,
    TalktiersError,
)

PATH = Path("/data/bot.db")
SECRET = "my sister moved to Porto"


def driver_error(code: int, name: str = "SQLITE_X") -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(SECRET)
    error.sqlite_errorcode = code
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("code", "kind", "retryable"),
    [
        (sqlite3.SQLITE_BUSY, BackendConflict, True),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, BackendConflict, True),
        (sqlite3.SQLITE_BUSY_RECOVERY, BackendConflict, True),
        (sqlite3.SQLITE_LOCKED, BackendConflict, True),
        (sqlite3.SQLITE_SCHEMA, BackendConflict, True),
        (sqlite3.SQLITE_PROTOCOL, BackendConflict, True),
        (sqlite3.SQLITE_INTERRUPT, BackendTimeout, True),
        (sqlite3.SQLITE_FULL, BackendUnavailable, True),
        (sqlite3.SQLITE_IOERR, BackendUnavailable, True),
        (sqlite3.SQLITE_IOERR_FSYNC, BackendUnavailable, True),
        (sqlite3.SQLITE_NOMEM, BackendUnavailable, True),
        (sqlite3.SQLITE_CANTOPEN, BackendUnavailable, True),
        (sqlite3.SQLITE_READONLY, BackendUnavailable, True),
        (sqlite3.SQLITE_READONLY_DBMOVED, BackendUnavailable, True),
        (sqlite3.SQLITE_PERM, BackendUnavailable, True),
        (sqlite3.SQLITE_AUTH, BackendUnavailable, True),
        (sqlite3.SQLITE_CORRUPT, BackendCorruption, False),
        (sqlite3.SQLITE_CORRUPT_VTAB, BackendCorruption, False),
        (sqlite3.SQLITE_NOTADB, BackendCorruption, False),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, BackendError, False),
        (sqlite3.SQLITE_TOOBIG, BackendError, False),
        (sqlite3.SQLITE_ERROR, BackendError, False),
        (sqlite3.SQLITE_MISUSE, BackendError, False),
    ],
)
def test_each_code_becomes_the_error_that_says_whether_to_try_again(
    code: int, kind: type[BackendError], retryable: bool
) -> None:
    error = driver_error(code, "SQLITE_NAME")
    ours = translated(error, operation="append", path=PATH)
    assert type(ours) is kind
    assert ours.retryable is retryable
    assert (ours.backend, ours.operation) == ("sqlite", "append")
    assert ours.__cause__ is error
    assert str(PATH) in str(ours)
    assert "SQLITE_NAME" in str(ours)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_NOTADB, ConfigurationError),
        (sqlite3.SQLITE_READONLY_DIRECTORY, ConfigurationError),
        (sqlite3.SQLITE_CANTOPEN, ConfigurationError),
        (sqlite3.SQLITE_PERM, ConfigurationError),
        (sqlite3.SQLITE_FULL, BackendUnavailable),
        (sqlite3.SQLITE_BUSY, BackendConflict),
        (sqlite3.SQLITE_CORRUPT, BackendCorruption),
    ],
)
def test_what_the_user_has_to_mend_before_opening_is_a_configuration_error(
    code: int, kind: type[TalktiersError]
) -> None:
    ours = opening_error(driver_error(code), path=PATH)
    assert type(ours) is kind
    assert str(PATH) in str(ours)
    assert SECRET not in str(ours)


def real_errors() -> list[Exception]:
    """What sqlite3 raises while it holds a text that must not get out."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a TEXT UNIQUE, n INTEGER CHECK (n > 0)) STRICT")
    connection.execute("INSERT INTO t VALUES (?, 1)", (SECRET,))
    errors: list[Exception] = []
    for statement, parameters in (
        ("INSERT INTO t VALUES (?, 1)", (SECRET,)),
        ("INSERT INTO t VALUES ('x', ?)", (SECRET,)),
        ("INSERT INTO t VALUES (?, -1)", (SECRET + "!",)),
        ("INSERT INTO t VALUES (?, 1)", (SECRET + "\ud800",)),
        ("INSERT INTO t VALUES ('x', ?)", (2**64,)),
        ("INSERT INTO t VALUES (?, ?)", (SECRET,)),
        ("INSERT INTO t VALUES (?, 1)", ([SECRET],)),
        ("SELECT json_extract(?, '$')", (SECRET,)),
        ("SELECT CAST(? AS TEXT)", (SECRET.encode() + b"\xff",)),
        ("SELECT nothing FROM nowhere WHERE a = ?", (SECRET,)),
    ):
        with pytest.raises(DriverError) as raised:
            connection.execute(statement, parameters).fetchall()
        errors.append(raised.value)
    connection.close()
    return errors


def test_no_error_repeats_what_people_said() -> None:
    for error in real_errors():
        ours = translated(error, operation="append", path=PATH)
        assert SECRET not in str(ours)
        assert SECRET not in str(ours.__cause__)
        assert SECRET not in str(getattr(ours.__cause__, "object", ""))


def test_a_damaged_text_is_corruption() -> None:
    connection = sqlite3.connect(":memory:")
    with pytest.raises(sqlite3.OperationalError) as raised:
        connection.execute("SELECT CAST(x'ff' AS TEXT)").fetchall()
    connection.close()
    assert type(translated(raised.value, operation="fetch", path=PATH)) is BackendCorruption
