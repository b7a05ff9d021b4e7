"""The old bot's ChromaDB store, moved in: nothing lost, nothing twice, nothing dated wrongly, nothing made public."""

import datetime as dt
import hashlib
import json
import shutil
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import pytest
from command_line import COMMAND, TIMEOUT_S, environment, type_in
from old_bot import OldRecord, old_records, opened_client, served_client, write_records, write_store

from talktiers import ChromaDBMigrator, MigrationError, Settings, open_memory
from talktiers.domain.conversation import Conversation
from talktiers.entrypoints.settings import MigrationSettings, SqliteSettings

NUMBER = 330


@pytest.fixture(scope="module")
def records() -> list[OldRecord]:
    return old_records(NUMBER, seed=7)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, records: list[OldRecord]) -> Path:
    """Read by all tests and changed by none: that it is not is one of the promises."""
    folder = tmp_path_factory.mktemp("old") / "chroma_db"
    write_store(folder, records)
    return folder


def import_store(folder: Path, store: Path | str, *further: str) -> Any:
    done = type_in(folder, "import", "chroma", str(store), "--time-zone", "Europe/Berlin", "--json", *further)
    assert done.code in {0, 1}, done.err
    return done.json


def exported(folder: Path) -> bytes:
    done = type_in(folder, "export", "--all")
    assert done.code == 0, done.err
    return done.out.encode()


def earliest(records: list[OldRecord], user_id: str) -> dt.datetime:
    return min(
        item.occurred_at
        for item in records
        if str(item.metadata.get("user_id")) == user_id and item.occurred_at is not None
    )


def digest(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


async def everything(memory: Any, user_id: str) -> list[Conversation]:
    return [item async for item in memory.export_user(user_id)]


async def test_every_record_is_found_by_its_user_with_its_exact_text_and_its_original_time(
    tmp_path: Path, store: Path, records: list[OldRecord]
) -> None:
    before = digest(store)
    report = import_store(tmp_path, store, "--verify", "--rejects", "bad.jsonl")
    becomes = Counter(item.becomes for item in records)
    assert report["total"] == len(records)
    assert report["migrated"] == becomes["conversation"]
    assert report["facts"] == becomes["fact"]
    assert report["placeholders"] == becomes["placeholder"]
    assert report["rejected"] == becomes["rejected"]
    assert report["duplicates"] == 0
    assert sum(report["rejected_by_reason"].values()) == report["rejected"]
    assert report["times_unknown"] == sum(item.occurred_at is None for item in records)
    assert report["cleaned"] == sum("\ufffd" in item.user_message for item in records)
    assert report["verification"]["ok"] is True
    rejected = [json.loads(line) for line in (tmp_path / "bad.jsonl").read_text().splitlines()]
    assert {item["raw"]["id"] for item in rejected} == {
        item.record_id for item in records if item.becomes == "rejected"
    }
    assert all(item["reason"] for item in rejected)
    assert digest(store) == before

    async with open_memory(str(tmp_path / "talktiers.db")) as memory:
        for user_id in {item.user_id for item in records if item.user_id is not None}:
            found = Counter(
                (item.user_message, item.bot_response, item.occurred_at, item.place.audience.value, item.message_type)
                for item in await everything(memory, user_id)
            )
            assert found == Counter(
                (
                    item.user_message,
                    item.bot_response,
                    item.occurred_at or earliest(records, user_id),
                    item.audience,
                    "fact" if item.becomes == "fact" else "conversation",
                )
                for item in records
                if item.user_id == user_id and item.becomes != "rejected"
            )


async def test_what_was_said_is_found_by_searching_and_a_direct_message_never_in_a_public_channel(
    tmp_path: Path,
) -> None:
    secret = attrs.evolve(old_records(11, seed=1)[0], record_id="7_2025-09-02T10:00:00_1", user_id="7")
    secret.metadata.update(user_id="7", user_message="My safe's number is 4711", bot_response="I will keep it.")
    public = attrs.evolve(secret, record_id="7_2025-09-03T10:00:00_2", metadata={**secret.metadata})
    public.metadata.update(
        user_message="The safe is green",
        timestamp="2025-09-03T10:00:00",
        context_type="public_channel",
        security_level="public_channel",
        channel_id="55",
        server_id="777",
    )
    store = tmp_path / "chroma_db"
    write_store(store, [secret, public])
    assert import_store(tmp_path, store)["stored"] == 2
    async with open_memory(str(tmp_path / "talktiers.db")) as memory:
        await memory.settle()
        bundle = await memory.get_conversation_context("7", "what is the number of my safe?", deadline_ms=5000)
        assert "4711" in bundle.to_context_string()
        there: Any = {"channel_id": "55", "server_id": "777", "audience": "public_channel"}
        bundle = await memory.get_conversation_context("7", "what about my safe?", deadline_ms=5000, **there)
        assert "green" in bundle.to_context_string()
        assert "4711" not in bundle.to_context_string()
        assert [item.conversation.user_message for item in await memory.search("7", "safe", **there)] == [
            "The safe is green"
        ]


async def test_facts_about_nobody_are_in_no_users_context(tmp_path: Path, store: Path) -> None:
    import_store(tmp_path, store)
    async with open_memory(str(tmp_path / "talktiers.db")) as memory:
        facts = await everything(memory, "global")
        assert facts
        assert all(item.metadata["fact_kind"] == "global_fact" for item in facts)
        assert (
            "bot lives"
            not in (
                await memory.get_conversation_context("123", "where does the bot live?", deadline_ms=5000)
            ).to_context_string()
        )


def test_importing_twice_is_importing_once(tmp_path: Path, store: Path) -> None:
    first = import_store(tmp_path, store)
    before = exported(tmp_path)
    again = import_store(tmp_path, store)
    assert (again["stored"], again["duplicates"]) == (0, first["stored"])
    assert exported(tmp_path) == before


def test_killed_at_any_moment_and_run_again_it_ends_in_the_same_archive(tmp_path: Path) -> None:
    records = old_records(3300, seed=3)
    store = tmp_path / "chroma_db"
    write_store(store, records)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    expected = import_store(whole, store, "--rejects", "bad.jsonl")
    arguments = ["import", "chroma", str(store), "--time-zone", "Europe/Berlin", "--rejects", "bad.jsonl", "--json"]
    stopped_at = []
    for part in (0.1, 0.4, 0.8):
        running = subprocess.Popen([*COMMAND, *arguments], cwd=killed, env=environment(), stdout=subprocess.DEVNULL)
        try:
            given_up = time.monotonic() + TIMEOUT_S
            while stored(killed / "talktiers.db") < part * expected["stored"]:
                assert running.poll() is None, "it ended before it could be killed"
                assert time.monotonic() < given_up
        finally:
            running.kill()
            running.wait()
        stopped_at.append(stored(killed / "talktiers.db"))
    assert 0 < stopped_at[0] < stopped_at[-1] < expected["stored"]
    last = import_store(killed, store, "--rejects", "bad.jsonl")
    assert last["resumed"] is True
    counted = ("total", "migrated", "facts", "placeholders", "duplicates", "rejected", "times_unknown", "cleaned")
    assert {key: last[key] for key in counted} == {key: expected[key] for key in counted}
    assert exported(killed) == exported(whole)
    rejected = {(folder / "bad.jsonl").read_text() for folder in (whole,)}
    lines = set((killed / "bad.jsonl").read_text().splitlines())
    assert lines == set("".join(rejected).splitlines())
    runs = type_in(killed, "import", "list", "--json").json
    assert [(run["state"], run["stored"]) for run in runs] == [("completed", expected["stored"])]


def stored(database: Path) -> int:
    """Committed conversations, as another process sees them."""
    if not database.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT COUNT(*) FROM conversations").fetchone()[0])
    except sqlite3.OperationalError:  # the schema is not there yet
        return 0


async def test_a_roll_back_takes_what_the_run_brought_and_nothing_else_and_it_can_come_again(
    tmp_path: Path, store: Path, records: list[OldRecord]
) -> None:
    user_id = next(item.user_id for item in records if item.becomes == "conversation" and item.user_id)
    part = import_store(tmp_path, store, "--user", user_id)
    assert 0 < part["stored"] < NUMBER
    async with open_memory(str(tmp_path / "talktiers.db")) as memory:
        await memory.store_conversation(user_id, "said in between", "noted", idempotency_key="between")
    before = exported(tmp_path)
    rest = import_store(tmp_path, store)
    assert rest["duplicates"] == part["stored"]
    everything_there = exported(tmp_path)
    forgotten = next(item for item in json_lines(everything_there) if item["user_id"] == "global")
    assert type_in(tmp_path, "forget", "global", "--conversation", forgotten["conversation_id"], "--yes").code == 0

    done = type_in(tmp_path, "import", "rollback", rest["run_id"], "--json")
    assert done.code == 0, done.err
    assert done.json["removed"] == rest["stored"] - 1
    assert exported(tmp_path) == before
    assert type_in(tmp_path, "import", "rollback", rest["run_id"], "--json").json["removed"] == 0

    again = import_store(tmp_path, store)
    assert again["stored"] == rest["stored"] - 1
    reasons = [reason for reason in again["rejected_by_reason"] if "erased" in reason]
    assert len(reasons) == 1, "what its user had forgotten stays forgotten"
    assert sorted(map(str, json_lines(exported(tmp_path)))) == sorted(
        str(item) for item in json_lines(everything_there) if item != forgotten
    )
    async with open_memory(str(tmp_path / "talktiers.db")) as memory:
        await memory.settle()
        assert await memory.search(user_id, "said in between")
        for backlog in (await memory.stats()).backlog:
            assert (backlog.waiting, backlog.dead_letters) == (0, 0)


def json_lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


def test_rejects_are_corrected_and_imported(tmp_path: Path, store: Path) -> None:
    first = import_store(tmp_path, store, "--rejects", "bad.jsonl")
    corrected = []
    for line in (tmp_path / "bad.jsonl").read_text().splitlines():
        reject = json.loads(line)
        reject["raw"]["metadata"].update(user_id="found", user_message="what was said")
        corrected.append(json.dumps(reject))
    (tmp_path / "good.jsonl").write_text("\n".join(corrected))
    second = import_store(tmp_path, tmp_path / "good.jsonl")
    assert (second["stored"], second["rejected"]) == (first["rejected"], 0)
    third = import_store(tmp_path, tmp_path / "good.jsonl")
    assert third["duplicates"] == first["rejected"]


def test_a_dry_run_says_what_would_come_and_leaves_nothing(tmp_path: Path, store: Path) -> None:
    dry = import_store(tmp_path, store, "--dry-run")
    assert type_in(tmp_path, "import", "list", "--json").json == []
    wet = import_store(tmp_path, store)
    for key in ("total", "migrated", "facts", "placeholders", "duplicates", "rejected", "rejected_by_reason"):
        assert dry[key] == wet[key], key


def no_store(folder: Path, _: Path) -> None:
    (folder / "notes.txt").write_text("nothing here")


def no_database(folder: Path, _: Path) -> None:
    (folder / "chroma.sqlite3").write_text("not a database at all" * 100)


def other_database(folder: Path, _: Path) -> None:
    with closing(sqlite3.connect(folder / "chroma.sqlite3")) as connection:
        connection.execute("CREATE TABLE notes (text)")
        connection.commit()


def truncated(folder: Path, store: Path) -> None:
    content = (store / "chroma.sqlite3").read_bytes()
    (folder / "chroma.sqlite3").write_bytes(content[: len(content) // 2])


def newer(folder: Path, store: Path) -> None:
    shutil.copy(store / "chroma.sqlite3", folder)
    with closing(sqlite3.connect(folder / "chroma.sqlite3")) as connection:
        connection.execute(
            "INSERT INTO migrations SELECT dir, 900, '00900-later.sqlite.sql', sql, hash FROM migrations LIMIT 1"
        )
        connection.commit()


def without_collections(folder: Path, _: Path) -> None:
    with opened_client(folder):
        pass


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (no_store, "is no ChromaDB store: there is no chroma.sqlite3 in it"),
        (no_database, "is no ChromaDB store that can be read"),
        (other_database, "is no ChromaDB store that can be read"),
        (truncated, "is damaged: restore it from a backup"),
        (newer, "was written by a newer ChromaDB"),
        (without_collections, "neither of the collections user_memories and global_facts"),
    ],
)
def test_a_bad_source_says_what_is_wrong_and_leaves_nothing_behind(
    tmp_path: Path, store: Path, spoil: Any, said: str
) -> None:
    folder = tmp_path / "chroma_db"
    folder.mkdir()
    spoil(folder, store)
    before = digest(folder)
    done = type_in(tmp_path, "import", "chroma", str(folder), "--json")
    assert (done.code, done.out) == (1, "")
    assert said in done.err
    assert "Traceback" not in done.err
    assert digest(folder) == before
    assert stored(tmp_path / "talktiers.db") == 0


def test_another_dimension_does_not_matter(tmp_path: Path) -> None:
    write_store(tmp_path / "old", old_records(22, seed=5), dimensions=768)
    assert import_store(tmp_path, tmp_path / "old")["stored"] > 0


class Failing:
    """A client of a server that goes away after so many calls, and comes back."""

    def __init__(self, client: Any, *, calls: int) -> None:
        self.client = client
        self.calls = calls

    def get_collection(self, name: str, *, embedding_function: None) -> Any:
        collection = self.client.get_collection(name, embedding_function=embedding_function)
        outer = self

        class Collection:
            def get(self, **arguments: Any) -> Any:
                outer.calls -= 1
                if outer.calls < 0:
                    raise ConnectionRefusedError("nobody listens")
                return collection.get(**arguments)

        return Collection()


async def test_a_server_that_goes_away_is_a_clear_error_and_the_next_run_goes_on(
    tmp_path: Path, store: Path, records: list[OldRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("talktiers.adapters.sources.legacy_client._PAUSES_S", (0.01, 0.01))
    copied = tmp_path / "chroma_db"
    shutil.copytree(store, copied)
    with opened_client(copied) as client:
        async with open_memory(str(tmp_path / "talktiers.db")) as memory:
            failing = Failing(client, calls=12)
            migrator = ChromaDBMigrator(failing, memory, time_zone="Europe/Berlin")
            with pytest.raises(MigrationError, match=r"ConnectionRefusedError: nobody listens.*run it again"):
                await migrator.migrate_all_conversations(batch_size=50)
            (run,) = await memory.import_runs()
            assert 0 < run.counts.total < NUMBER
            failing.calls = 10**6
            report = await migrator.migrate_all_conversations(batch_size=50)
            assert (report.resumed, report.run_id, report.total) == (True, run.run_id, len(records))
            assert report.migrated == sum(item.becomes == "conversation" for item in records)
            assert (report.failed, report.duplicates) == (sum(item.becomes == "rejected" for item in records), 0)
            assert 0 < report.success_rate < 1
            assert (await migrator.verify_migration()).ok
            assert (await migrator.rollback_migration()).removed == report.stored


async def test_one_user_is_migrated_from_code(tmp_path: Path, store: Path, records: list[OldRecord]) -> None:
    copied = tmp_path / "chroma_db"
    shutil.copytree(store, copied)
    mine = [item for item in records if item.user_id == "123" and item.becomes != "rejected"]
    with opened_client(copied) as client:
        async with open_memory("memory://") as memory:
            report = await ChromaDBMigrator(client, memory).migrate_user_conversations("123")
            assert report.stored == len(mine)
            assert len(await everything(memory, "123")) == len(mine)
            assert await everything(memory, "global") == []


def settings_for(folder: Path, store: Path, **further: Any) -> Settings:
    migration = MigrationSettings(migrate_from_chromadb=str(store), time_zone="Europe/Berlin", **further)
    return Settings(sqlite=SqliteSettings(path=str(folder / "bot.db")), migration=migration)


async def test_a_bot_migrates_at_its_first_start_and_never_again(
    tmp_path: Path, store: Path, records: list[OldRecord]
) -> None:
    expected = sum(item.becomes != "rejected" for item in records)
    moved = tmp_path / "chroma_db"
    shutil.copytree(store, moved)
    async with open_memory(settings_for(tmp_path, moved)) as memory:
        assert (await memory.stats()).total_conversations == expected
        bundle = await memory.get_conversation_context("123", "hello")
        assert bundle.assembly_metadata.migration is None
    shutil.rmtree(moved)  # were it read, it could not start
    async with open_memory(settings_for(tmp_path, moved)) as memory:
        (run,) = await memory.import_runs()
        await memory.roll_back_import(run.run_id)
    async with open_memory(settings_for(tmp_path, moved)) as memory:
        assert (await memory.stats()).total_conversations == 0


async def test_a_bot_that_cannot_migrate_does_not_start_and_says_why(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="does not exist"):
        async with open_memory(settings_for(tmp_path, tmp_path / "nowhere")):
            pass


async def test_in_the_background_the_bot_serves_and_its_contexts_say_that_more_will_come(
    tmp_path: Path, store: Path, records: list[OldRecord]
) -> None:
    async with open_memory(settings_for(tmp_path, store, background=True)) as memory:
        bundle = await memory.get_conversation_context("123", "hello")
        assert bundle.assembly_metadata.migration == "running"
        assert not bundle.assembly_metadata.complete
        given_up = time.monotonic() + TIMEOUT_S
        while (await memory.get_conversation_context("123", "hello")).assembly_metadata.migration is not None:
            assert time.monotonic() < given_up
        assert (await memory.stats()).total_conversations == sum(item.becomes != "rejected" for item in records)


def test_a_server_is_read_like_a_folder(tmp_path: Path, chroma_url: str, records: list[OldRecord], store: Path) -> None:
    with served_client(chroma_url) as client:
        write_records(client, records)
        served, local = tmp_path / "served", tmp_path / "local"
        served.mkdir()
        local.mkdir()
        try:
            import_store(served, chroma_url)
            import_store(local, store)
        finally:
            for name in ("user_memories", "global_facts"):
                client.delete_collection(name)
        assert exported(served) == exported(local)


def test_no_server_there_says_so(tmp_path: Path) -> None:
    done = type_in(tmp_path, "import", "chroma", "http://127.0.0.1:1")
    assert done.code == 1
    assert "http://127.0.0.1:1 cannot be read: ConnectError" in done.err
