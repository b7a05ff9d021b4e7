"""Signing in, certificates, versions, restarts: what a Redis server may do to the one who uses it."""

import asyncio
import contextlib
import datetime as dt
import os
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import pytest
import redis
from redis_stand_ins import Proxy, listening
from servers import ServerSet
from servers.process import free_port
from servers.programs import program

from talktiers.adapters.redis.recent_cache import RedisRecentCache
from talktiers.adapters.redis.server import RedisServer
from talktiers.domain.errors import (
    BackendError,
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
)
from talktiers.domain.recent_window import WindowKey
from talktiers.ports.contracts import examples

KEY = WindowKey(tenant_id="default", user_id="ana", bot_id="default", compartment=None)
SECRET = "wrong-password"


@attrs.frozen
class OwnRedis:
    """A server of one test's own, and its administrator."""

    servers: ServerSet
    url: str
    admin: redis.Redis

    def do(self, *command: str) -> None:
        self.admin.execute_command(*command)  # type: ignore[no-untyped-call]

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @property
    def password(self) -> str:
        return urlsplit(self.url).password or ""


@pytest.fixture
def own_redis(own_servers: ServerSet) -> Iterator[OwnRedis]:
    (outcome,) = own_servers.start("redis")
    if not outcome.serves:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(outcome.detail)
    url = own_servers.environment()["TALKTIERS_TEST_REDIS_URL"]
    with contextlib.closing(redis.Redis.from_url(url)) as admin:
        yield OwnRedis(own_servers, url, admin)


@contextlib.asynccontextmanager
async def cache_on(url: str, **settings: float | str) -> AsyncIterator[RedisRecentCache]:
    async with RedisServer(url=url, **settings) as server:  # type: ignore[arg-type]
        yield RedisRecentCache(server=server)


async def refused(answer: Awaitable[object], kind: type[BackendError]) -> str:
    """The message of the error that came of it."""
    with pytest.raises(kind) as raised:
        await answer
    assert type(raised.value) is kind
    return str(raised.value)


def user(url: str, name: str, password: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{name}:{password}@{parts.hostname}:{parts.port}").geturl()


async def test_a_server_tells_its_version(redis_url: str) -> None:
    async with RedisServer(url=redis_url, key_prefix=f"test-{uuid.uuid4()}") as server:
        state = await server.check()
    assert int(state.version.split(".")[0]) >= 6
    assert (state.schema, state.fingerprint) == (None, None)


async def test_a_check_leaves_nothing_behind(own_redis: OwnRedis) -> None:
    async with RedisServer(url=own_redis.url) as server:
        await server.check()
        assert own_redis.admin.dbsize() == 0


@pytest.mark.parametrize("url", ["redis://:{}@{}", "redis://somebody:{}@{}", "redis://{1}"])
async def test_a_wrong_password_is_a_typed_error_that_does_not_repeat_it(redis_url: str, url: str) -> None:
    async with cache_on(url.format(SECRET, redis_url.rpartition("@")[2])) as cache:
        message = await refused(cache.read(keys=[KEY]), BackendMisconfigured)
    assert "url" in message
    assert f":{urlsplit(redis_url).port}/0" in message
    assert SECRET not in message


async def test_a_database_that_is_not_there_is_a_typed_error(redis_url: str) -> None:
    async with RedisServer(url=redis_url.removesuffix("/0") + "/9999") as server:
        assert "/9999" in await refused(server.check(), BackendMisconfigured)


async def test_a_user_of_an_access_control_list_needs_no_rights_beyond_the_prefix(own_redis: OwnRedis) -> None:
    rights = ["~bot:*", "resetchannels", "+@all", "-@admin", "-keys", "-scan", "-flushdb", "-flushall"]
    own_redis.do("ACL", "SETUSER", "bot", "on", ">let/me:in", *rights)
    async with cache_on(user(own_redis.url, "bot", "let%2Fme:in"), key_prefix="bot") as cache:
        await cache.fill(key=KEY, conversations=[examples.stored(1), examples.stored(2)], epoch=0)
        (window,) = await cache.read(keys=[KEY])
        assert examples.ids(window.conversations) == [examples.conversation_id(1), examples.conversation_id(2)]
        gone = [examples.conversation_id(1)]
        assert await cache.forget_conversations(tenant_id="default", user_id="ana", conversation_ids=gone) == 1
        assert await cache.conversation_ids(tenant_id="default", user_id="ana") == {examples.conversation_id(2)}
        assert await cache.forget_user(tenant_id="default", user_id="ana") == 1


@pytest.mark.parametrize("rights", [["~other:*", "+@all"], ["~*", "+@all", "-evalsha"], ["~*", "+@all", "-@write"]])
async def test_a_user_without_the_rights_is_found_out_at_the_start(own_redis: OwnRedis, rights: list[str]) -> None:
    own_redis.do("ACL", "SETUSER", "bot", "on", ">secret", *rights)
    async with RedisServer(url=user(own_redis.url, "bot", "secret")) as server:
        assert "may not" in await refused(server.check(), BackendMisconfigured)


async def test_a_replica_is_found_out_at_the_start(own_redis: OwnRedis) -> None:
    own_redis.do("REPLICAOF", "127.0.0.1", str(free_port()))
    async with RedisServer(url=own_redis.url) as server:
        assert "replica" in await refused(server.check(), BackendMisconfigured)


async def test_a_full_server_refuses_a_push_and_repeats_nothing_of_it(own_redis: OwnRedis) -> None:
    said = "my sister moved to Porto"
    async with cache_on(own_redis.url) as cache:
        await cache.push(entries=[examples.cached(examples.stored(1))])
        own_redis.admin.config_set("maxmemory-policy", "noeviction")
        own_redis.admin.config_set("maxmemory", "1")
        entry = examples.cached(examples.stored(2, user_message=said))
        message = await refused(cache.push(entries=[entry]), BackendUnavailable)
        assert "maxmemory" in message
        assert said not in message
        (window,) = await cache.read(keys=[KEY])
        assert window.conversations == (examples.stored(1),)


@pytest.fixture
def certificates(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for `localhost` that vouches for itself, and its key."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"]
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    openssl = program("openssl", packages=["openssl"])
    subprocess.run([openssl, *request, *subject, *files], check=True, capture_output=True)
    return certificate, key


async def test_a_certificate_is_verified_and_an_authority_can_be_named(
    own_redis: OwnRedis, certificates: tuple[Path, Path]
) -> None:
    certificate, key = certificates
    port = free_port()
    own_redis.admin.config_set("tls-cert-file", str(certificate), "tls-key-file", str(key), "tls-auth-clients", "no")
    own_redis.admin.config_set("tls-port", str(port))
    login = f"rediss://:{own_redis.password}"

    async with cache_on(f"{login}@localhost:{port}", ca_file=str(certificate)) as cache:
        await cache.push(entries=[examples.cached(examples.stored(1))])
        (window,) = await cache.read(keys=[KEY])
        assert window.conversations == (examples.stored(1),)
    async with cache_on(f"{login}@localhost:{port}") as unknown_authority:
        assert "ca_file" in await refused(unknown_authority.read(keys=[KEY]), BackendMisconfigured)
    async with cache_on(f"{login}@127.0.0.1:{port}", ca_file=str(certificate)) as another_name:
        assert "certificate" in await refused(another_name.read(keys=[KEY]), BackendMisconfigured)
    async with cache_on(f"{login}@localhost:{own_redis.port}", ca_file=str(certificate)) as no_tls:
        assert "TLS" in await refused(no_tls.read(keys=[KEY]), BackendTimeout)  # Redis waits for the end of a line
    async with cache_on(f"redis://:{own_redis.password}@localhost:{port}") as no_tls_here:
        assert "rediss://" in await refused(no_tls_here.read(keys=[KEY]), BackendUnavailable)


def answering(reply: bytes) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """A server that gives the same answer to everything, unless it is asked whether it is there."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await reader.read(1 << 20):
            for _ in range(asked.count(b"\r\n*") + 1):
                writer.write(b"+PONG\r\n" if b"PING" in asked else reply)

    return answer


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (b"-ERR unknown command 'HELLO'\r\n", "6.2"),
        (b"*4\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n6.0.9\r\n", "6.0.9"),
        (b"*2\r\n$6\r\nserver\r\n$5\r\nredis\r\n", "6.2"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not answer as Redis does"),
    ],
)
async def test_what_is_too_old_or_no_redis_is_a_typed_error(reply: bytes, says: str) -> None:
    async with listening(answering(reply)) as port, RedisServer(url=f"redis://127.0.0.1:{port}") as server:
        assert says in await refused(server.check(), BackendMisconfigured)


async def test_a_server_that_is_down_is_asked_once_a_second_and_used_when_it_is_there(own_redis: OwnRedis) -> None:
    own_redis.servers.kill("redis")
    async with cache_on(own_redis.url) as cache:
        first = await refused(cache.read(keys=[KEY]), BackendUnavailable)
        assert "start the server" in first
        own_redis.servers.start("redis")
        assert await refused(cache.read(keys=[KEY]), BackendUnavailable) == first
        await asyncio.sleep(1)
        await cache.push(entries=[examples.cached(examples.stored(1))])


async def test_many_first_callers_share_one_check_of_a_silent_server() -> None:
    connections = 0

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.read()

    async with listening(silence) as port, cache_on(f"redis://127.0.0.1:{port}", timeout_s=0.3) as cache:
        began = time.monotonic()
        await asyncio.gather(*(refused(cache.read(keys=[KEY]), BackendTimeout) for _ in range(20)))
        assert time.monotonic() - began < 2
    assert connections == 1


async def test_closing_does_not_wait_for_a_silent_server(own_redis: OwnRedis) -> None:
    async with contextlib.AsyncExitStack() as opened:
        cache = await opened.enter_async_context(cache_on(own_redis.url, timeout_s=60.0))
        await cache.read(keys=[KEY])
        own_redis.do("CLIENT", "PAUSE", "20000", "ALL")
        calls = [asyncio.create_task(cache.read(keys=[KEY])) for _ in range(4)]
        await asyncio.sleep(0.05)
        calls[0].cancel()
        began = time.monotonic()
        await opened.aclose()
        assert time.monotonic() - began < 2
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError, *[BackendTimeout] * 3]


async def test_after_a_restart_the_next_call_works_with_every_pooled_connection(own_redis: OwnRedis) -> None:
    async with cache_on(own_redis.url) as cache:
        await asyncio.gather(*(cache.fill(key=KEY, conversations=[examples.stored(n)], epoch=0) for n in range(1, 9)))
        own_redis.servers.restart("redis")  # empty, its scripts gone too
        (window,) = await cache.read(keys=[KEY])
        assert window.conversations == ()
        pushes = (cache.push(entries=[examples.cached(examples.stored(n))]) for n in range(1, 17))
        await asyncio.gather(*pushes)
        (window,) = await cache.read(keys=[KEY])
        assert len(window.conversations) == 16
        assert not window.complete


async def test_scripts_that_somebody_flushed_are_loaded_again(own_redis: OwnRedis) -> None:
    async with cache_on(own_redis.url) as cache:
        await cache.push(entries=[examples.cached(examples.stored(1))])
        own_redis.admin.script_flush()
        await cache.push(entries=[examples.cached(examples.stored(2))])
        assert await cache.forget_user(tenant_id="default", user_id="ana") == 2


async def test_a_push_whose_answer_is_lost_is_made_again_and_counts_once(redis_url: str) -> None:
    proxy = Proxy(urlsplit(redis_url).port or 0)
    password = urlsplit(redis_url).password
    async with listening(proxy) as port:
        url = f"redis://:{password}@127.0.0.1:{port}"
        async with cache_on(url, key_prefix=f"test-{uuid.uuid4()}") as cache:
            await cache.fill(key=KEY, conversations=[], epoch=0)
            proxy.lose = 1
            await cache.push(entries=[examples.cached(examples.stored(1))])
            (window,) = await cache.read(keys=[KEY])
            assert window.conversations == (examples.stored(1),)
            proxy.lose = 2
            await refused(cache.push(entries=[examples.cached(examples.stored(2))]), BackendUnavailable)
            await cache.push(entries=[examples.cached(examples.stored(2))])
            (window,) = await cache.read(keys=[KEY])
            assert window.conversations == (examples.stored(1), examples.stored(2))
            assert window.complete


async def test_reading_three_windows_and_pushing_into_two_is_one_round_trip_each(redis_url: str) -> None:
    proxy = Proxy(urlsplit(redis_url).port or 0)
    password = urlsplit(redis_url).password
    keys = [attrs.evolve(KEY, compartment=name) for name in ("a", "b", "c")]
    async with listening(proxy) as port:
        url = f"redis://:{password}@127.0.0.1:{port}"
        async with cache_on(url, key_prefix=f"test-{uuid.uuid4()}") as cache:
            await cache.read(keys=keys)
            before = proxy.packets
            assert len(await cache.read(keys=keys)) == 3
            await cache.push(entries=[examples.cached(examples.stored(1, place=examples.GARDEN))])
            assert proxy.packets == before + 2


async def test_more_callers_than_connections_wait_their_turn(redis_url: str) -> None:
    async with cache_on(redis_url, pool_size=2, key_prefix=f"test-{uuid.uuid4()}") as cache:
        windows = await asyncio.gather(*(cache.read(keys=[KEY]) for _ in range(40)))
    assert len(windows) == 40


async def test_calls_that_are_given_up_leave_their_connections_to_others(redis_url: str) -> None:
    async with cache_on(redis_url, pool_size=2, key_prefix=f"test-{uuid.uuid4()}") as cache:
        await cache.fill(key=KEY, conversations=[examples.stored(1)], epoch=0)
        for turns in range(60):
            call = asyncio.create_task(cache.read(keys=[KEY]))
            for _ in range(turns % 20):
                await asyncio.sleep(0)
            running = call.cancel()
            await asyncio.wait([call])
            assert call.cancelled() is running
            (window,) = await cache.read(keys=[KEY])
            assert window.conversations == (examples.stored(1),)


async def test_a_server_opened_again_serves_in_another_loop(redis_url: str) -> None:
    server = RedisServer(url=redis_url, key_prefix=f"test-{uuid.uuid4()}")

    async def used() -> dt.timedelta:
        async with server:
            await server.check()
            return dt.timedelta()

    await used()
    await asyncio.to_thread(asyncio.run, used())
