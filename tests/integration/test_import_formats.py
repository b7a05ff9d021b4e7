"""``talktiers import`` of what other programs export, as a user types it."""

import datetime as dt
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from command_line import line, type_in, write_lines


def chatgpt(folder: Path) -> Path:
    def node(node_id: str, parent: str | None, role: str, text: str, time: float) -> dict[str, Any]:
        content = {"content_type": "text", "parts": [text]}
        message = {"id": node_id, "author": {"role": role}, "create_time": time, "content": content}
        return {"id": node_id, "parent": parent, "children": [], "message": message}

    nodes = [
        node("q", None, "user", "Where does my sister live?", 1_741_942_800),
        node("a", "q", "assistant", "In Porto.", 1_741_942_805),
    ]
    chat = {"id": "c1", "title": "Family", "current_node": "a", "mapping": {item["id"]: item for item in nodes}}
    with zipfile.ZipFile(folder / "export.zip", "w") as archive:
        archive.writestr("conversations.json", json.dumps([chat]))
        archive.writestr("user.json", "{}")
    return folder / "export.zip"


def discord(folder: Path) -> Path:
    def message(number: int, author: str, content: str, *, bot: bool) -> dict[str, Any]:
        name = {"id": author, "name": "Mia" if bot else "ada", "isBot": bot}
        moment = f"2025-03-14T09:0{number}:00+01:00"
        return {"id": f"90{number}", "type": "Default", "timestamp": moment, "content": content, "author": name}

    for channel_id, kind, secret in (("71", "DirectTextChat", "magnolia"), ("72", "GuildTextChat", "larkspur")):
        said = [message(1, "ada", f"My word is {secret}", bot=False), message(2, "9", "Noted.", bot=True)]
        for item in said:
            item["id"] += channel_id
        guild = {"id": "0" if channel_id == "71" else "5", "name": "g"}
        document = {"guild": guild, "channel": {"id": channel_id, "type": kind, "name": "n"}, "messages": said}
        (folder / f"{channel_id}.json").write_text(json.dumps(document))
    return folder


def langchain(folder: Path) -> Path:
    history = [
        {"type": kind, "data": {"content": text}} for kind, text in (("human", "I live in Oslo"), ("ai", "Nice!"))
    ]
    (folder / "history.json").write_text(json.dumps(history))
    return folder / "history.json"


def mem0(folder: Path) -> Path:
    memory = {"id": "1", "memory": "Likes green tea", "created_at": "2025-02-01T10:00:00+00:00", "user_id": "ada"}
    (folder / "memories.json").write_text(json.dumps({"results": [memory]}))
    return folder / "memories.json"


def legacy_json(folder: Path) -> Path:
    metadata = {"user_id": "ada", "timestamp": "2025-09-12T20:00:00", "user_message": "hi", "bot_response": "hello"}
    record = {"id": "ada_2025-09-12T20:00:00_1", "document": "User: hi\nAssistant: hello", "metadata": metadata}
    (folder / "backup.json").write_text(json.dumps([record]))
    return folder / "backup.json"


FORMATS = [
    ("chatgpt", chatgpt, ("--user", "ada"), "2025-03-14T09:00:00+00:00"),
    ("langchain", langchain, ("--user", "ada"), "1970-01-01T00:00:00+00:00"),
    ("mem0", mem0, (), "2025-02-01T10:00:00+00:00"),
    ("legacy-json", legacy_json, ("--time-zone", "Europe/Berlin"), "2025-09-12T18:00:00+00:00"),
]


@pytest.mark.parametrize(("name", "made", "options", "occurred_at"), FORMATS)
def test_what_another_program_exports_is_stored_once_with_its_time(
    tmp_path: Path, name: str, made: Any, options: tuple[str, ...], occurred_at: str
) -> None:
    (tmp_path / "source").mkdir()
    path = str(made(tmp_path / "source"))
    dry = type_in(tmp_path, "import", name, path, *options, "--dry-run", "--json")
    assert (dry.code, dry.json["stored"]) == (0, 1), dry.err
    assert not type_in(tmp_path, "history", "ada", "--limit", "9", "--json").json
    first = type_in(tmp_path, "import", name, path, *options, "--json")
    assert (first.code, first.json["stored"], first.json["rejected"]) == (0, 1, 0), first.err
    again = type_in(tmp_path, "import", name, path, *options, "--json")
    assert (again.code, again.json["stored"], again.json["already_there"]) == (0, 0, 1), again.err
    exported = type_in(tmp_path, "export", "ada")
    (found,) = (json.loads(item) for item in exported.out.splitlines())
    assert dt.datetime.fromisoformat(found["occurred_at"]) == dt.datetime.fromisoformat(occurred_at)
    assert found["audience"] == "direct"


def test_what_was_said_in_a_direct_message_is_not_told_in_the_channel(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    done = type_in(tmp_path, "import", "discord", str(discord(tmp_path / "source")), "--public", "--json")
    assert (done.code, done.json["stored"]) == (0, 2), done.err
    public = ("--channel", "72", "--server", "5", "--audience", "public_channel")
    in_channel = type_in(tmp_path, "context", "ada", "what is my word?", *public).out
    in_private = type_in(tmp_path, "context", "ada", "what is my word?").out
    assert "larkspur" in in_channel
    assert "magnolia" not in in_channel
    assert "magnolia" in in_private


def test_an_export_that_is_cut_off_is_read_up_to_there_reported_and_read_on_once_it_is_whole(tmp_path: Path) -> None:
    history = [{"type": kind, "data": {"content": f"{kind} {n}"}} for n in range(20) for kind in ("human", "ai")]
    whole = json.dumps(history)
    (tmp_path / "h.json").write_text(whole[: len(whole) // 2])
    cut = type_in(tmp_path, "import", "langchain", "h.json", "--user", "ada", "--rejects", "bad.jsonl", "--json")
    assert cut.code == 1
    assert "truncated" in cut.err
    assert 0 < cut.json["stored"] < 20
    (tmp_path / "h.json").write_text(whole)
    done = type_in(tmp_path, "import", "langchain", "h.json", "--user", "ada", "--json")
    assert (done.code, done.json["stored"] + done.json["already_there"]) == (0, 20), done.err
    exported = [json.loads(item)["user_message"] for item in type_in(tmp_path, "export", "ada").out.splitlines()]
    assert exported == [f"human {n}" for n in range(20)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("chatgpt", "export.zip"), "Missing option '--user'"),
        (("chatgpt", "export.zip", "--user", "ada", "--public"), "No such option"),
        (("discord", "memories.json"), "an export of mem0: talktiers import mem0 memories.json"),
        (("jsonl", "memories.json"), "memories.json looks like an export of mem0: name the format mem0"),
        (("mem0", "chats.jsonl"), "JSON Lines of conversations: talktiers import jsonl chats.jsonl"),
        (("discord", ".", "--bot-id", "1", "--bot-name", "Mia"), "keep one"),
        (("langchain", "none.json", "--user", "ada"), "none.json does not exist"),
        (("chatgpt", "broken.zip", "--user", "ada"), "broken.zip"),
    ],
)
def test_what_cannot_be_imported_says_what_to_do(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    chatgpt(tmp_path)
    mem0(tmp_path)
    write_lines(tmp_path / "chats.jsonl", line("hi"))
    (tmp_path / "broken.zip").write_bytes((tmp_path / "export.zip").read_bytes()[:-40])
    done = type_in(tmp_path, "import", *arguments, "--json")
    assert done.code in {1, 2}, done.err
    assert done.err.startswith("error: ")
    assert said in done.err
    assert done.out == ""
    assert "Traceback" not in done.err
