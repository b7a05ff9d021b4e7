"""What is decided about a PostgreSQL server without one."""

import ssl
from pathlib import Path

import attrs
import pytest

from talktiers.adapters.postgres.address import parsed_address
from talktiers.adapters.postgres.database import PostgresDatabase
from talktiers.adapters.postgres.server_checks import ServerFacts, check_server
from talktiers.domain.errors import BackendMisconfigured, ConfigurationError

PASSWORD = "p@ss/word"
URL = "postgresql://ana:p%40ss%2Fword@db.example:6543/bot"
ADDRESS = "postgresql://db.example:6543/bot"

GOOD = ServerFacts(
    version="15.18 (Debian 15.18-0+deb12u1)",
    version_number=150_018,
    synchronous_commit="on",
    read_only="off",
    encoding="UTF8",
)


def test_a_url_is_taken_apart_and_its_secrets_are_told_nowhere() -> None:
    address = parsed_address(URL, ca_file=None)
    assert (address.host, address.port, address.database) == ("db.example", 6543, "bot")
    assert (address.user, address.password) == ("ana", PASSWORD)
    database = PostgresDatabase(url=URL)
    assert database.address == str(address) == ADDRESS
    for told in (str(address), repr(address), repr(database)):
        assert PASSWORD not in told
        assert "%40" not in told


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("postgres://db.example/bot", "postgresql://db.example:5432/bot"),
        ("postgresql://ana@[::1]:1/bot", "postgresql://[::1]:1/bot"),
        ("postgresql:///bot?host=/run/postgresql", "postgresql:///bot?host=/run/postgresql"),
    ],
)
def test_an_address_can_be_written_in_the_usual_ways(url: str, address: str) -> None:
    assert PostgresDatabase(url=url).address == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "db.example",
        "mysql://ana:hunter2@db.example/bot",
        "postgresql://ana:hunter2@db.example",
        "postgresql://ana:hunter2@db.example/",
        "postgresql://ana:hunter2@/bot",
        "postgresql://ana:hunter2@db.example:port/bot",
        "postgresql://ana:hunter2@one.example,two.example/bot",
        "postgresql://ana:hunter2@db.example/bot?sslmode=never",
        "postgresql://ana:hunter2@db.example/bot?options=hunter2",
        "postgresql://ana:hunter2@db.example/bot?hunter",
    ],
)
def test_a_malformed_url_is_refused_without_repeating_a_secret(url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        PostgresDatabase(url=url)
    assert "hunter2" not in str(raised.value)
    assert "url" in str(raised.value)


@pytest.mark.parametrize(
    "arguments",
    [{"pool_size": 0}, {"timeout_s": 0}, {"connect_timeout_s": 0}, {"max_waiting": -1}]
    + [{"schema": name} for name in ("", "Bot", "a-b", 'a"; DROP TABLE x; --', "a" * 64)],
)
def test_a_malformed_argument_is_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        PostgresDatabase(url=URL, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["require", "verify-full", "verify-ca"])
def test_tls_that_is_asked_for_is_verified(mode: str) -> None:
    context = parsed_address(f"{URL}?sslmode={mode}", ca_file=None).tls
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname is (mode != "verify-ca")


def test_a_file_of_authorities_asks_for_tls_and_must_hold_some(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()
    for path in (str(empty), str(tmp_path / "missing.pem")):
        with pytest.raises(ConfigurationError, match="ca_file"):
            parsed_address(URL, ca_file=path)
    with pytest.raises(ConfigurationError, match="sslmode=disable"):
        parsed_address(f"{URL}?sslmode=disable", ca_file=str(empty))


@pytest.mark.parametrize("version_number", [140_000, 150_018, 180_001])
@pytest.mark.parametrize("synchronous_commit", ["on", "local", "remote_write", "remote_apply"])
def test_a_server_that_keeps_what_it_acknowledges_is_taken(version_number: int, synchronous_commit: str) -> None:
    facts = attrs.evolve(GOOD, version_number=version_number, synchronous_commit=synchronous_commit)
    check_server(facts, address=ADDRESS, allow_unsafe_commit=False)


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (attrs.evolve(GOOD, version="13.22", version_number=130_022), "at least 14"),
        (attrs.evolve(GOOD, encoding="SQL_ASCII"), "ENCODING 'UTF8'"),
        (attrs.evolve(GOOD, read_only="on"), "primary"),
        (attrs.evolve(GOOD, synchronous_commit="off"), "allow_unsafe_commit"),
    ],
)
def test_a_server_that_cannot_keep_the_promises_is_refused_with_what_to_do(facts: ServerFacts, says: str) -> None:
    with pytest.raises(BackendMisconfigured, match=says) as raised:
        check_server(facts, address=ADDRESS, allow_unsafe_commit=False)
    assert ADDRESS in str(raised.value)


def test_losing_what_was_acknowledged_can_be_allowed() -> None:
    check_server(attrs.evolve(GOOD, synchronous_commit="off"), address=ADDRESS, allow_unsafe_commit=True)
