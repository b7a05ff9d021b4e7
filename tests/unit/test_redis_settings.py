from pathlib import Path

import pytest

from talktiers.adapters.redis.server import RedisServer
from talktiers.adapters.redis.server_url import ServerUrl
from talktiers.domain.errors import ConfigurationError, MemoryClosed
from talktiers.ports.contracts import examples

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "address", "username", "password"),
    [
        ("redis://localhost", "redis://localhost:6379/0", None, None),
        ("redis://:p%2Fw%40x@10.0.0.1:7000/3", "redis://10.0.0.1:7000/3", None, "p/w@x"),
        ("rediss://bot:a%20b@Cache.Example/", "rediss://cache.example:6379/0", "bot", "a b"),
        ("redis://bot:a:b@[::1]:7000/15", "redis://[::1]:7000/15", "bot", "a:b"),
    ],
)
def test_a_url_is_taken_apart_and_its_address_has_no_secret(
    url: str, address: str, username: str | None, password: str | None
) -> None:
    parsed = ServerUrl.parse(url)
    assert (parsed.address, parsed.username, parsed.password) == (address, username, password)
    assert password is None or password not in repr(parsed)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:6379",
        f"http://:{SECRET}@localhost",
        f"redis://:{SECRET}@",
        f"redis://:{SECRET}/x@localhost",
        f"redis://:{SECRET}@localhost:port",
        f"redis://:{SECRET}@localhost:99999",
        f"redis://:{SECRET}@localhost/db",
        f"redis://:{SECRET}@localhost/0/1",
        f"redis://:{SECRET}#x@localhost",
        f"rediss://:{SECRET}@localhost?ssl_cert_reqs=none",
        f"redis://:{SECRET}@[::1",
    ],
)
def test_a_url_of_another_form_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        RedisServer(url=url)
    assert "redis://[[user]:password@]host" in str(raised.value)
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("prefix", ["", "a{b}", "a*", "a b", "x" * 65])
def test_a_prefix_with_braces_or_wildcards_is_refused(prefix: str) -> None:
    with pytest.raises(ConfigurationError, match="key_prefix"):
        RedisServer(url="redis://localhost", key_prefix=prefix)


async def test_a_ca_file_that_cannot_be_used_or_is_not_needed_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    empty.touch()
    for path in (empty, tmp_path / "not_there.pem", tmp_path):
        with pytest.raises(ConfigurationError, match="ca_file"):
            async with RedisServer(url="rediss://localhost", ca_file=str(path)):
                pass
    with pytest.raises(ConfigurationError, match="rediss://"):
        RedisServer(url="redis://localhost", ca_file=str(empty))


def test_no_secret_is_shown() -> None:
    server = RedisServer(url=f"redis://bot:{SECRET}@localhost")
    assert SECRET not in repr(server)
    assert SECRET not in server.address


async def test_a_server_that_is_not_open_says_so() -> None:
    server = RedisServer(url="redis://localhost")
    with pytest.raises(MemoryClosed):
        await server.check()
    async with server:
        pass
    with pytest.raises(MemoryClosed):
        await server.run("read", [("PING",)])


def test_no_id_shows_in_a_key_and_all_of_a_user_lie_in_one_slot() -> None:
    from redis.crc import key_slot

    from talktiers.adapters.redis.window_keys import WindowKeys
    from talktiers.domain.recent_window import windows_of

    keys = WindowKeys("talktiers")
    seen: set[str] = set()
    for name in examples.HOSTILE_IDS:
        of_user: set[str] = set()
        for place in (examples.GARDEN, examples.SQUARE):
            item = examples.stored(user_id=name, place=place)
            for window in windows_of(item):
                of_user.update(keys.window_and_register(window))
        assert len(of_user) == 4  # one register and three windows: two places and everything
        assert len({key_slot(key.encode()) for key in of_user}) == 1
        assert not seen & of_user
        assert len(name) < 5 or not any(name in key for key in of_user)
        seen |= of_user
