"""Signing in, certificates, versions, other people's collections, restarts: what a Chroma server may do to a memory."""

import asyncio
import contextlib
import json
import os
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import numpy as np
import numpy.typing as npt
import pytest
from chroma_stand_ins import Gateway, Handler, answering, certificate, listening, silent
from chromadb.api.collection_configuration import CreateCollectionConfiguration, CreateHNSWConfiguration
from chromadb.api.models.AsyncCollection import AsyncCollection
from chromadb.api.types import Space
from chromadb.types import Collection
from servers import ServerSet

from talktiers.adapters.chroma.server import ChromaApi, ChromaServer
from talktiers.adapters.chroma.summary_index import ChromaSummaryIndex
from talktiers.domain.errors import (
    BackendError,
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
    ConfigurationError,
    MemoryClosed,
)
from talktiers.ports.contracts import examples
from talktiers.ports.summary_index import SummaryIndex, SummaryRecord

TOKEN = "tk-0123456789"
DIMENSIONS = 8
CANARY = "my sister moved to Porto"
ANA = {"tenant_id": "default", "user_id": "ana"}


def vector(*values: float) -> npt.NDArray[np.float32]:
    return examples.unit_vector(*values, dimensions=DIMENSIONS)


def record(number: int, *values: float, user_id: str = "ana", text: str | None = None) -> SummaryRecord:
    item = examples.stored(number, user_id=user_id)
    return examples.summary_record(item, vector=vector(*(values or (1,))), text=text)


async def found(index: SummaryIndex, *, user_id: str = "ana", limit: int = 50) -> list[str]:
    """What a search brings back."""
    matches = await index.search(scope=examples.scope(user_id=user_id), vector=vector(1), limit=limit)
    return [match.conversation_id for match in matches]


def ids(*numbers: int) -> list[str]:
    return [examples.conversation_id(number) for number in numbers]


@attrs.frozen
class Store:
    """A server, and indexes under one prefix there that are nobody else's."""

    server: ChromaServer
    prefix: str

    def index(
        self,
        *,
        fingerprint: str | None = "model-1",
        dimensions: int | None = DIMENSIONS,
        collections: int = 2,
        store_text: bool = True,
    ) -> ChromaSummaryIndex:
        return ChromaSummaryIndex(
            server=self.server,
            fingerprint=fingerprint,
            dimensions=dimensions,
            collections=collections,
            prefix=self.prefix,
            store_text=store_text,
        )

    async def names(self) -> list[str]:
        """The collections under the prefix."""
        listed = await self.server.call("test", lambda api: api.list_collections())
        return sorted(item.name for item in listed if item.name.startswith(f"{self.prefix}."))

    async def create(self, name: str, *, space: Space) -> AsyncCollection:
        """A collection as somebody else makes it, or the one that is there."""
        configuration = CreateCollectionConfiguration(hnsw=CreateHNSWConfiguration(space=space))

        async def create(api: ChromaApi) -> AsyncCollection:
            made = await api.create_collection(name, configuration=configuration, get_or_create=True)
            return _collection(api, made)

        return await self.server.call("test", create)

    async def delete(self, name: str) -> None:
        await self.server.call("test", lambda api: api.delete_collection(name))


def _collection(api: ChromaApi, model: Collection) -> AsyncCollection:
    return AsyncCollection(client=api, model=model, embedding_function=None)


@contextlib.asynccontextmanager
async def opened(url: str, **settings: Any) -> AsyncIterator[Store]:
    async with ChromaServer(url=url, **settings) as server:
        store = Store(server, f"test-{secrets.token_hex(8)}")
        yield store
        with contextlib.suppress(BackendError):
            for name in await store.names():
                await store.delete(name)


@pytest.fixture
async def store(chroma_url: str, chroma_token: str | None) -> AsyncIterator[Store]:
    async with opened(chroma_url, token=chroma_token) as opened_store:
        yield opened_store


@pytest.fixture
def port(chroma_url: str) -> int:
    return urlsplit(chroma_url).port or 80


class TestSigningIn:
    async def test_a_token_signs_in_and_a_wrong_one_is_a_setting_to_mend(self, port: int) -> None:
        async with listening(Gateway(port, token=TOKEN)) as gate:
            url = f"http://127.0.0.1:{gate}"
            async with ChromaServer(url=url, token=TOKEN) as server:
                assert (await server.check()).version
            for wrong in ("another-token", None):
                async with ChromaServer(url=url, token=wrong) as server:
                    with pytest.raises(BackendMisconfigured, match="setting token") as raised:
                        await server.check()
                    assert url in str(raised.value)
                    assert "another-token" not in f"{raised.value} {raised.value.__cause__} {server!r}"

    async def test_each_server_is_shown_its_own_token_only(self, port: int) -> None:
        one, other = Gateway(port), Gateway(port)
        async with (
            listening(one) as at_one,
            listening(other) as at_other,
            ChromaServer(url=f"http://127.0.0.1:{at_one}", token="token-of-one") as first,
            ChromaServer(url=f"http://127.0.0.1:{at_other}") as second,
        ):
            await first.check()
            await second.check()
        assert one.tokens == {"token-of-one"}
        assert other.tokens == {None}

    async def test_a_certificate_is_verified_and_its_authority_can_be_named(self, port: int, tmp_path: Path) -> None:
        ca_file, tls = certificate(tmp_path, host="127.0.0.1")
        async with listening(Gateway(port), tls=tls) as gate:
            async with ChromaServer(url=f"https://127.0.0.1:{gate}", ca_file=str(ca_file)) as server:
                assert (await server.check()).version
            async with ChromaServer(url=f"https://127.0.0.1:{gate}") as server:
                with pytest.raises(BackendMisconfigured, match=r"certificate.*ca_file"):
                    await server.check()

    async def test_a_certificate_of_another_host_is_refused(self, port: int, tmp_path: Path) -> None:
        ca_file, tls = certificate(tmp_path, host="other.example")
        async with (
            listening(Gateway(port), tls=tls) as gate,
            ChromaServer(url=f"https://127.0.0.1:{gate}", ca_file=str(ca_file)) as server,
        ):
            with pytest.raises(BackendMisconfigured, match="certificate"):
                await server.check()

    async def test_tls_to_a_server_without_it_is_a_setting_to_mend(self, port: int) -> None:
        async with ChromaServer(url=f"https://127.0.0.1:{port}") as server:
            with pytest.raises(BackendMisconfigured, match="TLS"):
                await server.check()

    @pytest.mark.parametrize("wrong", [{"database": "nowhere"}, {"tenant": "nobody"}])
    async def test_a_database_that_is_missing_is_named(self, chroma_url: str, wrong: dict[str, Any]) -> None:
        async with ChromaServer(url=chroma_url, **wrong) as server:
            with pytest.raises(BackendMisconfigured, match=next(iter(wrong.values()))):
                await server.check()


class TestChecking:
    @pytest.mark.parametrize(
        ("answer", "told"),
        [
            (answering("200 OK", '"0.6.3"'), "0.6.3.*1.0 or newer"),
            (answering("200 OK", "<html>hello</html>"), "no Chroma server"),
            (answering("200 OK", '{"hello": 1}'), "1.0 or newer"),
            (answering("404 Not Found", "{}"), "no Chroma server"),
            (answering("308 Permanent Redirect", ""), "elsewhere"),
        ],
    )
    async def test_what_is_no_chroma_server_or_too_old_is_told(self, answer: Handler, told: str) -> None:
        async with listening(answer) as at, ChromaServer(url=f"http://127.0.0.1:{at}") as server:
            with pytest.raises(BackendMisconfigured, match=told):
                await server.check()

    async def test_a_silent_server_is_waited_for_no_longer_than_told(self) -> None:
        async with listening(silent) as at, ChromaServer(url=f"http://127.0.0.1:{at}", timeout_s=0.2) as server:
            began = time.monotonic()
            with pytest.raises(BackendTimeout, match="timeout_s"):
                await server.check()
            assert time.monotonic() - began < 1

    async def test_a_failed_check_is_told_again_for_a_moment_without_asking(self) -> None:
        asked = 0

        async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal asked
            asked += 1
            await silent(reader, writer)

        async with listening(counting) as at, opened(f"http://127.0.0.1:{at}", timeout_s=0.1) as store:
            for _ in range(3):
                with pytest.raises(BackendTimeout):
                    await found(store.index())
        assert asked == 1

    async def test_callers_at_once_share_one_check(self, port: int) -> None:
        gateway = Gateway(port)
        async with listening(gateway) as gate, opened(f"http://127.0.0.1:{gate}") as store:
            index = store.index()
            await asyncio.gather(*(found(index) for _ in range(10)))
        assert len([line for line in gateway.requests if "/version" in line]) == 1

    async def test_entering_connects_to_nothing_and_outside_nothing_is_asked(self) -> None:
        server = ChromaServer(url="http://127.0.0.1:9")
        with pytest.raises(MemoryClosed):
            await server.check()
        async with server:
            pass
        with pytest.raises(MemoryClosed):
            await server.check()

    async def test_a_server_that_is_not_there_is_unavailable(self) -> None:
        async with ChromaServer(url="http://127.0.0.1:9") as server:
            with pytest.raises(BackendUnavailable, match=r"http://127\.0\.0\.1:9 "):
                await server.check()

    @pytest.mark.parametrize(
        "setting",
        [
            {"url": "chroma:8000"},
            {"url": "ftp://chroma"},
            {"url": "http://"},
            {"url": "http://chroma:x"},
            {"url": "http://user:hunter2@chroma:8000"},
            {"token": "zwei\nZeilen"},
            {"token": ""},
            {"timeout_s": 0},
            {"database": ""},
        ],
    )
    def test_a_malformed_setting_is_refused_and_not_repeated(self, setting: dict[str, Any]) -> None:
        with pytest.raises(ConfigurationError) as raised:
            ChromaServer(**{"url": "http://chroma:8000", **setting})
        assert "hunter2" not in str(raised.value)

    @pytest.mark.parametrize("content", [None, "no certificate"])
    async def test_an_unusable_ca_file_is_refused_at_the_start(self, tmp_path: Path, content: str | None) -> None:
        ca_file = tmp_path / "ca.pem"
        if content is not None:
            ca_file.write_text(content)
        with pytest.raises(ConfigurationError, match=r"ca\.pem"):
            async with ChromaServer(url="https://chroma:8000", ca_file=str(ca_file)):
                pass


class TestCollections:
    async def test_another_space_is_a_fault_that_names_the_collection(self, store: Store) -> None:
        index = store.index(collections=1)
        await index.add(records=[record(1)])
        (name,) = await store.names()
        await store.delete(name)
        await store.create(name, space="l2")
        for act in (found(index), index.add(records=[record(1)]), store.server.check()):
            with pytest.raises(BackendMisconfigured, match=f"{name}.*l2.*rebuild"):
                await act

    async def test_other_dimensions_are_a_fault_that_names_the_collection(self, store: Store) -> None:
        index = store.index(collections=1)
        await index.add(records=[record(1)])
        (name,) = await store.names()
        await store.delete(name)
        other = await store.create(name, space="cosine")
        await other.upsert(ids=["x"], embeddings=np.ones((1, 3), dtype=np.float32))
        for act in (found(index), store.server.check()):
            with pytest.raises(BackendMisconfigured, match=f"{name}.*3 dimensions instead of {DIMENSIONS}"):
                await act

    async def test_the_check_tells_whose_vectors_are_there(self, store: Store) -> None:
        index = store.index(fingerprint="model-1")
        assert (await store.server.check()).fingerprint is None
        await index.add(records=[record(1)])
        assert (await store.server.check()).fingerprint == "model-1"

    @pytest.mark.parametrize("change", [{"fingerprint": "model-2"}, {"collections": 3}, {"dimensions": 4}])
    async def test_another_model_or_number_of_collections_begins_empty_and_loses_nothing(
        self, store: Store, change: dict[str, Any]
    ) -> None:
        old, new = store.index(), store.index(**change)
        await old.add(records=[record(1), record(2, user_id="bo")])
        scope, asked = examples.scope(), examples.unit_vector(1, dimensions=change.get("dimensions", DIMENSIONS))
        item = examples.stored(3)
        await new.add(records=[examples.summary_record(item, vector=asked)])
        matches = await new.search(scope=scope, vector=asked, limit=9)
        assert [match.conversation_id for match in matches] == ids(3)
        assert list(await new.summaries(scope=scope, conversation_ids=ids(1, 2, 3))) == ids(3)
        assert await found(old) == ids(1)

    async def test_forgetting_reaches_what_an_older_setting_has_left(self, store: Store) -> None:
        old, new = store.index(fingerprint="model-1"), store.index(fingerprint="model-2", collections=5)
        await old.add(records=[record(1), record(2), record(3), record(4, user_id="bo")])
        await new.add(records=[record(3)])
        assert await new.conversation_ids(**ANA) == set(ids(1, 2, 3))
        assert await new.forget_conversations(**ANA, conversation_ids=ids(1)) == 1
        assert await found(old) == ids(2, 3)
        assert await new.forget_user(**ANA) == 3
        assert await found(old) == await found(new) == []
        assert await found(old, user_id="bo") == ids(4)

    async def test_what_is_outdated_can_be_removed(self, store: Store) -> None:
        old, new = store.index(fingerprint="model-1"), store.index(fingerprint="model-2")
        stranger = await store.create(f"{store.prefix}-of-somebody", space="l2")
        await old.add(records=[record(1)])
        await new.add(records=[record(1)])
        assert await new.remove_outdated() == 1
        assert await new.remove_outdated() == 0
        assert await found(old) == []
        assert await found(new) == ids(1)
        assert await stranger.count() == 0
        await store.delete(stranger.name)

    async def test_indexes_of_different_prefixes_share_a_server_and_nothing_else(
        self, store: Store, chroma_url: str, chroma_token: str | None
    ) -> None:
        async with opened(chroma_url, token=chroma_token) as other:
            mine, theirs = store.index(), other.index()
            await mine.add(records=[record(1)])
            assert await found(theirs) == []
            assert await theirs.forget_user(**ANA) == 0
            assert await theirs.remove_outdated() == 0
            assert await found(mine) == ids(1)

    async def test_users_are_spread_over_the_collections(self, store: Store) -> None:
        index = store.index(collections=4)
        await index.add(records=[record(number, user_id=f"user-{number}") for number in range(40)])
        assert len(await store.names()) == 4
        for number in range(40):
            assert await found(index, user_id=f"user-{number}") == ids(number)

    async def test_a_collection_that_somebody_deleted_is_made_anew(self, store: Store) -> None:
        index = store.index(collections=1)
        await index.add(records=[record(1)])
        for act, expected in ((None, []), (record(2), ids(2))):
            for name in await store.names():
                await store.delete(name)
            if act is not None:
                await index.add(records=[act])
            assert await found(index) == expected

    @pytest.mark.parametrize("prefix", ["", "a.b", "-a", "a b", "ä", "x" * 65])
    def test_a_prefix_that_chroma_would_refuse_is_refused(self, prefix: str) -> None:
        server = ChromaServer(url="http://chroma:8000")
        with pytest.raises(ConfigurationError, match="prefix"):
            ChromaSummaryIndex(server=server, fingerprint=None, dimensions=None, prefix=prefix)


class TestRecords:
    async def test_of_many_equal_ones_the_first_ids_are_found(self, store: Store) -> None:
        index = store.index()
        await index.add(records=[record(number) for number in range(300, 0, -1)])
        assert await found(index, limit=7) == ids(*range(1, 8))

    async def test_without_text_vectors_are_all_that_is_kept(self, store: Store) -> None:
        with_text, without = store.index(), store.index(store_text=False)
        await with_text.add(records=[record(1, text=CANARY)])
        await without.add(records=[record(1, text=CANARY), record(2, text=CANARY)])
        assert await found(without) == ids(1, 2)
        for index in (without, with_text):
            assert await index.summaries(scope=examples.scope(), conversation_ids=ids(1, 2)) == {}
        held = await store.server.call("test", lambda api: _everything(api, store.prefix))
        assert held
        assert CANARY not in held

    async def test_a_record_that_somebody_damaged_is_not_held(self, store: Store) -> None:
        index = store.index(collections=1)
        await index.add(records=[record(1), record(2)])
        (name,) = await store.names()
        collection = await store.create(name, space="cosine")
        damaged = await collection.get(where={"text": "kept"}, include=[])
        await collection.update(ids=damaged["ids"][:1], metadatas=[{"place": "[", "occurred_at": "yesterday"}])
        assert len(await index.summaries(scope=examples.scope(), conversation_ids=ids(1, 2))) == 1

    async def test_without_an_embedder_summaries_are_held_and_nothing_is_found(self, store: Store) -> None:
        index = store.index(fingerprint=None, dimensions=None)
        await index.add(records=[examples.summary_record(examples.stored(1))])
        assert await found(index) == []
        assert list(await index.summaries(scope=examples.scope(), conversation_ids=ids(1))) == ids(1)
        assert await index.forget_user(**ANA) == 1

    @pytest.mark.parametrize("wrong", [[1.0], [float("nan")] * DIMENSIONS, [float("inf")] * DIMENSIONS])
    async def test_a_vector_that_is_none_is_refused(self, store: Store, wrong: list[float]) -> None:
        index, bad = store.index(), np.array(wrong, dtype=np.float32)
        with pytest.raises(ValueError, match="a vector has"):
            await index.add(records=[examples.summary_record(examples.stored(1), vector=bad)])
        with pytest.raises(ValueError, match="a vector has"):
            await index.search(scope=examples.scope(), vector=bad, limit=1)

    async def test_more_records_than_one_request_takes_are_all_added_and_all_forgotten(self, store: Store) -> None:
        index = store.index()
        await index.add(records=[record(number, 1, number) for number in range(1200)])
        assert len(await index.conversation_ids(**ANA)) == 1200
        assert await index.forget_user(**ANA) == 1200
        assert await index.conversation_ids(**ANA) == frozenset()


@attrs.frozen
class OwnChroma:
    """A server of one test's own."""

    servers: ServerSet
    url: str
    folder: Path

    def queued(self, text: str) -> int:
        """How many entries of the queue of writes hold a text."""
        with contextlib.closing(sqlite3.connect(self.folder / "chroma" / "data" / "chroma.sqlite3")) as database:
            rows = database.execute("SELECT count(*) FROM embeddings_queue WHERE instr(metadata, ?)", (text,))
            return int(rows.fetchone()[0])


@pytest.fixture
def own_chroma(own_servers: ServerSet) -> OwnChroma:
    (outcome,) = own_servers.start("chroma")
    if not outcome.serves:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(outcome.detail)
    return OwnChroma(own_servers, own_servers.environment()["TALKTIERS_TEST_CHROMA_URL"], own_servers.folder)


class TestRestarts:
    async def test_connections_that_went_stale_are_not_noticed(self, port: int) -> None:
        gateway = Gateway(port)
        async with listening(gateway) as gate, opened(f"http://127.0.0.1:{gate}") as store:
            index = store.index()
            await index.add(records=[record(1)])
            for number in range(2, 6):
                await asyncio.gather(*(found(index) for _ in range(4)))
                gateway.cut()
                await index.add(records=[record(number)])
            assert await found(index) == ids(*range(1, 6))

    async def test_a_restart_in_the_middle_of_a_load_loses_nothing_acknowledged(self, own_chroma: OwnChroma) -> None:
        acknowledged: set[int] = set()
        over = False

        async def load(index: SummaryIndex, worker: int) -> None:
            number = worker
            while not over:
                with contextlib.suppress(BackendError):
                    await index.add(records=[record(number, 1, number)])
                    acknowledged.add(number)
                    number += 4
                    await found(index)
                await asyncio.sleep(0.01)

        async with opened(own_chroma.url) as store:
            index = store.index()
            async with asyncio.TaskGroup() as group:
                for worker in range(4):
                    group.create_task(load(index, worker))
                await _until(lambda: len(acknowledged) > 20)
                own_chroma.servers.kill("chroma")
                before = len(acknowledged)
                await asyncio.to_thread(own_chroma.servers.start, "chroma")
                await _until(lambda: len(acknowledged) > before + 20)
                over = True
            assert {*ids(*acknowledged)} <= await index.conversation_ids(**ANA)
            assert {*ids(*acknowledged)} <= {*await found(index, limit=4096)}

    async def test_down_is_told_and_up_again_is_used(self, own_chroma: OwnChroma) -> None:
        async with opened(own_chroma.url) as store:
            index = store.index()
            await index.add(records=[record(1)])
            own_chroma.servers.kill("chroma")
            with pytest.raises(BackendUnavailable, match=own_chroma.url):
                await found(index)
            own_chroma.servers.start("chroma")
            assert await found(index) == ids(1)

    async def test_a_server_that_comes_back_empty_is_filled_again(self, own_chroma: OwnChroma) -> None:
        async with opened(own_chroma.url) as store:
            index = store.index()
            await index.add(records=[record(1)])
            own_chroma.servers.kill("chroma")
            for path in sorted((own_chroma.folder / "chroma" / "data").rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            own_chroma.servers.start("chroma")
            assert await found(index) == []
            await index.add(records=[record(2)])
            assert await found(index) == ids(2)

    async def test_what_was_forgotten_is_not_left_in_the_queue_of_writes(self, own_chroma: OwnChroma) -> None:
        async with opened(own_chroma.url) as store:
            index = store.index()
            await index.add(records=[record(number, text=f"{CANARY} {number}") for number in range(1, 6)])
            assert own_chroma.queued(CANARY) == 5
            await index.forget_conversations(**ANA, conversation_ids=ids(2))
            assert own_chroma.queued(f"{CANARY} 2") == 0
            await index.forget_user(**ANA)
            assert own_chroma.queued(CANARY) == 0


async def _everything(api: ChromaApi, prefix: str) -> str:
    """All that is stored under a prefix, as text."""
    texts = []
    for model in await api.list_collections():
        if model.name.startswith(prefix):
            collection = _collection(api, model)
            texts.append(json.dumps(await collection.get(include=["metadatas", "documents"])))
    return "".join(texts)


async def _until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not reached():  # noqa: ASYNC110  # it happens on a server
            await asyncio.sleep(0.01)
