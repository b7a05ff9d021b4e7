"""The test servers: what other tests rely on when they stop and restart them."""

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from servers import ServerSet
from servers.process import exchange

RUN = Path(__file__).parents[1] / "servers" / "run.py"


@pytest.fixture
def redis_alone(own_servers: ServerSet) -> ServerSet:
    (outcome,) = own_servers.start("redis")
    if not outcome.serves:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(outcome.detail)
    return own_servers


def pid(servers: ServerSet) -> int:
    return int(next(outcome.detail for outcome in servers.status() if outcome.name == "redis").rpartition(" ")[2])


def port(servers: ServerSet) -> int:
    return int(servers.environment()["TALKTIERS_TEST_REDIS_URL"].rpartition(":")[2].partition("/")[0])


def answers(servers: ServerSet) -> bool:
    return exchange(port(servers), b"PING\r\n").startswith(b"-NOAUTH")


def test_a_second_start_leaves_what_runs_alone(redis_alone: ServerSet) -> None:
    first = pid(redis_alone)
    assert [outcome.what for outcome in redis_alone.start("redis")] == ["running"]
    assert pid(redis_alone) == first


def test_a_restart_and_a_start_after_a_kill_keep_address_and_password(redis_alone: ServerSet) -> None:
    before, first = redis_alone.environment(), pid(redis_alone)
    redis_alone.restart("redis")
    assert pid(redis_alone) != first
    assert redis_alone.environment() == before
    redis_alone.kill("redis")
    assert redis_alone.environment() == {}
    assert [outcome.what for outcome in redis_alone.start("redis")] == ["started"]
    assert redis_alone.environment() == before
    assert answers(redis_alone)


def test_servers_outlive_the_script_and_the_next_one_stops_them(own_servers: ServerSet, redis_alone: ServerSet) -> None:
    where, folder = port(redis_alone), str(own_servers.folder)
    status = subprocess.run(
        [sys.executable, RUN, "status", "--folder", folder], capture_output=True, text=True, check=True
    )
    assert "Redis      running" in status.stdout
    subprocess.run([sys.executable, RUN, "stop", "--folder", folder], capture_output=True, check=True)
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", where), timeout=5):
        pass
    assert not (own_servers.folder / "redis").exists()


def test_a_process_that_took_over_the_number_is_left_alone(redis_alone: ServerSet) -> None:
    state = redis_alone.folder / "state.json"
    first = pid(redis_alone)
    state.write_text(
        state.read_text(encoding="utf-8").replace(f'"pid": {first}', f'"pid": {os.getpid()}'), encoding="utf-8"
    )
    try:
        assert {outcome.what for outcome in redis_alone.stop(keep_data=True)} == {"not running"}
    finally:
        os.kill(first, signal.SIGKILL)


def test_passwords_are_for_their_owner_only(redis_alone: ServerSet) -> None:
    password = redis_alone.environment()["TALKTIERS_TEST_REDIS_URL"].split(":")[2].partition("@")[0]
    holding = [path for path in redis_alone.folder.rglob("*") if path.is_file() and password in path.read_text()]
    assert {path.name for path in holding} == {"env.sh", "redis.conf", "state.json"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in holding} == {0o600}
    arguments = Path(f"/proc/{pid(redis_alone)}/cmdline")
    assert not arguments.exists() or password not in arguments.read_text()


def test_a_start_that_fails_shows_the_log_and_leaves_nothing_running(redis_alone: ServerSet) -> None:
    other = ServerSet(redis_alone.folder.parent / "other")
    other.folder.mkdir()
    (other.folder / "state.json").write_text(f'{{"redis": {{"port": {port(redis_alone)}}}}}', encoding="utf-8")
    (outcome,) = other.start("redis")  # the port is taken
    assert outcome.what == "failed"
    assert "Address already in use" in outcome.detail
    assert other.environment() == {}
    assert answers(redis_alone)
