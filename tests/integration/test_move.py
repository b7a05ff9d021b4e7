"""`talktiers move`: what reaches the new memory, what it says, and what it refuses."""

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import pytest
from command_line import line, on_terminal, type_in, write_lines
from four_servers import FourServers

from talktiers import Conversation, Forgotten, Moved, open_memory
from talktiers.adapters.sqlite.conversation_archive import SqliteConversationArchive
from talktiers.application.archive_copy import ArchiveCopy
from talktiers.domain.errors import BackendCorruption, MigrationError
from talktiers.domain.identifiers import keyed_conversation_id
from talktiers.entrypoints.configuration import load_settings
from talktiers.entrypoints.moving import NewHome, check_apart, move_memory
from talktiers.entrypoints.settings import Settings
from talktiers.ports.conversation_archive import Fence

CLUB = {"audience": "public_channel", "channel_id": "boathouse", "server_id": "club"}
LINES = (
    line(
        "My sister Lena moved to Porto", "How exciting!", occurred_at="2025-03-01T10:00:00+01:00", session_id="spring"
    ),
    line("The regatta is on 10 May", "Noted.", occurred_at="2025-03-03T10:00:00-09:30", **CLUB),
    line("At the same moment, said later", occurred_at="2025-03-03T10:00:00-09:30", **CLUB),
    line("Said before, stored after", occurred_at="2025-02-01T10:00:00+00:00", metadata={"mood": [1.5, None]}),
    line("The dog is called Bruno", user_id="bea", user_name="Béa", bot_id="robin", idempotency_key="dog"),
    line("The doctor's letter", user_id="bea", idempotency_key="letter"),
    line("Nothing of this may remain", user_id="cyd", idempotency_key="nothing"),
)
TOML = '[sqlite]\npath = "{path}"\n[embedder]\nbackend = "off"\n'


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which a conversation and a user were forgotten."""
    folder = tmp_path_factory.mktemp("filled")
    write_lines(folder / "chats.jsonl", *LINES)
    (folder / "old.toml").write_text(TOML.format(path=folder / "bot.db"), encoding="utf-8")
    for arguments in (
        ("import", "jsonl", "chats.jsonl"),
        ("forget", "bea", "--conversation", key_id("letter"), "--yes"),
        ("forget", "cyd", "--yes"),
    ):
        done = type_in(folder, *arguments, "--config", "old.toml")
        assert done.code == 0, done.err
    return folder


@pytest.fixture
def folder(filled: Path, tmp_path: Path) -> Path:
    """A copy of it with its settings, and settings for another one."""
    shutil.copy(filled / "bot.db", tmp_path)
    shutil.copy(filled / "chats.jsonl", tmp_path)
    for name, database in (("old.toml", "bot.db"), ("new.toml", "new.db")):
        (tmp_path / name).write_text(TOML.format(path=tmp_path / database), encoding="utf-8")
    return tmp_path


def key_id(key: str) -> str:
    return keyed_conversation_id(tenant_id="default", idempotency_key=key)


def moved(folder: Path, *further: str, to: str = "new.toml") -> dict[str, Any]:
    done = type_in(folder, "move", "--config", "old.toml", "--to", to, "--json", *further)
    assert done.code == 0, done.err
    report: dict[str, Any] = done.json
    return report


async def everything(settings: str | Path | dict[str, Any], *users: str) -> list[Conversation]:
    """In the order of storing, without the archive's own number of it."""
    async with open_memory(settings) as memory:
        return [
            attrs.evolve(item, sequence=0)
            for user_id in users or ("ada", "bea", "cyd")
            async for item in memory.export_user(user_id)
        ]


async def test_everything_is_there_as_it_was_and_in_its_order(folder: Path) -> None:
    before = await everything(folder / "old.toml")
    assert len(before) == 5
    report = moved(folder)
    assert {key: report[key] for key in ("complete", "conversations", "copied", "already_there", "tombstones")} == {
        "complete": True, "conversations": 5, "copied": 5, "already_there": 0, "tombstones": 2
    }  # fmt: skip
    after = await everything(folder / "new.toml")
    assert after == before
    assert [item.content_hash() for item in after] == [item.content_hash() for item in before]
    assert [item.occurred_at.utcoffset() for item in after] == [item.occurred_at.utcoffset() for item in before]
    assert [item.bot_response for item in before[1:3]] == ["Noted.", "I see."]
    for arguments in (("history", "ada"), ("history", "ada", "--channel", "boathouse", "--server", "club")):
        shown = [type_in(folder, *arguments, "--config", name).out for name in ("old.toml", "new.toml")]
        assert shown[0] == shown[1]


async def test_the_new_tiers_are_filled_when_it_ends(folder: Path) -> None:
    moved(folder)
    async with open_memory(folder / "new.toml") as memory:
        assert all(item.waiting == item.dead_letters == 0 for item in await memory._open.tiers.outbox.backlog())
    for name in ("old.toml", "new.toml"):
        found = type_in(folder, "search", "ada", "where does my sister live", "--config", name, "--json").json
        assert found[0]["conversation"]["user_message"] == "My sister Lena moved to Porto"


async def test_left_to_the_bot_the_tiers_are_filled_by_the_bot(folder: Path) -> None:
    moved(folder, "--no-settle")
    async with open_memory(folder / "new.toml") as memory:
        await memory.settle(timeout_s=20)
        for tier in memory._open.tiers.derived.values():
            assert len(await tier.conversation_ids(tenant_id="default", user_id="ada")) == 4


async def test_what_was_forgotten_stays_forgotten_in_the_new_memory(folder: Path) -> None:
    moved(folder)
    async with open_memory(folder / "new.toml") as memory:
        for user_id, key in (("bea", "letter"), ("cyd", "nothing"), ("cyd", "letter")):
            with pytest.raises(Forgotten):
                await memory.store_conversation(user_id, "once more", "", idempotency_key=key)
        archive = memory._open.tiers.archive
        assert await archive.epoch(tenant_id="default", user_id="cyd") > 0
        assert await memory.store_conversation("bea", "The dog is called Bruno", "I see.", idempotency_key="dog",
            user_name="Béa", bot_id="robin") == key_id("dog")  # fmt: skip
        assert await archive.total_conversations() == 5


async def test_the_old_memory_refers_to_the_new_one_and_is_still_read(folder: Path) -> None:
    moved(folder)
    shown = type_in(folder, "history", "ada", "--config", "old.toml")
    assert shown.code == 0
    assert "Porto" in shown.out
    async with open_memory(folder / "old.toml") as memory:
        for change in (
            memory.store_conversation("ada", "One more", "I see"),
            memory.forget_user("ada"),
            memory.forget_conversation("bea", key_id("dog")),
        ):
            with pytest.raises(Moved, match=re.escape(str(folder / "new.toml"))):
                await change
        assert len([item async for item in memory.export_user("ada")]) == 4
    refused = type_in(folder, "forget", "ada", "--yes", "--config", "old.toml")
    assert refused.code == 1
    assert str(folder / "new.toml") in refused.err


async def test_the_doctor_says_that_it_has_moved(folder: Path) -> None:
    async with open_memory(folder / "old.toml") as memory:
        fence = Fence(destination="/data/new.toml", move_id="killed", complete=False)
        await memory._open.tiers.archive.fence(before=None, after=fence)
    told = type_in(folder, "doctor", "--config", "old.toml", "--json")
    assert told.code == 1
    assert [check["status"] for check in told.json["checks"] if check["name"] == "moved"] == ["error"]
    moved(folder)
    told = type_in(folder, "doctor", "--config", "old.toml", "--json")
    assert told.code == 0
    assert [check["detail"] for check in told.json["checks"] if check["name"] == "moved"] == [
        f"to {folder / 'new.toml'}: reads work here, stores do not"
    ]


async def test_a_second_run_changes_nothing(folder: Path) -> None:
    moved(folder)
    async with open_memory(folder / "new.toml") as memory:
        await memory.store_conversation("ada", "Said in the new home", "I see")
        await memory.forget_conversation("bea", key_id("dog"))
    before = await everything(folder / "new.toml")
    again = moved(folder)
    assert (again["complete"], again["copied"], again["rounds"]) == (True, 0, 0)
    assert await everything(folder / "new.toml") == before


async def test_what_the_new_memory_held_before_is_left_alone(folder: Path) -> None:
    async with open_memory(folder / "new.toml") as memory:
        await memory.store_conversation("ada", "Its own", "I see")
        await memory.store_conversation("bea", "The dog is called Bruno", "I see.", idempotency_key="dog",
            user_name="Béa", bot_id="robin")  # fmt: skip
    with pytest.raises(MigrationError, match="with other content"):  # it has another time
        await move_memory(old=load_settings(folder / "old.toml"), home=NewHome.named(str(folder / "new.toml")))
    async with open_memory(folder / "new.toml") as memory:
        await memory.forget_conversation("bea", key_id("dog"))
    with pytest.raises(MigrationError, match="erased or is somebody else's"):
        await move_memory(old=load_settings(folder / "old.toml"), home=NewHome.named(str(folder / "new.toml")))
    async with open_memory(folder / "old.toml") as memory:
        await memory.store_conversation("ada", "It is used as before", "I see")
        await memory.forget_conversation("bea", key_id("dog"))
    assert moved(folder)["complete"]
    texts = [item.user_message for item in await everything(folder / "new.toml", "ada")]
    assert sorted(texts) == sorted(
        ["Its own", "It is used as before", *(json.loads(item)["user_message"] for item in LINES[:4])]
    )


def test_a_dry_run_counts_and_copies_nothing(folder: Path) -> None:
    dry = type_in(folder, "move", "--config", "old.toml", "--to", "new.toml", "--dry-run")
    assert dry.code == 0
    assert "nothing was copied" in dry.err
    assert "would be copied\t5" in dry.out.splitlines()
    report = moved(folder, "--dry-run")
    assert (report["dry_run"], report["complete"], report["copied"]) == (True, False, 5)
    with closing(sqlite3.connect(folder / "new.db")) as connection:
        assert connection.execute("SELECT COUNT(*) FROM conversations").fetchone() == (0,)
    with closing(sqlite3.connect(folder / "bot.db")) as connection:
        assert connection.execute("SELECT COUNT(*) FROM fence").fetchone() == (0,)


def test_people_are_told_where_it_went_and_what_to_type_next(folder: Path) -> None:
    told = type_in(folder, "move", "--db", "bot.db", "--to", "new.toml")
    assert told.code == 0
    assert "copied\t5" in told.out.splitlines()
    assert f"bot.db has moved to {folder / 'new.toml'}" in told.err
    (doctor,) = re.findall(r"doctor(.*)", told.err)
    assert type_in(folder, "doctor", *doctor.split()).code == 0
    assert "bot.db has moved" in on_terminal(folder, "move", "--db", "bot.db", "--to", "new.toml")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("--to", "nowhere.toml"), "no such file", id="no settings"),
        pytest.param(("--to", "memory://"), "ends with the process", id="memory"),
        pytest.param(("--to", "bot.db"), "sqlite.path", id="the same file"),
        pytest.param(("--to", "link.db"), "sqlite.path", id="the same file by a link"),
        pytest.param(("--to", "relative.toml"), "another file in every folder", id="relative path"),
        pytest.param(("--to", "shared.toml"), "sqlite.path", id="a tier in the same file"),
        pytest.param((), "--to", id="nothing"),
    ],
)
def test_a_destination_that_cannot_be_is_refused_with_what_to_change(
    folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    (folder / "link.db").symlink_to("bot.db")
    (folder / "relative.toml").write_text(TOML.format(path="new.db"), encoding="utf-8")
    (folder / "shared.toml").write_text(
        TOML.format(path=folder / "bot.db") + '[archive]\nbackend = "postgres"\n', encoding="utf-8"
    )
    refused = type_in(folder, "move", "--db", "bot.db", *arguments)
    assert refused.code == 2
    assert said in refused.err
    assert type_in(folder, "import", "jsonl", "chats.jsonl", "--db", "bot.db", "--user", "ada").code == 0


@pytest.mark.parametrize(
    ("old", "new", "setting"),
    [
        ({"redis": {"key_prefix": "a"}}, {"redis": {"key_prefix": "a"}}, "redis.key_prefix"),
        ({"postgres": {"schema": "a"}}, {"postgres": {"schema": "a"}}, "postgres.schema"),
        ({"chroma": {"prefix": "a"}}, {"chroma": {"prefix": "a"}}, "chroma.prefix"),
        ({"neo4j": {"namespace": "a"}}, {"neo4j": {"namespace": "a"}}, "neo4j.namespace"),
        ({}, {}, None),
    ],
)
def test_two_memories_on_the_same_servers_need_names_of_their_own(
    old: dict[str, object], new: dict[str, object], setting: str | None
) -> None:
    def on_servers(number: str, own: dict[str, object]) -> Settings:
        tiers = {
            "archive": "postgres",
            "cache": "redis",
            "lexical": "postgres",
            "summaries": "chroma",
            "graph": "neo4j",
        }
        named = {
            "redis": {"key_prefix": number},
            "postgres": {"schema": f"s{number}", "url": f"postgresql://user{number}:secret{number}@host:5432/db"},
            "chroma": {"prefix": number},
            "neo4j": {"namespace": number},
        }
        for section, values in own.items():
            assert isinstance(values, dict)
            named[section].update(values)
        return load_settings({**{tier: {"backend": backend} for tier, backend in tiers.items()}, **named})

    if setting is None:
        check_apart(on_servers("1", old), on_servers("2", new))
        return
    from talktiers import ConfigurationError

    with pytest.raises(ConfigurationError, match=setting) as refused:
        check_apart(on_servers("1", old), on_servers("2", new))
    assert "secret" not in str(refused.value)


def test_nobody_is_moved_to_where_nobody_can_store(folder: Path) -> None:
    moved(folder, to=str(folder / "second.db"))
    for old, new in (("bot.db", "third.db"), ("second.db", "bot.db")):
        refused = type_in(folder, "move", "--db", old, "--to", new)
        assert refused.code == 1
        assert "second.db" in refused.err
    assert not (folder / "third.db").exists()


async def test_an_error_while_stores_are_refused_lets_them_through_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = 0
    original = ArchiveCopy.follow

    async def failing(copy: ArchiveCopy) -> None:
        nonlocal rounds
        rounds += 1
        await original(copy)
        if copy._report.phase == "cutting over":
            raise BackendCorruption("sqlite", "load", "an example")

    monkeypatch.setattr(ArchiveCopy, "follow", failing)
    with pytest.raises(BackendCorruption):
        await move_memory(old=load_settings(folder / "old.toml"), home=NewHome.named(str(folder / "new.toml")))
    assert rounds > 1
    async with open_memory(folder / "old.toml") as memory:
        await memory.store_conversation("ada", "It is used as before", "I see")
    monkeypatch.undo()
    assert moved(folder)["copied"] == 1


async def test_two_names_of_one_archive_are_found_out(tmp_path: Path, four_servers: FourServers) -> None:
    off = {tier: {"backend": "off"} for tier in ("cache", "lexical", "summaries", "graph", "embedder")}
    named = four_servers.settings(**off)
    assert "127.0.0.1" in four_servers.postgres_url
    alias = {"url": four_servers.postgres_url.replace("127.0.0.1", "localhost")}
    write_settings(tmp_path / "alias.toml", four_servers.settings(**off, postgres=alias))
    async with open_memory(named) as memory:
        await memory.store_conversation("ada", "My sister moved to Porto", "I see")
        with pytest.raises(MigrationError, match="the same archive"):
            await move_memory(old=load_settings(named), home=NewHome.named(str(tmp_path / "alias.toml")))
        await memory.store_conversation("ada", "It is used as before", "I see")


async def test_a_conversation_that_was_changed_on_the_way_is_noticed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adopt = SqliteConversationArchive.adopt

    async def careless(self: SqliteConversationArchive, **given: Any) -> None:
        given["conversations"] = [attrs.evolve(item, bot_response="") for item in given["conversations"]]
        await adopt(self, **given)

    monkeypatch.setattr(SqliteConversationArchive, "adopt", careless)
    with pytest.raises(MigrationError, match="with other content"):
        await move_memory(old=load_settings(folder / "old.toml"), home=NewHome.named(str(folder / "new.toml")))
    async with open_memory(folder / "old.toml") as memory:
        await memory.store_conversation("ada", "It is used as before", "I see")


async def test_a_file_moves_to_the_four_servers_and_back_into_a_file(folder: Path, four_servers: FourServers) -> None:
    before = await everything(folder / "old.toml")
    write_settings(folder / "four.toml", four_servers.settings(embedder={"backend": "off"}))
    assert moved(folder, to="four.toml")["copied"] == 5
    assert await everything(folder / "four.toml") == before
    async with open_memory(folder / "four.toml") as memory:
        assert all(item.waiting == item.dead_letters == 0 for item in await memory._open.tiers.outbox.backlog())
        found = await memory.search("ada", "where does my sister live")
        assert found[0].conversation.user_message == "My sister Lena moved to Porto"
        with pytest.raises(Forgotten):
            await memory.store_conversation("bea", "once more", "", idempotency_key="letter")
        await memory.store_conversation("ada", "Said on the servers", "I see", idempotency_key="servers")
        await memory.forget_conversation("bea", key_id("dog"))
    back = type_in(folder, "move", "--config", "four.toml", "--to", "back.db", "--json")
    assert back.code == 0, back.err
    assert (back.json["copied"], back.json["tombstones"]) == (5, 3)
    after = await everything(folder / "back.db")
    assert [item.user_message for item in after] == [*(item.user_message for item in before[:4]), "Said on the servers"]
    async with open_memory(folder / "back.db") as memory:
        for key in ("dog", "letter"):
            with pytest.raises(Forgotten):
                await memory.store_conversation("bea", "once more", "", idempotency_key=key)
    async with open_memory(folder / "four.toml", follow_moves=True) as memory:
        assert await memory.store_conversation(
            "ada", "Said on the servers", "I see", idempotency_key="servers"
        ) == key_id("servers")
        assert memory.settings.sqlite.path == str(folder / "back.db")


def write_settings(path: Path, settings: dict[str, dict[str, Any]]) -> None:
    """A TOML file of sections of plain values."""
    lines = [
        text
        for section, values in settings.items()
        for text in (f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items()))
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
