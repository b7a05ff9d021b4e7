"""A server that cannot be used as it is: said at the start with what mends it, and no more lost than its own tier."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import attrs
import httpx
import neo4j
import pytest
import redis.asyncio
from chroma_stand_ins import Gateway, Handler, answering, certificate, listening
from command_line import environment
from four_servers import BACKENDS, CHROMA_COLLECTIONS, FourServers

from talktiers import BackendError, ConfigurationError, HierarchicalMemoryManager, open_memory
from talktiers.adapters.postgres import server_checks
from talktiers.domain.assembly_metadata import TierStatus
from talktiers.domain.errors import BackendMisconfigured, BackendUnavailable
from talktiers.domain.projection import Projection

SECRET = "hunter2-0123456789"
DERIVED = ("cache", "lexical", "summaries", "graph")
PATIENT_MS = 5_000.0
Changes = dict[str, dict[str, object]]


def with_port(url: str, port: int) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}").geturl()


def with_login(url: str, user: str, password: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{user}:{password}@{parts.netloc.rpartition('@')[2]}").geturl()


def port_of(url: str) -> int:
    return urlsplit(url).port or 0


# --- what can be wrong with each, as changes of the settings --------------------------------------------------------


@attrs.frozen
class Wrong:
    """Something that is wrong.

    Attributes:
        says: what the error has to say, besides the address.
        make: makes it so, and gives the settings that run into it.
    """

    tier: str
    says: tuple[str, ...]
    make: Callable[[FourServers, Path], contextlib.AbstractAsyncContextManager[Changes]]
    kind: type[BackendError] = BackendMisconfigured


Making = Callable[[FourServers], Changes]


def settings_alone(make: Making) -> Callable[[FourServers, Path], contextlib.AbstractAsyncContextManager[Changes]]:
    @contextlib.asynccontextmanager
    async def made(servers: FourServers, _: Path) -> AsyncIterator[Changes]:
        yield make(servers)

    return made


def stand_in(section: str, url: str, handler: Handler) -> Callable[[FourServers, Path], Any]:
    """A server that gives that answer; the URL lacks its port."""

    @contextlib.asynccontextmanager
    async def made(_: FourServers, __: Path) -> AsyncIterator[Changes]:
        async with listening(handler) as port:
            yield {section: {"url": url.format(port=port)}}

    return made


async def _read(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


def another_host(section: str, url: str) -> Callable[[FourServers, Path], Any]:
    """A server with the certificate of another one; the URL lacks its port."""

    @contextlib.asynccontextmanager
    async def made(_: FourServers, folder: Path) -> AsyncIterator[Changes]:
        ca_file, tls = certificate(folder, host="other.example")

        async def upgrade(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(8)  # PostgreSQL begins in the clear and asks for TLS
            writer.write(b"S")
            await writer.start_tls(tls)
            await reader.read()

        in_the_clear = section == "postgres"
        async with listening(upgrade if in_the_clear else _read, tls=None if in_the_clear else tls) as port:
            yield {section: {"url": url.format(port=port), "ca_file": str(ca_file)}}

    return made


@contextlib.asynccontextmanager
async def wrong_token(servers: FourServers, _: Path) -> AsyncIterator[Changes]:
    async with listening(Gateway(port_of(servers.chroma_url), token="another")) as port:
        yield {"chroma": {"url": f"http://127.0.0.1:{port}", "token": SECRET}}


def another_collection(
    *, space: str, dimensions: int
) -> Callable[[FourServers, Path], contextlib.AbstractAsyncContextManager[Changes]]:
    """One of somebody else's where the memory has its own."""

    @contextlib.asynccontextmanager
    async def made(servers: FourServers, _: Path) -> AsyncIterator[Changes]:
        one: Changes = {"chroma": {"collections": 1}}
        async with open_memory(servers.settings(**one)) as memory:
            await memory.store_conversation("ana", "I play the violin", "How lovely!")
            await memory.settle(timeout_s=60)
            await memory.forget_user("ana")
        headers = {} if servers.chroma_token is None else {"Authorization": f"Bearer {servers.chroma_token}"}
        async with httpx.AsyncClient(base_url=servers.chroma_url, headers=headers, timeout=30) as chroma:
            listed = (await chroma.get(CHROMA_COLLECTIONS, params={"limit": 10_000})).json()
            (name,) = (item["name"] for item in listed if item["name"].startswith(servers.name))
            (await chroma.delete(f"{CHROMA_COLLECTIONS}/{name}")).raise_for_status()
            asked = {"name": name, "configuration": {"hnsw": {"space": space}}}
            found = (await chroma.post(CHROMA_COLLECTIONS, json=asked)).raise_for_status().json()
            record = {"ids": ["x"], "embeddings": [[1.0] * dimensions]}
            (await chroma.post(f"{CHROMA_COLLECTIONS}/{found['id']}/upsert", json=record)).raise_for_status()
        yield one

    return made


@contextlib.asynccontextmanager
async def newer_schema(servers: FourServers, _: Path) -> AsyncIterator[Changes]:
    async with open_memory(servers.settings()):
        pass
    connection = await asyncpg.connect(servers.postgres_url)
    await connection.execute(f'INSERT INTO "{servers.name}".schema_versions (version) VALUES (999)')
    await connection.close()
    yield {}


@contextlib.asynccontextmanager
async def too_old_postgres(_: FourServers, __: Path) -> AsyncIterator[Changes]:
    """A real one of an older version would have to be built; so what is wanted is newer than what is there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server_checks, "MIN_VERSION", 99)
        yield {}


OLD_REDIS = b"*4\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n5.0.9\r\n"


async def _old_redis(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while asked := await reader.read(1 << 20):
        for _ in range(asked.count(b"\r\n*") + 1):
            writer.write(b"+OK\r\n" if b"AUTH" in asked else OLD_REDIS)


async def _old_neo4j(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1 << 10)
    writer.write(bytes((0, 0, 4, 4)))  # the newest Bolt that it knows: that of Neo4j 4.4
    await writer.drain()


WRONG = {
    "redis, password": Wrong(
        "cache", ("refuses the sign-in", "url"),
        settings_alone(lambda servers: {"redis": {"url": with_login(servers.redis_url, "", SECRET)}}),
    ),
    "redis, database": Wrong(
        "cache", ("/9999",),
        settings_alone(lambda servers: {"redis": {"url": servers.redis_url.rpartition("/")[0] + "/9999"}}),
    ),
    "redis, version": Wrong("cache", ("5.0.9", "6.2"), stand_in("redis", f"redis://:{SECRET}@127.0.0.1:{{port}}", _old_redis)),
    "redis, certificate": Wrong("cache", ("certificate", "ca_file"), another_host("redis", f"rediss://:{SECRET}@127.0.0.1:{{port}}")),
    "redis, not there": Wrong(
        "cache", ("start the server",),
        settings_alone(lambda servers: {"redis": {"url": with_port(servers.redis_url, 1)}}), BackendUnavailable,
    ),
    "chroma, token": Wrong("summaries", ("refused the token", "token"), wrong_token),
    "chroma, database": Wrong(
        "summaries", ("no database nowhere", "database"), settings_alone(lambda _: {"chroma": {"database": "nowhere"}})
    ),
    "chroma, version": Wrong("summaries", ("0.6.3", "1.0"), stand_in("chroma", "http://127.0.0.1:{port}", answering("200 OK", '"0.6.3"'))),
    "chroma, certificate": Wrong("summaries", ("certificate", "ca_file"), another_host("chroma", "https://127.0.0.1:{port}")),
    "chroma, space": Wrong("summaries", ("l2", "rebuild"), another_collection(space="l2", dimensions=256)),
    "chroma, dimension": Wrong("summaries", ("3 dimensions",), another_collection(space="cosine", dimensions=3)),
    "chroma, not there": Wrong(
        "summaries", ("start it",),
        settings_alone(lambda servers: {"chroma": {"url": with_port(servers.chroma_url, 1)}}), BackendUnavailable,
    ),
    "neo4j, password": Wrong(  # of nobody: the server locks users out after wrong passwords
        "graph", ("user and password",), settings_alone(lambda _: {"neo4j": {"user": "nobody", "password": SECRET}})
    ),
    "neo4j, database": Wrong(
        "graph", ("/nowhere", "setting database"), settings_alone(lambda _: {"neo4j": {"database": "nowhere"}})
    ),
    "neo4j, version": Wrong("graph", ("5.7 or newer",), stand_in("neo4j", "bolt://127.0.0.1:{port}", _old_neo4j)),
    "neo4j, certificate": Wrong("graph", ("certificate", "ca_file"), another_host("neo4j", "bolt+s://127.0.0.1:{port}")),
    "neo4j, not there": Wrong(
        "graph", ("check that it runs",),
        settings_alone(lambda servers: {"neo4j": {"url": with_port(servers.neo4j_url, 1)}}), BackendUnavailable,
    ),
    "postgres, password": Wrong(
        "archive", ("user or password", "url"),
        settings_alone(lambda servers: {"postgres": {"url": with_login(servers.postgres_url, "talktiers", SECRET)}}),
    ),
    "postgres, database": Wrong(
        "archive", ("/nowhere", "create it"),
        settings_alone(lambda servers: {"postgres": {"url": servers.postgres_url.rpartition("/")[0] + "/nowhere"}}),
    ),
    "postgres, version": Wrong("archive", ("99", "upgrade it"), too_old_postgres),
    "postgres, certificate": Wrong(
        "archive", ("certificate", "ca_file"), another_host("postgres", f"postgresql://ana:{SECRET}@127.0.0.1:{{port}}/bot")
    ),
    "postgres, newer schema": Wrong("archive", ("schema version 999", "upgrade talktiers"), newer_schema),
    "postgres, not there": Wrong(
        "archive", ("check that it runs",),
        settings_alone(lambda servers: {"postgres": {"url": with_port(servers.postgres_url, 1)}}), BackendUnavailable,
    ),
}  # fmt: skip


def shown_address(settings: Mapping[str, Mapping[str, object]], tier: str) -> str:
    """What of a server's address is to be named: never what stands before an @."""
    return str(settings[BACKENDS[tier]]["url"]).rpartition("@")[2].removeprefix("http://").partition("/")[0]


def hidden(servers: FourServers) -> set[str]:
    return {SECRET, *servers.secrets}


async def others_settled(memory: HierarchicalMemoryManager, *, but: str) -> None:
    """Returns once nothing waits but for the tier."""
    async with asyncio.timeout(60):
        while any(item.waiting for item in (await memory.stats()).backlog if item.projection != but):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("fault", [name for name, wrong in WRONG.items() if wrong.tier != "archive"])
async def test_without_a_derived_tier_the_memory_opens_and_the_others_serve(
    four_servers: FourServers, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    wrong = WRONG[fault]
    caplog.set_level(logging.INFO)
    async with wrong.make(four_servers, tmp_path) as changes:
        caplog.clear()
        settings = four_servers.settings(**changes)
        async with open_memory(settings) as memory:
            (told,) = [record.getMessage() for record in caplog.records if "tier_not_ready" in record.getMessage()]
            stored = await memory.store_conversation("ana", "I play the violin in an orchestra", "How lovely!")
            await others_settled(memory, but=wrong.tier)
            bundle = await memory.get_conversation_context("ana", "violin?", deadline_ms=PATIENT_MS)
            found = await memory.search("ana", "violin", deadline_ms=PATIENT_MS)
            health = {tier.tier: tier for tier in (await memory.health()).tiers}
    assert f"tier='{wrong.tier}'" in told
    reports = {report.tier: report.status for report in bundle.assembly_metadata.tiers}
    assert reports.pop(wrong.tier) is TierStatus.ERROR
    assert set(reports.values()) == {TierStatus.OK}
    assert "violin" in bundle.to_context_string()
    assert [item.conversation_id for item in found] == [stored]
    assert {tier.status for tier in health.values() if tier.tier != wrong.tier} == {"ok"}
    assert health[wrong.tier].status == "error"
    for text in (told, health[wrong.tier].reason):
        assert shown_address(settings, wrong.tier) in text
        assert all(words in text for words in wrong.says), text
    everything = caplog.text + repr(bundle) + repr(health)
    assert not [secret for secret in hidden(four_servers) if secret in everything]


@pytest.mark.parametrize("fault", [name for name, wrong in WRONG.items() if wrong.tier == "archive"])
async def test_without_its_archive_no_memory_opens_and_the_error_says_what_mends_it(
    four_servers: FourServers, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    wrong = WRONG[fault]
    async with wrong.make(four_servers, tmp_path) as changes:
        settings = four_servers.settings(**changes)
        with pytest.raises(BackendError) as raised:
            async with open_memory(settings):
                pass
    assert type(raised.value) is wrong.kind
    assert "archive" in str(raised.value)
    assert shown_address(settings, "archive") in str(raised.value)
    assert all(words in str(raised.value) for words in wrong.says), str(raised.value)
    everything = "".join(traceback.format_exception(raised.value)) + caplog.text
    assert not [secret for secret in hidden(four_servers) if secret in everything]


# --- and then somebody mends it --------------------------------------------------------------------------------------

Mend = Callable[[], Awaitable[None]]


@contextlib.asynccontextmanager
async def redis_user(servers: FourServers) -> AsyncIterator[tuple[Changes, Mend]]:
    connected: redis.asyncio.Redis = redis.asyncio.Redis.from_url(servers.redis_url)
    async with connected as admin:

        async def mend() -> None:
            await admin.acl_setuser(
                servers.name, enabled=True, passwords=[f"+{SECRET}"], keys=["*"], categories=["+@all"]
            )

        yield {"redis": {"url": with_login(servers.redis_url, servers.name, SECRET)}}, mend
        await admin.acl_deluser(servers.name)


@contextlib.asynccontextmanager
async def postgres_database(servers: FourServers) -> AsyncIterator[tuple[Changes, Mend]]:
    admin = await asyncpg.connect(servers.postgres_url)

    async def mend() -> None:
        await admin.execute(f'CREATE DATABASE "{servers.name}"')

    yield {"postgres": {"url": f"{servers.postgres_url.rpartition('/')[0]}/{servers.name}"}}, mend
    await admin.execute(f'DROP DATABASE "{servers.name}" WITH (FORCE)')
    await admin.close()


@contextlib.asynccontextmanager
async def chroma_token(servers: FourServers) -> AsyncIterator[tuple[Changes, Mend]]:
    gateway = Gateway(port_of(servers.chroma_url), token="another")

    async def mend() -> None:
        gateway.token = SECRET

    async with listening(gateway) as port:
        yield {"chroma": {"url": f"http://127.0.0.1:{port}", "token": SECRET}}, mend


@contextlib.asynccontextmanager
async def neo4j_user(servers: FourServers) -> AsyncIterator[tuple[Changes, Mend]]:
    async with neo4j.AsyncGraphDatabase.driver(servers.neo4j_url, auth=servers.neo4j_auth) as admin:
        login: dict[str, object] = {"user": servers.name, "password": SECRET}

        async def mend() -> None:
            statement = "CREATE USER $user SET PASSWORD $password CHANGE NOT REQUIRED"
            await admin.execute_query(statement, login, database_="system")

        yield {"neo4j": login}, mend
        await admin.execute_query("DROP USER $user IF EXISTS", login, database_="system")


MENDED = {"cache": redis_user, "lexical": postgres_database, "summaries": chroma_token, "graph": neo4j_user}


@pytest.mark.parametrize("tier", DERIVED)
async def test_a_tier_that_is_mended_is_used_and_gets_what_it_has_missed(
    four_servers: FourServers, tmp_path: Path, tier: str
) -> None:
    async with MENDED[tier](four_servers) as (changes, mend):
        sections: dict[str, Mapping[str, object]] = {**changes, "archive": {"backend": "sqlite"}}
        sections["sqlite"] = {"path": str(tmp_path / "bot.db")}
        async with open_memory(four_servers.settings(**sections)) as memory:
            ids = [await memory.store_conversation("ana", f"I play violin number {n}", "Oh") for n in range(3)]
            await others_settled(memory, but=tier)
            assert [item.tier for item in (await memory.health()).tiers if item.status == "error"] == [tier]
            await mend()
            await memory.settle(timeout_s=60)
            assert (await memory.health()).ok
            bundle = await memory.get_conversation_context("ana", "violin?", deadline_ms=PATIENT_MS)
            assert bundle.assembly_metadata.complete
            held = await memory._open.tiers.derived[Projection(tier)].conversation_ids(
                tenant_id="default", user_id="ana"
            )
            assert held == set(ids)


# --- settings that cannot be right, and what is not installed --------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "values", "says"),
    [
        ("redis", {"url": f"redis://:{SECRET}/x@127.0.0.1:6379/0"}, "%XX"),
        ("redis", {"key_prefix": "a b"}, "key_prefix"),
        ("postgres", {"url": f"postgresql://ana:{SECRET}@127.0.0.1:port/bot"}, "url"),
        ("postgres", {"url": f"postgresql://ana:{SECRET}@127.0.0.1"}, "database"),
        ("postgres", {"schema": "a b"}, "schema"),
        ("chroma", {"url": f"http://ana:{SECRET}@127.0.0.1:8000"}, "token"),
        ("chroma", {"prefix": "a b"}, "prefix"),
        ("chroma", {"collections": 100_000}, "collections"),
        ("neo4j", {"url": f"bolt://ana:{SECRET}@127.0.0.1"}, "user and password"),
        ("neo4j", {"user": None}, "user and password"),
        ("neo4j", {"password": 123456789}, "neo4j.password"),
        ("redis", {"url": [f"redis://:{SECRET}@127.0.0.1"]}, "redis.url"),
    ],
)
async def test_a_setting_that_cannot_be_right_is_named_with_its_section(
    section: str, values: dict[str, object], says: str
) -> None:
    servers = FourServers(
        name="test", redis_url="redis://127.0.0.1:1", postgres_url="postgresql://127.0.0.1:1/bot",
        chroma_url="http://127.0.0.1:1", chroma_token=None, neo4j_url="bolt://127.0.0.1:1", neo4j_auth=("neo4j", SECRET),
    )  # fmt: skip
    with pytest.raises(ConfigurationError) as raised:
        async with open_memory(servers.settings(**{section: values})):
            pass
    assert section in str(raised.value)
    assert says in str(raised.value)
    assert SECRET not in "".join(traceback.format_exception(raised.value))
    assert "123456789" not in str(raised.value)


WITHOUT_DRIVER = """
import asyncio, importlib.abc, json, sys

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == sys.argv[1]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from talktiers import ConfigurationError, open_memory

async def main():
    async with open_memory(json.loads(sys.argv[2])):
        pass

try:
    asyncio.run(main())
except ConfigurationError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("driver", "tier", "extra"),
    [("redis", "cache", "redis"), ("asyncpg", "archive", "postgres"), ("asyncpg", "lexical", "postgres"),
     ("chromadb", "summaries", "chroma"), ("neo4j", "graph", "neo4j")],
)  # fmt: skip
def test_a_driver_that_is_not_installed_is_named_with_the_command_that_installs_it(
    tmp_path: Path, driver: str, tier: str, extra: str
) -> None:
    settings = {"sqlite": {"path": str(tmp_path / "bot.db")}, tier: {"backend": extra}}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DRIVER, driver, json.dumps(settings)],
        capture_output=True, text=True, cwd=tmp_path, env=environment(), check=True, timeout=60,
    )  # fmt: skip
    assert f"pip install 'talktiers[{extra}]'" in done.stdout
    assert driver in done.stdout
