"""compose.yml keeps the rules of servers that hold what people said to a bot."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

TEXT = (Path(__file__).parents[2] / "compose.yml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES: Mapping[str, Mapping[str, Any]] = COMPOSE["services"]
KEEPING_DATA = {"postgres": "/var/lib/postgresql/data", "chroma": "/data", "neo4j": "/data"}

each_service = pytest.mark.parametrize("name", SERVICES)


def test_the_four_servers_are_there() -> None:
    assert {"redis", "postgres", "chroma", "neo4j"} <= set(SERVICES)


@each_service
def test_image_is_pinned_to_one_release(name: str) -> None:
    assert re.fullmatch(r"[\w./-]+:\d+\.\d+(\.\d+)?(-[a-z]+)?", SERVICES[name]["image"])


@each_service
def test_ports_are_bound_to_the_loopback(name: str) -> None:
    assert all(str(port).startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))
    assert "network_mode" not in SERVICES[name]


@each_service
def test_memory_is_limited(name: str) -> None:
    assert re.fullmatch(r"\d+[mg]", SERVICES[name]["mem_limit"])


@each_service
def test_health_check_asks_the_server_itself(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    asked = {
        "redis": "redis-cli ping",
        "postgres": "--host=127.0.0.1",  # the server that only makes the data folder has no TCP port
        "chroma": "/api/v2/heartbeat",
        "chroma-gate": "/api/v2/heartbeat",  # through to Chroma
        "neo4j": "cypher-shell",  # HTTP answers before Bolt does
    }
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert asked[name] in " ".join(check["test"])
    assert {"interval", "timeout", "retries", "start_period"} <= set(check)


def test_neo4j_gets_the_time_that_its_start_takes() -> None:
    check = SERVICES["neo4j"]["healthcheck"]
    assert _seconds(check["start_period"]) >= 30
    assert _seconds(check["timeout"]) >= 20


def test_no_password_has_a_default() -> None:
    variables = re.findall(r"(?<!\$)\$\{(\w+)([^}]*)\}", TEXT)
    asked_for = {name for name, rest in variables if rest.startswith(":?")}
    defaulted = {name for name, rest in variables if re.fullmatch(r":-\d+", rest)}
    assert asked_for == {"REDIS_PASSWORD", "POSTGRES_PASSWORD", "CHROMA_TOKEN", "NEO4J_PASSWORD"}
    assert defaulted == {"REDIS_PORT", "POSTGRES_PORT", "CHROMA_PORT", "NEO4J_PORT"}
    assert {name for name, _ in variables} == asked_for | defaulted


@each_service
def test_no_password_is_an_argument(name: str) -> None:
    # Compose fills in ${…}; $$ is left to the shell inside the container.
    for text in _texts([SERVICES[name].get("command"), SERVICES[name]["healthcheck"]["test"]]):
        assert not re.search(r"(?<!\$)\$[\w{]", text)


def test_every_server_asks_who_calls() -> None:
    assert 'requirepass %s\\n\' "$$REDISCLI_AUTH"' in SERVICES["redis"]["command"][-1]
    assert "${REDIS_PASSWORD:?" in SERVICES["redis"]["environment"]["REDISCLI_AUTH"]
    assert "${POSTGRES_PASSWORD:?" in SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD"]
    assert "POSTGRES_HOST_AUTH_METHOD" not in SERVICES["postgres"]["environment"]
    assert SERVICES["neo4j"]["environment"]["NEO4J_AUTH"].startswith("neo4j/${NEO4J_PASSWORD:?")


def test_chroma_is_reached_through_its_gate_alone() -> None:
    gate = SERVICES["chroma-gate"]["command"][-1]
    blocks = re.search(
        r'@signed_in header Authorization "Bearer \{\$\$CHROMA_TOKEN\}"\s+handle @signed_in \{\s+reverse_proxy chroma:8000'
        r"\s+\}\s+handle \{\s+respond 401\s+\}",
        gate,
    )
    assert blocks
    assert gate.count("reverse_proxy") == 1
    assert "ports" not in SERVICES["chroma"]
    assert SERVICES["chroma"]["networks"] == ["chroma"]
    assert COMPOSE["networks"]["chroma"]["internal"] is True


@pytest.mark.parametrize(("name", "folder"), KEEPING_DATA.items())
def test_data_outlives_the_container(name: str, folder: str) -> None:
    mounted = dict(volume.split(":") for volume in SERVICES[name]["volumes"])
    assert [volume for volume, place in mounted.items() if place == folder and volume in COMPOSE["volumes"]]


def test_the_cache_keeps_nothing_and_evicts_nothing() -> None:
    command = SERVICES["redis"]["command"][-1]
    assert "--save '' --appendonly no" in command
    assert "--maxmemory-policy noeviction" in command
    assert SERVICES["redis"]["tmpfs"] == ["/data"]


def _seconds(duration: str) -> int:
    amount, unit = int(duration[:-1]), duration[-1]
    return amount * {"s": 1, "m": 60}[unit]


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for item in value for text in _texts(item)] if isinstance(value, list) else []
