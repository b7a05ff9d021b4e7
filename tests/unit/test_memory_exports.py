"""Memories of mem0 become facts, and histories of LangChain exchanges, with the same keys whenever they are read."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.adapters.sources.langchain import LangChainHistory
from talktiers.adapters.sources.mem0 import Mem0Memories
from talktiers.domain.errors import MigrationError
from talktiers.domain.exchanges import Message, Speaker, exchanges
from talktiers.ports.conversation_source import ConversationSource, Item, Omission, RecordKind, Rejection, SourcedRecord

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MEMORY = {
    "id": "m-1",
    "memory": "Likes green tea",
    "hash": "0f",
    "metadata": {"Topic": "drinks", "sure": 0.9},
    "created_at": "2025-02-01T10:00:00-08:00",
    "updated_at": None,
    "user_id": "ada",
}


def save(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value))
    return path


async def read_all(source: ConversationSource) -> list[Item]:
    return [item async for item in source.read()]


async def mem0(path: Path, **options: Any) -> list[Item]:
    return await read_all(Mem0Memories(path=str(path), **options))


async def langchain(path: Path) -> list[Item]:
    return await read_all(LangChainHistory(path=str(path), user_id="ada"))


def records(items: list[Item]) -> list[SourcedRecord]:
    return [item for item in items if isinstance(item, SourcedRecord)]


@pytest.mark.parametrize(
    "wrapped", [{"results": [MEMORY], "relations": []}, [MEMORY], {"count": 1, "results": [MEMORY]}]
)
async def test_a_memory_becomes_a_fact_with_its_time_and_metadata(tmp_path: Path, wrapped: object) -> None:
    (item,) = records(await mem0(save(tmp_path / "all.json", wrapped)))
    assert item.kind is RecordKind.FACT
    record = item.record
    assert (record.user_id, record.user_message, record.bot_response) == ("ada", "Likes green tea", "")
    assert (record.message_type, record.idempotency_key) == ("fact", "mem0:m-1")
    assert record.occurred_at == dt.datetime(2025, 2, 1, 18, tzinfo=dt.UTC)
    assert record.metadata == {"mem0": {"Topic": "drinks", "sure": 0.9}}
    assert "time_unknown" not in record.processing_metadata


async def test_what_a_memory_lacks_is_said_and_the_others_are_read(tmp_path: Path) -> None:
    nobodys = {key: value for key, value in MEMORY.items() if key not in {"user_id", "created_at"}}
    relation = {"source": "ada", "relationship": "likes", "target": "tea"}
    file = save(tmp_path / "all.json", {"results": [nobodys, MEMORY | {"memory": " "}], "relations": [relation]})
    items = await mem0(file)
    assert [item.reason for item in items if isinstance(item, Rejection)] == [
        "the memory has no user_id: name its user with --user",
        "the memory has no text",
    ]
    assert [item.position for item in items if isinstance(item, Omission)] == ["relations 1"]
    (item,) = records(await mem0(file, user_id="bo"))
    assert (item.record.user_id, item.record.occurred_at) == ("bo", EPOCH)
    assert item.record.processing_metadata["time_unknown"] is True


async def test_of_a_history_the_last_state_of_each_memory_counts(tmp_path: Path) -> None:
    def event(memory_id: str, name: str, text: str | None) -> dict[str, object]:
        return {"id": f"e{text}", "memory_id": memory_id, "old_memory": None, "new_memory": text, "event": name}

    rows = [event("1", "ADD", "a"), event("2", "ADD", "b"), event("1", "UPDATE", "c"), event("2", "DELETE", None)]
    items = await mem0(save(tmp_path / "history.json", rows), user_id="ada")
    assert [(item.record.idempotency_key, item.record.user_message) for item in records(items)] == [("mem0:1", "c")]
    assert [item.reason for item in items if isinstance(item, Omission)] == [
        "the memory was changed later",
        "the memory was changed later",
        "the memory was deleted",
    ]


def as_dict(kind: str, content: object) -> dict[str, object]:
    return {"type": kind, "data": {"content": content, "additional_kwargs": {}, "type": kind, "id": None}}


TALK = [
    ("system", "Be kind."),
    ("human", "Hello"),
    ("ai", ""),
    ("tool", "result"),
    ("ai", "Hi Ada"),
    ("human", [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": "data:"}}]),
    ("ai", "A tree."),
]


def dumped(kind: str, content: object) -> dict[str, object]:
    name = {"human": "HumanMessage", "ai": "AIMessage", "system": "SystemMessage", "tool": "ToolMessage"}[kind]
    return {
        "lc": 1,
        "type": "constructor",
        "id": ["langchain", "schema", "messages", name],
        "kwargs": {"content": content},
    }


def row(kind: str, content: object) -> dict[str, object]:
    return {"id": 1, "session_id": "s", "message": json.dumps(as_dict(kind, content))}


@pytest.mark.parametrize(
    ("wrapped", "session_id"),
    [
        ([as_dict(*item) for item in TALK], None),
        ({"messages": [{"type": kind, "content": content} for kind, content in TALK]}, None),
        ([dumped(*item) for item in TALK], None),
        ([row(*item) for item in TALK], "s"),
        ([row(*item) | {"message": as_dict(*item)} for item in TALK], "s"),
        ({"s": [as_dict(*item) for item in TALK]}, "s"),
    ],
)
async def test_every_form_of_a_history_becomes_the_same_exchanges(
    tmp_path: Path, wrapped: object, session_id: str | None
) -> None:
    items = await langchain(save(tmp_path / "history.json", wrapped))
    found = [item.record for item in records(items)]
    assert [(r.user_message, r.bot_response) for r in found] == [
        ("Hello", "Hi Ada"),
        ("What is it?\n[image]", "A tree."),
    ]
    assert [r.occurred_at for r in found] == [EPOCH, EPOCH + dt.timedelta(minutes=1)]
    assert {r.session_id for r in found} == {session_id}
    assert all(r.processing_metadata["time_unknown"] is True for r in found)
    assert len([item for item in items if isinstance(item, Omission)]) == 3


async def test_rows_of_several_sessions_are_paired_each_by_itself_and_with_their_times(tmp_path: Path) -> None:
    def said(session: str, kind: str, text: str, minute: int) -> dict[str, object]:
        moment = f"2025-03-14T09:{minute:02}:00+00:00"
        return {"session_id": session, "message": as_dict(kind, text), "created_at": moment}

    rows = [
        said("a b", "human", "1", 0),
        said("c", "human", "2", 1),
        said("a b", "ai", "3", 2),
        said("c", "ai", "4", 3),
    ]
    found = [item.record for item in records(await langchain(save(tmp_path / "rows.json", rows)))]
    assert [(r.user_message, r.bot_response, r.session_id) for r in found] == [("1", "3", None), ("2", "4", "c")]
    assert found[0].metadata == {"session": "a b"}
    assert [r.occurred_at and r.occurred_at.minute for r in found] == [0, 1]
    assert "time_unknown" not in found[0].processing_metadata


async def test_keys_stay_when_a_history_grows_or_is_renamed_and_differ_for_the_same_words_again(tmp_path: Path) -> None:
    row = [as_dict("human", "hi"), as_dict("ai", "hello")]
    short = [item.record.idempotency_key for item in records(await langchain(save(tmp_path / "a.json", row * 2)))]
    longer = [item.record.idempotency_key for item in records(await langchain(save(tmp_path / "b.json", row * 3)))]
    assert longer[:2] == short
    assert len(set(longer)) == 3
    others = LangChainHistory(path=str(tmp_path / "a.json"), user_id="bo")
    assert {item.record.idempotency_key for item in records(await read_all(others))}.isdisjoint(longer)


async def test_of_a_truncated_history_nothing_is_half_stored(tmp_path: Path) -> None:
    row = [as_dict("human", "hi"), as_dict("ai", "hello"), as_dict("human", "and?"), as_dict("ai", "the answer")]
    file = tmp_path / "a.json"
    file.write_text(json.dumps(row)[:-30])
    items = await langchain(file)
    assert [item.record.user_message for item in records(items)] == ["hi"]
    assert all("truncated" in item.reason for item in items if isinstance(item, Rejection))


@pytest.mark.parametrize("source", [mem0, langchain])
async def test_what_is_neither_says_what_it_looks_like(tmp_path: Path, source: Any) -> None:
    with pytest.raises(MigrationError, match="a ChatGPT export: talktiers import chatgpt"):
        await source(save(tmp_path / "x.json", [{"mapping": {}}]))
    with pytest.raises(MigrationError, match="is not read as"):
        await source(save(tmp_path / "x.json", {"name": "x"}))
    assert await source(save(tmp_path / "x.json", [])) == []


@given(said=st.lists(st.tuples(st.booleans(), st.text(alphabet="ab", min_size=1, max_size=2)), max_size=20))
@settings(deadline=None)
def test_every_message_is_in_exactly_one_exchange_in_order(said: list[tuple[bool, str]]) -> None:
    messages = [
        Message(message_id=str(number), speaker=Speaker.USER if by_user else Speaker.BOT, text=text)
        for number, (by_user, text) in enumerate(said)
    ]
    found = list(exchanges(messages))
    assert [message for exchange in found for message in exchange.messages] == messages
    assert all(message.speaker is Speaker.USER for exchange in found for message in exchange.asked)
    assert all(message.speaker is Speaker.BOT for exchange in found for message in exchange.answered)
    assert not any(not exchange.asked for exchange in found[1:])
