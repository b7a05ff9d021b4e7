"""ChatGPT's export: the branch that was seen becomes exchanges with their times, whatever else the tree holds."""

import asyncio
import datetime as dt
import json
import zipfile
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.adapters.sources.chatgpt import ChatGPTExport
from talktiers.domain.chatgpt_export import records_of_chat
from talktiers.domain.errors import MigrationError
from talktiers.domain.exchanges import Mapped
from talktiers.ports.conversation_source import Item, Omission, Rejection, SourcedRecord

NINE = 1_741_942_800.0
"""14 March 2025, 9:00 UTC."""


def node(node_id: str, parent: str | None, role: str | None, text: str = "", **further: Any) -> dict[str, Any]:
    message = None
    if role is not None:
        content = further.pop("content", {"content_type": "text", "parts": [text]})
        message = {"id": node_id, "author": {"role": role}, "create_time": None, "content": content, **further}
    return {"id": node_id, "parent": parent, "children": [], "message": message}


def chat(*nodes: dict[str, Any], current: str | None = None, **further: Any) -> dict[str, Any]:
    mapping = {item["id"]: item for item in nodes}
    for item in nodes:
        if item["parent"] in mapping:
            mapping[item["parent"]]["children"].append(item["id"])
    chat_id = further.pop("conversation_id", "chat-1")
    return {"conversation_id": chat_id, "mapping": mapping, "current_node": current or nodes[-1]["id"], **further}


GARDEN = chat(
    node("root", None, None),
    node("s", "root", "system", "", metadata={"is_visually_hidden_from_conversation": True}),
    node("u1", "s", "user", "When do I plant beans?", create_time=NINE),
    node("a1", "u1", "assistant", "In winter.", create_time=NINE + 5),
    node("a2", "u1", "assistant", "search('beans')", recipient="browser", create_time=NINE + 20),
    node("t", "a2", "tool", "results", create_time=NINE + 21),
    node("a3", "t", "assistant", "In May,", create_time=NINE + 22, metadata={"model_slug": "gpt-x"}),
    node("a4", "a3", "assistant", "after the frost.", create_time=NINE + 23),
    node("u2", "a4", "user", "Thanks"),
    title="Beans\u0000 and peas",
    create_time=NINE,
)


async def read_all(path: Path, user_id: str = "ada") -> list[Item]:
    return [item async for item in ChatGPTExport(path=str(path), user_id=user_id).read()]


def records(items: list[Item]) -> list[SourcedRecord]:
    return [item for item in items if isinstance(item, SourcedRecord)]


async def test_the_branch_that_was_seen_becomes_exchanges_and_the_rest_is_counted_with_its_reason(
    tmp_path: Path,
) -> None:
    (tmp_path / "conversations.json").write_text(json.dumps([GARDEN]))
    items = await read_all(tmp_path)
    first, second = (item.record for item in records(items))
    assert (first.user_message, first.bot_response) == ("When do I plant beans?", "In May,\nafter the frost.")
    assert first.occurred_at == dt.datetime(2025, 3, 14, 9, tzinfo=dt.UTC)
    assert (first.idempotency_key, first.session_id, first.user_id) == ("chatgpt:u1", "chat-1", "ada")
    assert first.metadata == {"conversation_title": "Beans and peas", "model": "gpt-x"}
    assert first.audience is None
    assert (second.user_message, second.bot_response) == ("Thanks", "")
    assert second.occurred_at == dt.datetime(2025, 3, 14, 9, 0, 1, tzinfo=dt.UTC)
    assert second.processing_metadata["time_unknown"] is True
    assert "time_unknown" not in first.processing_metadata
    omitted = {item.position: item.reason for item in items if isinstance(item, Omission)}
    assert omitted == {
        "chat chat-1 message s": "is a message of role system",
        "chat chat-1 message a1": "stands on a branch that was given up for another question or answer",
        "chat chat-1 message a2": "is a call of a tool",
        "chat chat-1 message t": "is a message of role tool",
    }
    assert items[-1].progress == 1.0


def test_pictures_files_and_speech_become_notes_and_thoughts_are_left_out() -> None:
    asked = {
        "content_type": "multimodal_text",
        "parts": [
            {"content_type": "image_asset_pointer", "asset_pointer": "sediment://x"},
            {"content_type": "audio_transcription", "text": "What is this?"},
        ],
    }
    attached = {"attachments": [{"name": "leaf.png", "mime_type": "image/png"}, {"name": "notes.pdf"}]}
    found = records_of_chat(
        chat(
            node("u", None, "user", content=asked, metadata=attached),
            node("h", "u", "assistant", content={"content_type": "thoughts", "thoughts": [{"content": "hm"}]}),
            node("a", "h", "assistant", "A beech leaf."),
        ),
        user_id="ada",
    )
    (record,) = (item.record for item in found if isinstance(item, Mapped))
    assert record.user_message == "[image]\nWhat is this?\n[file: notes.pdf]"
    assert record.bot_response == "A beech leaf."


async def test_the_archive_and_numbered_files_are_read_in_order_and_with_the_same_keys(tmp_path: Path) -> None:
    parts = {f"conversations-{n:03}.json": [chat(node(f"u{n}", None, "user", f"no {n}"))] for n in (10, 2, 0)}
    folder = tmp_path / "folder"
    folder.mkdir()
    with zipfile.ZipFile(tmp_path / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, chats in parts.items():
            (folder / name).write_text(json.dumps(chats))
            archive.writestr(f"export/{name}", json.dumps(chats))
        archive.writestr("export/user.json", "{}")
        archive.writestr("__MACOSX/export/conversations-000.json", "junk")
    read = [records(await read_all(path)) for path in (folder, tmp_path / "export.zip", folder)]
    keys = [[item.record.idempotency_key for item in items] for items in read]
    assert keys == [["chatgpt:u0", "chatgpt:u2", "chatgpt:u10"]] * 3


async def test_a_truncated_file_gives_the_chats_before_the_end_and_says_so(tmp_path: Path) -> None:
    whole = json.dumps([GARDEN, chat(node("x", None, "user", "lost"), conversation_id="chat-2")])
    file = tmp_path / "conversations.json"
    file.write_text(whole[:-40])
    items = await read_all(file)
    assert [item.record.idempotency_key for item in records(items)] == ["chatgpt:u1", "chatgpt:u2"]
    assert isinstance(items[-1], Rejection)
    assert "truncated" in items[-1].reason


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[", "truncated"),
        ("hello", "not JSON"),
        ('[{"title": "x"}]', "no mapping"),
        (
            '{"guild": {"id": "0"}, "channel": {"id": "1"}, "messages": []}',
            "a Discord export: talktiers import discord",
        ),
        ('{"results": [{"id": "1", "memory": "likes tea"}]}', "an export of mem0: talktiers import mem0"),
        ('{"user_id": "u", "user_message": "a", "bot_response": "b"}\n', "talktiers import jsonl"),
    ],
)
async def test_what_is_no_such_export_says_what_it_looks_like(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "conversations.json").write_text(content)
    with pytest.raises(MigrationError, match=said):
        await read_all(tmp_path)


@pytest.mark.parametrize("content", ["[]", '{"conversations": []}'])
async def test_an_empty_export_is_one(tmp_path: Path, content: str) -> None:
    (tmp_path / "conversations.json").write_text(content)
    assert await read_all(tmp_path) == []


async def test_a_path_without_the_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="holds no file"):
        await read_all(tmp_path)
    with pytest.raises(MigrationError, match="does not exist"):
        await read_all(tmp_path / "none.zip")


def test_a_damaged_chat_is_rejected_and_a_tree_in_a_circle_ends() -> None:
    circle = chat(node("a", "b", "user", "x"), node("b", "a", "assistant", "y"))
    (found,) = records_of_chat(circle, user_id="ada")
    assert not isinstance(found, Mapped)
    assert found.is_fault
    (found,) = records_of_chat({"title": "no tree"}, user_id="ada")
    assert not isinstance(found, Mapped)
    assert found.is_fault


ROLES = st.sampled_from(["user", "user", "assistant", "assistant", "system", "tool"])


@given(said=st.lists(st.tuples(ROLES, st.text(alphabet="ab \n", max_size=3)), max_size=15))
@settings(deadline=None)
def test_every_message_of_the_two_is_in_exactly_one_record_or_said_to_be_left_out(said: list[tuple[str, str]]) -> None:
    nodes = [node("0", None, None)]
    nodes += [node(str(n), str(n - 1), role, text) for n, (role, text) in enumerate(said, 1)]
    found = list(records_of_chat(chat(*nodes), user_id="ada"))
    mapped = [item.record for item in found if isinstance(item, Mapped)]
    told = [text for role, text in said if role in {"user", "assistant"} and text.strip()]
    assert "\n".join(told) == "\n".join(
        text for record in mapped for text in (record.user_message, record.bot_response) if text
    )
    assert len(found) - len(mapped) == len(said) - len(told)
    assert len({record.idempotency_key for record in mapped}) == len(mapped)
    times = [record.occurred_at for record in mapped]
    assert times == sorted(times, key=str)


async def test_what_is_left_in_the_middle_is_closed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conversations.json").write_text(json.dumps([GARDEN] * 200))
    opened: list[Any] = []
    open_file = Path.open

    def remembered(path: Path, *arguments: Any, **options: Any) -> Any:
        opened.append(open_file(path, *arguments, **options))
        return opened[-1]

    monkeypatch.setattr(Path, "open", remembered)
    items = ChatGPTExport(path=str(tmp_path), user_id="ada").read()
    await anext(items)
    assert [file.closed for file in opened] == [False]
    await items.aclose()
    assert [file.closed for file in opened] == [True]


async def test_a_cancelled_import_waits_for_the_piece_at_work_and_closes(tmp_path: Path) -> None:
    (tmp_path / "conversations.json").write_text(json.dumps([GARDEN] * 2000))

    async def read() -> None:
        async with aclosing(ChatGPTExport(path=str(tmp_path), user_id="ada").read()) as items:
            async for _ in items:
                started.set()

    started = asyncio.Event()
    task = asyncio.create_task(read())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
