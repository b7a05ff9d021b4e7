import asyncio
import os
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from four_servers import FourServers
from hypothesis import HealthCheck, settings
from servers import ServerSet

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40)
settings.register_profile("ci", parent=settings.get_profile("default"), max_examples=200, print_blob=True)
settings.load_profile("default")  # --hypothesis-profile=ci takes precedence

# Taken out of the environment: a memory that a test opens refuses variables that name no setting of its own.
GIVEN = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("TALKTIERS_TEST_")}
SERVER_FIXTURES = {"chroma_token", "chroma_url", "neo4j_auth", "neo4j_url", "own_servers", "postgres_url", "redis_url"}


@pytest.hookimpl(tryfirst=True)  # before -m chooses by the markers
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Mark what asks for a server: no test that needs one can forget to say so."""
    for item in items:
        if isinstance(item, pytest.Function) and SERVER_FIXTURES.intersection(item.fixturenames):
            item.add_marker(pytest.mark.server)


@pytest.fixture(scope="session")
def server_environment() -> dict[str, str]:
    """The variables TALKTIERS_TEST_*: as they are set, else those of the servers that run for this clone."""
    return {**ServerSet().environment(), **GIVEN}


@pytest.fixture(scope="session")
def redis_url(server_environment: dict[str, str]) -> str:
    return _given(server_environment, "TALKTIERS_TEST_REDIS_URL", of="Redis")


@pytest.fixture(scope="session")
def postgres_url(server_environment: dict[str, str]) -> str:
    """A role that may create databases."""
    return _given(server_environment, "TALKTIERS_TEST_POSTGRES_URL", of="PostgreSQL")


@pytest.fixture(scope="session")
def chroma_url(server_environment: dict[str, str]) -> str:
    return _given(server_environment, "TALKTIERS_TEST_CHROMA_URL", of="Chroma")


@pytest.fixture(scope="session")
def chroma_token(server_environment: dict[str, str]) -> str | None:
    """None where the server asks for none, as `chroma run` does."""
    return server_environment.get("TALKTIERS_TEST_CHROMA_TOKEN") or None


@pytest.fixture(scope="session")
def neo4j_url(server_environment: dict[str, str]) -> str:
    return _given(server_environment, "TALKTIERS_TEST_NEO4J_URL", of="Neo4j")


@pytest.fixture(scope="session")
def neo4j_auth(server_environment: dict[str, str]) -> tuple[str, str]:
    return (
        _given(server_environment, "TALKTIERS_TEST_NEO4J_USER", of="Neo4j"),
        _given(server_environment, "TALKTIERS_TEST_NEO4J_PASSWORD", of="Neo4j"),
    )


@pytest.fixture
def four_servers(
    redis_url: str,
    postgres_url: str,
    chroma_url: str,
    chroma_token: str | None,
    neo4j_url: str,
    neo4j_auth: tuple[str, str],
) -> Iterator[FourServers]:
    """All four, under a name of this test's own; what lies under it is removed at the end."""
    servers = FourServers(
        name=f"test_{uuid.uuid4().hex[:12]}",
        redis_url=redis_url,
        postgres_url=postgres_url,
        chroma_url=chroma_url,
        chroma_token=chroma_token,
        neo4j_url=neo4j_url,
        neo4j_auth=neo4j_auth,
    )
    yield servers
    asyncio.run(servers.erase())


@pytest.fixture
def own_servers(tmp_path: Path) -> Iterator[ServerSet]:
    """None is started yet: for tests that restart servers, which must not be those of the other tests."""
    servers = ServerSet(tmp_path / "servers")
    yield servers
    servers.stop()


def _given(environment: dict[str, str], name: str, *, of: str) -> str:
    if value := environment.get(name):
        return value
    missing = f"no {of}: python tests/servers/run.py start {of.lower().removesuffix('ql')}"
    if os.environ.get("CI"):
        pytest.fail(f"{missing} (in CI no server may be missing)")
    pytest.skip(missing)
