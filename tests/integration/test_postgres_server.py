"""Signing in, certificates, versions, restarts: what a PostgreSQL server may do to the one who uses it."""

import asyncio
import contextlib
import json
import os
import random
import shutil
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import attrs
import pytest
from redis_stand_ins import Proxy, listening
from servers import ServerSet

from talktiers.adapters.postgres import migrations
from talktiers.adapters.postgres.conversation_archive import PostgresConversationArchive
from talktiers.adapters.postgres.database import PostgresDatabase
from talktiers.adapters.postgres.outbox import PostgresOutbox
from talktiers.domain.errors import (
    BackendCorruption,
    BackendError,
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
    MemoryClosed,
    Overloaded,
)
from talktiers.domain.place import Audience, Place
from talktiers.domain.projection import Projection
from talktiers.ports.contracts import examples
from talktiers.ports.contracts.stores import append, claim

ANA = examples.scope()
LEXICAL = Projection.LEXICAL


def changed(url: str, **parts: str | int | None) -> str:
    """The URL with other ``user``, ``password``, ``host``, ``port``, ``database`` or ``query``."""
    old = urlsplit(url)
    user, password = parts.get("user", old.username), parts.get("password", old.password)
    host, port = parts.get("host", old.hostname), parts.get("port", old.port)
    path = f"/{parts['database']}" if "database" in parts else old.path
    return urlunsplit((old.scheme, f"{user}:{password}@{host}:{port}", path, str(parts.get("query", "")), ""))


@pytest.fixture(scope="module")
def module_url(postgres_url: str) -> Iterator[str]:
    """A database of this module's own, whose settings may be changed."""
    name = f"talktiers_{uuid.uuid4().hex}"

    async def administer(statement: str) -> None:
        connection = await asyncpg.connect(postgres_url)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(administer(f'CREATE DATABASE "{name}"'))
    yield changed(postgres_url, database=name)
    asyncio.run(administer(f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.fixture
def schema() -> str:
    return f"s_{uuid.uuid4().hex}"


@pytest.fixture
async def database(module_url: str, schema: str) -> AsyncIterator[PostgresDatabase]:
    async with PostgresDatabase(url=module_url, schema=schema) as opened:
        yield opened


@pytest.fixture
def archive(database: PostgresDatabase) -> PostgresConversationArchive:
    return PostgresConversationArchive(database=database)


@pytest.fixture
async def admin(module_url: str, schema: str) -> AsyncIterator[asyncpg.Connection]:
    """The driver itself, beside what is tested."""
    connection = await asyncpg.connect(module_url, server_settings={"search_path": schema})
    yield connection
    await connection.close()


async def refused(url: str, kind: type[BackendError], **settings: str | float) -> str:
    """What the error of the first call says."""
    async with PostgresDatabase(url=url, **settings) as database:  # type: ignore[arg-type]
        with pytest.raises(BackendError) as raised:
            await PostgresConversationArchive(database=database).epoch(tenant_id="default", user_id="ana")
    assert type(raised.value) is kind
    assert database.address in str(raised.value)
    password = urlsplit(url).password
    assert password is None or password not in str(raised.value)
    return str(raised.value)


class TestSigningIn:
    async def test_checking_tells_the_version_of_server_and_schema(self, database: PostgresDatabase) -> None:
        state = await database.check()
        assert int(state.version.split(".")[0]) >= 14
        assert state.schema == migrations.SCHEMA_VERSION
        assert await database.check() == state

    async def test_opening_connects_to_nothing(self) -> None:
        async with PostgresDatabase(url="postgresql://ana:x@127.0.0.1:1/bot"):
            pass

    async def test_a_wrong_password_is_refused_with_what_to_mend(self, module_url: str) -> None:
        assert "password" in await refused(changed(module_url, password="wrong"), BackendMisconfigured)

    async def test_a_database_that_does_not_exist_is_named(self, module_url: str) -> None:
        assert "create it" in await refused(changed(module_url, database="nothing_here"), BackendMisconfigured)

    async def test_a_server_that_is_not_there_is_unavailable(self, module_url: str) -> None:
        assert "reached" in await refused(changed(module_url, port=1), BackendUnavailable)
        await refused(changed(module_url, host="nowhere.invalid"), BackendUnavailable)

    async def test_a_server_without_tls_is_not_used_where_tls_is_asked_for(self, module_url: str) -> None:
        assert "sslmode" in await refused(changed(module_url, query="sslmode=require"), BackendMisconfigured)

    async def test_a_server_that_never_answers_is_given_up_in_time_and_not_asked_again_at_once(self) -> None:
        asked = 0

        async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal asked
            asked += 1
            await asyncio.sleep(60)

        async with listening(say_nothing) as port:
            url = f"postgresql://ana:x@127.0.0.1:{port}/bot?sslmode=disable"
            async with PostgresDatabase(url=url, connect_timeout_s=0.2) as database:
                archive = PostgresConversationArchive(database=database)
                began = time.monotonic()
                results = await asyncio.gather(
                    *(archive.epoch(tenant_id="default", user_id="ana") for _ in range(20)), return_exceptions=True
                )
                assert time.monotonic() - began < 1
        assert {type(result) for result in results} == {BackendTimeout}
        assert asked == 1

    async def test_a_server_that_acknowledges_before_it_writes_is_refused_unless_that_is_allowed(
        self, postgres_url: str, admin: asyncpg.Connection, module_url: str, schema: str
    ) -> None:
        name = urlsplit(module_url).path[1:]
        await admin.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        try:
            assert "synchronous_commit" in await refused(module_url, BackendMisconfigured)
            async with PostgresDatabase(url=module_url, schema=schema, allow_unsafe_commit=True) as database:
                await database.check()
        finally:
            await admin.execute(f'ALTER DATABASE "{name}" RESET synchronous_commit')

    async def test_a_role_without_the_right_to_create_a_schema_is_told_so(
        self, postgres_url: str, module_url: str
    ) -> None:
        # Of the database of another owner: nobody but them may create a schema there.
        assert "permission" in await refused(changed(module_url, database="postgres"), BackendMisconfigured)

    async def test_closing_leaves_no_connection_and_later_calls_are_refused(
        self, database: PostgresDatabase, archive: PostgresConversationArchive, admin: asyncpg.Connection
    ) -> None:
        await asyncio.gather(*(archive.epoch(tenant_id="default", user_id="ana") for _ in range(20)))
        await database.close()
        with pytest.raises(MemoryClosed):
            await archive.epoch(tenant_id="default", user_id="ana")
        await _nobody_connected(admin)

    async def test_closing_does_not_wait_for_a_statement_that_hangs(
        self, database: PostgresDatabase, admin: asyncpg.Connection
    ) -> None:
        async def hang() -> None:
            async with database.connection(operation="hang") as connection:
                await connection.execute("SELECT pg_sleep(4)")

        await database.check()
        task = asyncio.create_task(hang())
        await asyncio.sleep(0.1)
        began = time.monotonic()
        await database.close()
        assert time.monotonic() - began < 3
        with pytest.raises(BackendUnavailable):
            await task


async def _nobody_connected(admin: asyncpg.Connection) -> None:
    """Returns once no connection of ours to this database is left."""
    ours = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'talktiers'"
    async with asyncio.timeout(10):
        while await admin.fetchval(ours):  # noqa: ASYNC110 - it is the server's state
            await asyncio.sleep(0.02)


class TestMigrating:
    async def test_many_that_start_at_once_create_the_tables_once(self, module_url: str, schema: str) -> None:
        async with contextlib.AsyncExitStack() as stack:
            databases = [
                await stack.enter_async_context(PostgresDatabase(url=module_url, schema=schema)) for _ in range(8)
            ]
            states = await asyncio.gather(*(database.check() for database in databases))
            archives = [PostgresConversationArchive(database=database) for database in databases]
            await asyncio.gather(*(append(item, examples.conversation(n)) for n, item in enumerate(archives)))
            assert await archives[0].total_conversations() == 8
        assert {state.schema for state in states} == {migrations.SCHEMA_VERSION}

    async def test_a_schema_newer_than_the_code_is_left_alone(
        self, database: PostgresDatabase, admin: asyncpg.Connection, module_url: str, schema: str
    ) -> None:
        await database.check()
        await admin.execute("INSERT INTO schema_versions (version) VALUES (999)")
        said = await refused(module_url, BackendMisconfigured, schema=schema)
        assert "999" in said
        assert "upgrade talktiers" in said

    async def test_a_migration_that_fails_leaves_nothing_behind(
        self, module_url: str, schema: str, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = attrs.evolve(migrations.MIGRATIONS[-1], version=migrations.SCHEMA_VERSION + 1)
        monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, broken))  # its tables exist already
        monkeypatch.setattr(migrations, "SCHEMA_VERSION", broken.version)
        await refused(module_url, BackendError, schema=schema)
        assert await admin.fetchval("SELECT to_regnamespace($1)", schema) is None

    async def test_each_version_is_built_on_the_one_before(
        self, module_url: str, schema: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = migrations.MIGRATIONS
        for number in range(1, len(whole) + 1):
            monkeypatch.setattr(migrations, "MIGRATIONS", whole[:number])
            monkeypatch.setattr(migrations, "SCHEMA_VERSION", number)
            async with PostgresDatabase(url=module_url, schema=schema) as database:
                assert (await database.check()).schema == number
                archive = PostgresConversationArchive(database=database)
                await append(archive, examples.conversation(number))
                assert await archive.total_conversations() == number


class TestStoring:
    async def test_a_conversation_keeps_its_content_hash_whatever_its_numbers(
        self, archive: PostgresConversationArchive
    ) -> None:
        numbers = {"float": 1e22, "small": 5e-324, "large": 1.7e308, "minus": -0.0, "integer": 10**18, "one": 1.0}
        item = attrs.evolve(examples.conversation(), metadata=numbers)
        await append(archive, item)
        (back,) = await archive.recent(scope=ANA, limit=1)
        assert back.content_hash() == item.content_hash()
        (again,) = await append(archive, item)
        assert not again.created

    async def test_ids_of_the_longest_kind_fit_every_index(self, archive: PostgresConversationArchive) -> None:
        letters = random.Random(7)  # not to be compressed
        tenant, user, bot, channel, server = (
            "".join(chr(letters.randrange(0x1F300, 0x1FA00)) for _ in range(256)) for _ in range(5)
        )
        place = Place(audience=Audience.PRIVATE_CHANNEL, channel_id=channel, server_id=server)
        item = examples.conversation(user_id=user, tenant_id=tenant, bot_id=bot, place=place)
        (appended,) = await append(archive, item, projections=tuple(Projection))
        scope = examples.scope(user_id=item.user_id, tenant_id=item.tenant_id, bot_id=item.bot_id, place=place)
        assert await archive.recent(scope=scope, limit=1) == [appended.conversation]

    async def test_many_at_once_succeed_whatever_isolation_the_server_prefers(
        self, archive: PostgresConversationArchive, admin: asyncpg.Connection, module_url: str
    ) -> None:
        name = urlsplit(module_url).path[1:]
        await admin.execute(f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = 'serializable'")
        try:
            await asyncio.gather(*(append(archive, examples.conversation(number)) for number in range(30)))
        finally:
            await admin.execute(f'ALTER DATABASE "{name}" RESET default_transaction_isolation')
        assert await archive.total_conversations() == 30

    async def test_the_sequences_of_a_user_rise_as_the_commits_come(self, archive: PostgresConversationArchive) -> None:
        seen: list[int] = []

        async def follow() -> None:
            while len(seen) < 60:
                page = await archive.page(tenant_id="default", user_id="ana", after_sequence=seen[-1] if seen else 0)
                seen.extend(item.sequence for item in page)

        async with asyncio.timeout(30):
            await asyncio.gather(follow(), *(append(archive, examples.conversation(number)) for number in range(1, 61)))
        assert len(set(seen)) == 60

    async def test_calls_beyond_the_queue_are_refused_before_anything_is_stored(
        self, module_url: str, schema: str
    ) -> None:
        async with PostgresDatabase(url=module_url, schema=schema, pool_size=2, max_waiting=3) as database:
            archive = PostgresConversationArchive(database=database)
            await database.check()
            results = await asyncio.gather(
                *(append(archive, examples.conversation(number)) for number in range(1, 11)), return_exceptions=True
            )
            assert [type(result) for result in results[5:]] == [Overloaded] * 5
            assert await archive.total_conversations() == 5

    async def test_a_call_that_waits_too_long_for_a_connection_is_refused(self, module_url: str, schema: str) -> None:
        settings = {"pool_size": 1, "timeout_s": 0.3, "connect_timeout_s": 0.3}
        async with PostgresDatabase(url=module_url, schema=schema, **settings) as database:  # type: ignore[arg-type]
            await asyncio.sleep(0)
            async with contextlib.AsyncExitStack() as stack:
                with contextlib.suppress(BackendTimeout):  # creating the tables may take longer than that
                    await database.check()
                await stack.enter_async_context(database.connection(operation="hold"))
                with pytest.raises(Overloaded, match="pool_size"):
                    await PostgresConversationArchive(database=database).epoch(tenant_id="default", user_id="ana")

    async def test_a_slow_statement_is_given_up_in_time_and_the_connection_goes_on(
        self, module_url: str, schema: str
    ) -> None:
        async with PostgresDatabase(url=module_url, schema=schema, pool_size=1, timeout_s=1) as database:
            await database.check()
            with pytest.raises(BackendTimeout):
                await database.fetch("SELECT pg_sleep(30)", operation="sleep")
            assert await database.fetchval("SELECT 1", operation="one") == 1

    async def test_a_damaged_row_is_corruption_and_its_text_is_not_repeated(
        self, archive: PostgresConversationArchive, admin: asyncpg.Connection
    ) -> None:
        await append(archive, examples.conversation(user_message="my secret"))
        await admin.execute("UPDATE conversations SET audience = 'my secret'")
        with pytest.raises(BackendCorruption) as raised:
            await archive.recent(scope=ANA, limit=1)
        assert "my secret" not in str(raised.value)

    async def test_workers_and_forgetting_never_wait_for_each_other_in_a_ring(
        self, database: PostgresDatabase, archive: PostgresConversationArchive
    ) -> None:
        outbox = PostgresOutbox(database=database)
        users = ("ana", "bo", "cy")

        async def store(user_id: str, first: int) -> None:
            for number in range(first, first + 30):
                await append(archive, examples.conversation(number, user_id=user_id), projections=tuple(Projection))

        async def work(number: int) -> None:
            projection = tuple(Projection)[number % len(Projection)]
            for turn in range(25):
                jobs = await claim(outbox, projection, limit=7, lease_s=0)
                settle = (outbox.complete(jobs=jobs[::-1]), outbox.retry(jobs=jobs, delay_s=0))
                settle[turn % 2 - 1].close()
                await settle[turn % 2]
                await outbox.bury(jobs=jobs[:1], error="TestError")

        async def forget(user_id: str) -> None:
            for _ in range(10):
                await archive.forget_user(tenant_id="default", user_id=user_id, projections=tuple(Projection))
                await outbox.revive()

        await asyncio.gather(
            *(store(user_id, 1000 * number) for number, user_id in enumerate(users)),
            *(work(number) for number in range(8)),
            *map(forget, users),
        )


class TestPurging:
    async def test_what_was_erased_leaves_the_table_and_its_place_is_taken_by_others(
        self, archive: PostgresConversationArchive, admin: asyncpg.Connection
    ) -> None:
        async def said_by(user_id: str, numbers: range) -> int:
            await append(
                archive, *(examples.conversation(n, user_id=user_id, user_message="my secret" * 99) for n in numbers)
            )
            return int(await admin.fetchval("SELECT pg_relation_size('conversations')"))

        size = await said_by("ana", range(1, 100))
        await archive.forget_user(tenant_id="default", user_id="ana", projections=())
        assert await archive.purge()
        assert await said_by("ben", range(101, 200)) <= size

    async def test_many_erasures_at_once_do_not_keep_each_other_waiting(
        self, archive: PostgresConversationArchive
    ) -> None:
        async def erase(number: int) -> None:
            user_id, numbers = f"user-{number}", range(40 * number + 1, 40 * number + 40)
            await append(archive, *(examples.conversation(n, user_id=user_id) for n in numbers))
            await archive.forget_user(tenant_id="default", user_id=user_id, projections=())
            assert await archive.purge()

        began = time.monotonic()
        await asyncio.gather(*(erase(number) for number in range(6)))
        assert time.monotonic() - began < 5

    async def test_an_old_reader_is_told_of_and_waited_for(
        self, archive: PostgresConversationArchive, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("talktiers.adapters.postgres.purging._PATIENCE_S", 0.2)
        await append(archive, examples.conversation())
        async with admin.transaction(isolation="repeatable_read"):
            assert await admin.fetchval("SELECT count(*) FROM conversations") == 1
            await archive.forget_user(tenant_id="default", user_id="ana", projections=())
            assert not await archive.purge()
        assert await archive.purge()

    async def test_nothing_is_rewritten_where_nothing_was_erased(
        self, archive: PostgresConversationArchive, admin: asyncpg.Connection
    ) -> None:
        await append(archive, examples.conversation())
        assert await archive.purge()
        async with admin.transaction(isolation="repeatable_read"):  # a VACUUM would have something to wait for
            await admin.fetchval("SELECT 1")
            assert await archive.purge()


class TestLostConnections:
    async def test_a_store_whose_answer_is_lost_is_stored_once_and_acknowledged(
        self, module_url: str, schema: str
    ) -> None:
        proxy = Proxy(urlsplit(module_url).port or 0)
        async with listening(proxy) as port:
            url = changed(module_url, host="127.0.0.1", port=port, query="sslmode=disable")
            async with PostgresDatabase(url=url, schema=schema, pool_size=1) as database:
                archive = PostgresConversationArchive(database=database)
                await append(archive, examples.conversation(1))
                proxy.lose = 1
                (appended,) = await append(archive, examples.conversation(2), projections=[LEXICAL])
                assert appended.conversation.sequence > 0
                assert await archive.total_conversations() == 2
                assert len(await claim(PostgresOutbox(database=database))) == 1

    async def test_reads_go_on_after_all_connections_were_cut(
        self, archive: PostgresConversationArchive, admin: asyncpg.Connection
    ) -> None:
        await append(archive, examples.conversation())
        reads = [archive.recent(scope=ANA, limit=1) for _ in range(20)]
        assert all(await asyncio.gather(*reads))
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert all(await asyncio.gather(*(archive.recent(scope=ANA, limit=1) for _ in range(20))))

    async def test_a_connection_that_was_idle_for_long_is_not_trusted(
        self, database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = [await database.fetchval("SELECT pg_backend_pid()", operation="test") for _ in range(2)]
        assert first == second
        monkeypatch.setattr("talktiers.adapters.postgres.connection_pool.MAX_IDLE_S", 0.0)
        assert await database.fetchval("SELECT pg_backend_pid()", operation="test") != first


@pytest.fixture
def own_url(own_servers: ServerSet) -> str:
    (outcome,) = own_servers.start("postgres")
    if not outcome.serves:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"PostgreSQL: {outcome.detail}")
    return own_servers.environment()["TALKTIERS_TEST_POSTGRES_URL"]


class TestRestarts:
    @pytest.mark.parametrize("end", ["restart", "kill"])
    async def test_nothing_acknowledged_is_lost_when_the_server_goes_down_in_the_middle_of_a_load(
        self, own_servers: ServerSet, own_url: str, end: str
    ) -> None:
        acknowledged: set[str] = set()
        seen: set[type[BaseException]] = set()
        stop = asyncio.Event()

        async def store(archive: PostgresConversationArchive, worker: int) -> None:
            number = worker * 100_000
            while not stop.is_set():
                number += 1
                try:
                    await append(archive, examples.conversation(number, user_id=f"u{worker}"), projections=[LEXICAL])
                except BackendError as error:
                    seen.add(type(error))
                    await asyncio.sleep(0.01)
                else:
                    acknowledged.add(examples.conversation_id(number))

        async with PostgresDatabase(url=own_url) as database:
            archive = PostgresConversationArchive(database=database)
            await database.check()
            tasks = [asyncio.create_task(store(archive, worker)) for worker in range(1, 5)]
            await asyncio.sleep(0.5)
            before = len(acknowledged)
            if end == "restart":
                await asyncio.to_thread(own_servers.restart, "postgres")
            else:
                await asyncio.to_thread(own_servers.kill, "postgres")
                await asyncio.sleep(0.2)
                await asyncio.to_thread(own_servers.start, "postgres")
            (first,) = await append(archive, examples.conversation(7))  # the very next call
            await asyncio.sleep(0.5)
            stop.set()
            await asyncio.gather(*tasks)
            assert 0 < before < len(acknowledged)
            keys = [
                examples.conversation(100_000 * worker + number, user_id=f"u{worker}").key
                for worker in range(1, 5)
                for number in range(1, 20_000)
            ]
            wanted = [key for key in keys if key.conversation_id in acknowledged]
            stored = await archive.existing(keys=wanted)
            assert acknowledged <= stored
            jobs = await claim(PostgresOutbox(database=database), limit=100_000)
            assert acknowledged <= {job.conversation_id for job in jobs}
            assert first.created
        assert seen <= {BackendUnavailable, BackendTimeout}

    async def test_a_certificate_is_verified_and_an_authority_can_be_named(
        self, own_servers: ServerSet, own_url: str, tmp_path: Path
    ) -> None:
        certificate = tmp_path / "certificate.pem"
        await asyncio.to_thread(_use_certificate, own_servers, certificate)

        async with PostgresDatabase(url=changed(own_url, host="localhost"), ca_file=str(certificate)) as database:
            await database.check()
            assert await database.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", operation="t")
        unknown = await refused(changed(own_url, host="localhost", query="sslmode=require"), BackendMisconfigured)
        assert "ca_file" in unknown
        other_name = await refused(own_url, BackendMisconfigured, ca_file=str(certificate))
        assert "certificate" in other_name


def _use_certificate(servers: ServerSet, certificate: Path) -> None:
    """Makes a certificate for `localhost` that vouches for itself, and lets the server use it."""
    data = Path(json.loads((servers.folder / "state.json").read_text("utf-8"))["postgres"]["data"])
    key = data / "server.key"
    made = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run([*made.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    shutil.copy(certificate, data / "server.crt")
    for path in (key, data / "server.crt"):
        path.chmod(0o600)
        shutil.chown(path, data.stat().st_uid, data.stat().st_gid)
    with (data / "postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write("\nssl = on\n")
    servers.restart("postgres")
