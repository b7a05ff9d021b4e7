import ssl
from pathlib import Path

import pytest
from neo4j import TrustCustomCAs, TrustSystemCAs

from talktiers.adapters.neo4j.address import parsed_address
from talktiers.adapters.neo4j.server import Neo4jServer
from talktiers.adapters.neo4j.server_checks import checked_version
from talktiers.domain.errors import BackendMisconfigured, ConfigurationError

SECRET = "xyzzy-secret"


@pytest.mark.parametrize(
    ("url", "for_driver", "shown", "routed"),
    [
        ("bolt://localhost", "bolt://localhost:7687", "bolt://localhost:7687/memory", False),
        ("bolt://127.0.0.1:17687/", "bolt://127.0.0.1:17687", "bolt://127.0.0.1:17687/memory", False),
        ("bolt://[::1]:7688", "bolt://[::1]:7688", "bolt://[::1]:7688/memory", False),
        ("neo4j://core:7687", "neo4j://core:7687", "neo4j://core:7687/memory", True),
        ("neo4j://core?policy=eu", "neo4j://core:7687?policy=eu", "neo4j://core:7687/memory", True),
    ],
)
def test_an_address_names_server_and_database(url: str, for_driver: str, shown: str, *, routed: bool) -> None:
    address = parsed_address(url, database="memory", ca_file=None)
    assert (address.url, str(address), address.routed, address.trusted) == (for_driver, shown, routed, None)


def test_with_tls_the_certificate_is_verified_by_the_system_or_a_named_authority() -> None:
    assert isinstance(parsed_address("bolt+s://core", database=None, ca_file=None).trusted, TrustSystemCAs)
    bundle = ssl.get_default_verify_paths().cafile
    if not bundle or not Path(bundle).exists():
        pytest.skip("this machine has no file of authorities")
    assert isinstance(parsed_address("neo4j+s://core", database=None, ca_file=bundle).trusted, TrustCustomCAs)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"url": f"http://{SECRET}:7474"}, "bolt://host:port"),
        ({"url": "bolt://"}, "bolt://host:port"),
        ({"url": f"bolt://host:{SECRET}"}, "malformed"),
        ({"url": f"bolt://neo4j:{SECRET}@host"}, "settings user and password"),
        ({"url": f"bolt://host/{SECRET}"}, "database is a setting"),
        ({"url": f"bolt://host?x={SECRET}"}, "only neo4j:// takes"),
        ({"url": "bolt+ssc://host"}, "trusts anybody"),
        ({"url": "bolt+x://host"}, "bolt://host:port"),
        ({"url": "bolt://host", "ca_file": "authority.pem"}, "asks for no TLS"),
        ({"url": "bolt+s://host", "ca_file": "/nowhere/authority.pem"}, "no certificates"),
        ({"url": "bolt://host", "user": "neo4j"}, "belong together"),
        ({"url": "bolt://host", "password": SECRET}, "belong together"),
    ],
)
def test_a_malformed_setting_is_refused_before_anything_is_connected(settings: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as raised:
        Neo4jServer(**settings)  # type: ignore[arg-type]
    assert SECRET not in str(raised.value)


def test_no_secret_is_shown() -> None:
    server = Neo4jServer(url="bolt://host", user="neo4j", password=SECRET, database="memory")
    assert SECRET not in repr(server)
    assert server.address == "bolt://host:7687/memory"


@pytest.mark.parametrize(
    ("agent", "version"),
    [
        ("Neo4j/5.26.16", "5.26.16"),
        ("Neo4j/5.7.0", "5.7.0"),
        ("Neo4j/2025.06.1", "2025.06.1"),
        ("Neo4j/6.0-rc1", "6.0-rc1"),
    ],
)
def test_a_server_of_this_or_a_newer_version_is_taken(agent: str, version: str) -> None:
    assert checked_version(agent, operation="check", address="bolt://host:7687") == version


@pytest.mark.parametrize(
    ("agent", "says"),
    [
        ("Neo4j/4.4.38", "is Neo4j 4.4.38; upgrade it to 5.7 or newer"),
        ("Neo4j/5.6.0", "is Neo4j 5.6.0; upgrade it to 5.7 or newer"),
        ("Neo4j/dev", "does not say which version"),
        ("", "does not say which version"),
    ],
)
def test_an_older_server_is_refused_with_what_to_do(agent: str, says: str) -> None:
    with pytest.raises(BackendMisconfigured, match=says) as raised:
        checked_version(agent, operation="check", address="bolt://host:7687")
    assert "bolt://host:7687" in str(raised.value)
