"""Signing in, certificates, versions, restarts: what a Neo4j server may do to the one who uses it."""

import asyncio
import contextlib
import datetime as dt
import logging
import os
import ssl
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import pytest
from neo4j import AsyncTransaction
from neo4j_stand_ins import Proxy, answering, listening
from servers import ServerSet
from servers.programs import program

from talktiers.adapters.neo4j.relationship_graph import Neo4jRelationshipGraph
from talktiers.adapters.neo4j.server import Neo4jServer, rows
from talktiers.domain.errors import (
    BackendConflict,
    BackendError,
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
    MemoryClosed,
)
from talktiers.ports.backend_server import ServerState
from talktiers.ports.contracts import examples
from talktiers.ports.relationship_graph import GraphRecord

ANA = examples.scope()
SECRET = "wrong-password"


@attrs.frozen
class Login:
    """Where a server is and who may use it."""

    url: str
    user: str
    password: str

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def server(self, *, port: int | None = None, **settings: object) -> Neo4jServer:
        url = self.url if port is None else f"bolt://127.0.0.1:{port}"
        known = {"url": url, "user": self.user, "password": self.password}
        return Neo4jServer(**(known | settings))  # type: ignore[arg-type]


@pytest.fixture
def login(neo4j_url: str, neo4j_auth: tuple[str, str]) -> Login:
    return Login(neo4j_url, *neo4j_auth)


@pytest.fixture(scope="module")
def own_neo4j(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerSet, Login]]:
    """A server of this module's own, fresh, that may be restarted."""
    servers = ServerSet(tmp_path_factory.mktemp("servers"))
    (outcome,) = servers.start("neo4j")
    if not outcome.serves:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(outcome.detail)
    environment = servers.environment()
    yield (
        servers,
        Login(*(environment[f"TALKTIERS_TEST_NEO4J_{name}"] for name in ("URL", "USER", "PASSWORD"))),
    )
    servers.stop()


@contextlib.asynccontextmanager
async def graph_on(server: Neo4jServer) -> AsyncIterator[Neo4jRelationshipGraph]:
    async with server:
        yield Neo4jRelationshipGraph(server=server, namespace=uuid.uuid4().hex)


def record(number: int, *topics: str) -> GraphRecord:
    return examples.graph_record(examples.stored(number), topics=topics)


async def related(graph: Neo4jRelationshipGraph, asked: str) -> set[str]:
    return {topic.label for topic in await graph.related_topics(scope=ANA, labels=[asked], limit=99)}


async def refused(answer: Awaitable[object], kind: type[BackendError]) -> str:
    """The message of the error that came of it."""
    with pytest.raises(kind) as raised:
        await answer
    assert type(raised.value) is kind
    return str(raised.value)


async def test_a_server_tells_its_version(login: Login) -> None:
    async with login.server() as server:
        state = await server.check()
        assert state == ServerState(version=state.version, schema=1)
        assert state.version.startswith("5.26.")
        assert await server.check() == state


async def test_a_user_that_is_not_let_in_is_a_typed_error_that_repeats_no_secret(login: Login) -> None:
    for user, password in (("neo4j", SECRET), (SECRET, "another"), (None, None)):
        async with login.server(user=user, password=password) as server:
            message = await refused(server.check(), BackendMisconfigured)
            assert login.url in message
            assert "user and password" in message
            assert SECRET not in message


async def test_a_database_that_is_not_there_is_a_typed_error(login: Login) -> None:
    async with graph_on(login.server(database="nowhere")) as graph:
        message = await refused(related(graph, "guitar"), BackendMisconfigured)
        assert f"{login.url}/nowhere" in message
        assert "setting database" in message
    async with graph_on(login.server(database="neo4j")) as graph:
        assert await related(graph, "guitar") == set()


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (bytes(4), BackendMisconfigured, "5.7 or newer"),
        (bytes((0, 0, 4, 4)), BackendMisconfigured, "5.7 or newer"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", BackendMisconfigured, "port of Bolt"),
        (b"", BackendUnavailable, "runs and is reachable"),
    ],
)
async def test_what_is_too_old_or_no_neo4j_is_a_typed_error(reply: bytes, kind: type[BackendError], says: str) -> None:
    async with listening(answering(reply)) as port, Neo4jServer(url=f"bolt://127.0.0.1:{port}") as server:
        assert says in await refused(server.check(), kind)


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
    login: Login, certificates: tuple[Path, Path]
) -> None:
    certificate, key = certificates
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    async with listening(Proxy(login.port), tls=tls) as port:
        named = login.server(url=f"bolt+s://localhost:{port}", ca_file=str(certificate))
        async with graph_on(named) as graph:
            await graph.add(records=[record(1, "guitar")])
            assert await related(graph, "guitar") == {"guitar"}
        async with login.server(url=f"bolt+s://localhost:{port}") as unknown_authority:
            assert "ca_file" in await refused(unknown_authority.check(), BackendMisconfigured)
        async with login.server(url=f"bolt+s://127.0.0.1:{port}", ca_file=str(certificate)) as another_name:
            assert "certificate" in await refused(another_name.check(), BackendMisconfigured)
    async with login.server(url=f"bolt+s://localhost:{login.port}", ca_file=str(certificate)) as no_tls:
        assert "does not speak TLS" in await refused(no_tls.check(), BackendMisconfigured)


async def test_many_first_callers_share_one_check_of_a_silent_server(login: Login) -> None:
    proxy = Proxy(login.port)
    proxy.silent = True
    async with (
        listening(proxy) as port,
        graph_on(login.server(port=port, timeout_s=0.2, connect_timeout_s=0.2)) as graph,
    ):
        began = time.monotonic()
        await asyncio.gather(*(refused(related(graph, "guitar"), BackendTimeout) for _ in range(20)))
        assert time.monotonic() - began < 3
        assert proxy.connections == 1


async def test_a_server_that_falls_silent_holds_nobody_longer_than_the_time_limit(login: Login) -> None:
    proxy = Proxy(login.port)
    async with contextlib.AsyncExitStack() as opened:
        port = await opened.enter_async_context(listening(proxy))
        graph = await opened.enter_async_context(graph_on(login.server(port=port, timeout_s=0.5)))
        await asyncio.gather(*(graph.add(records=[record(number, "guitar")]) for number in range(4)))
        proxy.silent = True
        began = time.monotonic()
        await refused(related(graph, "guitar"), BackendTimeout)
        await refused(graph.add(records=[record(9, "guitar")]), BackendTimeout)
        assert 1 <= time.monotonic() - began < 2
        proxy.silent = False
        assert await related(graph, "guitar") == {"guitar"}


async def test_closing_does_not_wait_for_a_silent_server(login: Login) -> None:
    proxy = Proxy(login.port)
    async with listening(proxy) as port, contextlib.AsyncExitStack() as opened:
        graph = await opened.enter_async_context(graph_on(login.server(port=port, timeout_s=60.0)))
        await related(graph, "guitar")
        proxy.silent = True
        calls = [asyncio.create_task(related(graph, "guitar")) for _ in range(4)]
        await asyncio.sleep(0.05)
        calls[0].cancel()
        began = time.monotonic()
        await opened.aclose()
        assert time.monotonic() - began < 3
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        with pytest.raises(MemoryClosed):
            await related(graph, "guitar")


async def test_an_addition_whose_answer_is_lost_is_made_again_and_counts_once(login: Login) -> None:
    proxy = Proxy(login.port)
    async with listening(proxy) as port, graph_on(login.server(port=port)) as graph:
        await graph.add(records=[record(1, "guitar")])
        before = proxy.packets
        await graph.add(records=[record(2, "guitar", "fox")])
        for step in range(proxy.packets - before):
            proxy.cut_after = step
            await graph.add(records=[record(10 + step, "guitar", "rain")])
            assert proxy.cut_after is None
        held = await graph.conversation_ids(tenant_id="default", user_id="ana")
        assert len(held) == 3 + step
        assert await related(graph, "guitar") == {"guitar", "fox", "rain"}


async def test_each_question_of_a_context_is_one_round_trip(login: Login) -> None:
    proxy = Proxy(login.port)
    async with listening(proxy) as port, graph_on(login.server(port=port)) as graph:
        await graph.add(records=[record(number, "guitar", "fox") for number in range(1, 50)])
        for question in (
            lambda: graph.related_topics(scope=ANA, labels=["guitar", "fox"], limit=9),
            lambda: graph.interests(scope=ANA, limit=9),
            lambda: graph.entities(scope=ANA, limit=9),
            lambda: graph.followed_by(scope=ANA, conversation_id=examples.conversation_id(3), limit=9),
        ):
            before = proxy.packets
            await question()
            assert proxy.packets == before + 1


async def test_more_callers_than_connections_wait_their_turn(login: Login) -> None:
    proxy = Proxy(login.port)
    async with listening(proxy) as port, graph_on(login.server(port=port, pool_size=2, timeout_s=20.0)) as graph:
        assert await asyncio.gather(*(related(graph, "guitar") for _ in range(40))) == [set()] * 40
        assert proxy.connections <= 2


async def test_calls_that_are_given_up_leave_their_connections_to_others(login: Login) -> None:
    async with graph_on(login.server(pool_size=2)) as graph:
        await graph.add(records=[record(1, "guitar")])
        for turns in range(0, 60, 3):
            for call in (
                asyncio.create_task(related(graph, "guitar")),
                asyncio.create_task(graph.add(records=[record(1, "guitar"), record(2, "guitar")])),
            ):
                for _ in range(turns):
                    await asyncio.sleep(0)
                call.cancel()
                await asyncio.wait([call])
            assert await related(graph, "guitar") == {"guitar"}


async def test_a_question_that_is_given_up_costs_no_connection(login: Login) -> None:
    proxy = Proxy(login.port)
    async with listening(proxy) as port, graph_on(login.server(port=port)) as graph:
        await graph.add(records=[record(1, "guitar")])
        opened = proxy.connections
        for _ in range(10):
            call = asyncio.create_task(related(graph, "guitar"))
            await asyncio.sleep(0.001)
            call.cancel()
            await asyncio.wait([call])
            assert await related(graph, "guitar") == {"guitar"}
        assert proxy.connections <= opened + 1


async def test_an_addition_that_is_given_up_happens_at_once_or_never(login: Login) -> None:
    async with graph_on(login.server()) as graph:
        whom = {"tenant_id": "default", "user_id": "ana"}
        for turns in range(0, 40, 2):
            call = asyncio.create_task(graph.add(records=[record(turns + 1, "guitar")]))
            for _ in range(turns):
                await asyncio.sleep(0)
            call.cancel()
            await asyncio.wait([call])
            await graph.add(records=[record(99, "fox")])  # behind whatever the server still has at hand
            held = await graph.conversation_ids(**whom)
            await graph.add(records=[record(100, "fox")])
            assert await graph.conversation_ids(**whom) == held | {examples.conversation_id(100)}
            await graph.forget_user(**whom)


async def test_a_transaction_that_another_one_keeps_in_the_way_of_is_a_conflict_in_time(login: Login) -> None:
    attempts, fails = 0, 0

    async def in_the_way(transaction: AsyncTransaction) -> None:
        nonlocal attempts
        attempts += 1
        if attempts < fails:
            raise BackendConflict("neo4j", "test", "in the way")

    async with login.server(timeout_s=0.4) as server:
        await server.check()
        attempts, fails = 0, 4
        await server.write(in_the_way, operation="test")
        assert attempts == 4
        attempts, fails = 0, 10**6
        began = time.monotonic()
        await refused(server.write(in_the_way, operation="test"), BackendConflict)
        assert time.monotonic() - began < 0.5


async def test_nothing_that_people_say_is_logged(login: Login, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with graph_on(login.server()) as graph:
        await graph.add(records=[record(1, "guitar", "fox")])
        await related(graph, "guitar")
        await graph.followed_by(scope=ANA, conversation_id=examples.conversation_id(1), limit=3)
        await graph.forget_conversations(
            tenant_id="default", user_id="ana", conversation_ids=[examples.conversation_id(1)]
        )
        await graph.forget_user(tenant_id="default", user_id="ana")
    assert [entry.getMessage() for entry in caplog.records if entry.name.startswith("neo4j")] == []


def test_a_server_opened_again_serves_in_another_loop(login: Login) -> None:
    server = login.server()

    async def used() -> str:
        async with server:
            return (await server.check()).version

    assert asyncio.run(used()) == asyncio.run(used())


async def test_several_processes_make_the_constraints_of_a_fresh_server_at_once(
    own_neo4j: tuple[ServerSet, Login],
) -> None:
    _, login = own_neo4j
    async with contextlib.AsyncExitStack() as opened:
        servers = [await opened.enter_async_context(login.server(timeout_s=20.0)) for _ in range(5)]
        states = await asyncio.gather(*(server.check() for server in servers))
        assert {state.schema for state in states} == {1}
        found = await servers[0].read("SHOW CONSTRAINTS YIELD name RETURN count(*)", operation="test")
        assert found == [[6]]


async def test_a_schema_that_is_newer_than_the_code_is_refused_at_the_start(
    own_neo4j: tuple[ServerSet, Login],
) -> None:
    _, login = own_neo4j

    async def be(version: int) -> None:
        async def set_version(transaction: AsyncTransaction) -> object:
            return await rows(transaction, "MATCH (n:TalktiersSchema) SET n.version = $version", {"version": version})

        await opened.write(set_version, operation="test")

    async with login.server(timeout_s=20.0) as opened:
        await opened.check()
        await be(2)
        async with graph_on(login.server()) as graph:
            message = await refused(graph.add(records=[record(1, "guitar")]), BackendMisconfigured)
            assert "schema version 2" in message
            assert "upgrade talktiers" in message
        await be(1)
        await opened.check()


async def test_a_restart_in_the_middle_of_a_load_loses_nothing_and_needs_no_new_process(
    own_neo4j: tuple[ServerSet, Login],
) -> None:
    servers, login = own_neo4j
    async with graph_on(login.server(timeout_s=20.0)) as graph:
        added: set[str] = set()
        stopping, addition = asyncio.Event(), asyncio.Semaphore(0)

        async def load(writer: int) -> None:
            number = 1000 * writer
            while not stopping.is_set():
                number += 1
                with contextlib.suppress(BackendUnavailable, BackendTimeout, BackendConflict):
                    await graph.add(records=[record(number, "guitar", f"topic {number}")])
                    added.add(examples.conversation_id(number))
                    addition.release()
                    await related(graph, "guitar")
                await asyncio.sleep(0.01)

        async def some_added() -> None:
            async with asyncio.timeout(30):
                for _ in range(20):
                    await addition.acquire()

        writers = [asyncio.create_task(load(writer)) for writer in range(4)]
        await some_added()
        await asyncio.to_thread(servers.kill, "neo4j")
        await refused(related(graph, "guitar"), BackendUnavailable)
        await asyncio.to_thread(servers.start, "neo4j")
        await related(graph, "guitar")  # the first call after it is back
        while not addition.locked():
            await addition.acquire()  # those of before
        await some_added()
        stopping.set()
        await asyncio.gather(*writers)
        assert added <= await graph.conversation_ids(tenant_id="default", user_id="ana")


async def test_a_server_that_is_down_at_the_start_is_asked_once_a_second_and_used_when_it_is_there(
    own_neo4j: tuple[ServerSet, Login],
) -> None:
    servers, login = own_neo4j
    await asyncio.to_thread(servers.kill, "neo4j")
    async with graph_on(login.server(timeout_s=20.0)) as graph:
        first = await refused(related(graph, "guitar"), BackendUnavailable)
        assert login.url in first
        began = dt.datetime.now(dt.UTC)
        assert await refused(related(graph, "guitar"), BackendUnavailable) == first
        assert dt.datetime.now(dt.UTC) - began < dt.timedelta(seconds=0.1)
        await asyncio.to_thread(servers.start, "neo4j")
        await graph.add(records=[record(1, "guitar")])
        assert await related(graph, "guitar") == {"guitar"}
