"""The old store as JSON: whatever its shape, every record becomes what it does when it is read from the store itself."""

import json
from pathlib import Path
from typing import Any

import pytest

from talktiers.adapters.sources.legacy_json import LegacyJson
from talktiers.domain.errors import MigrationError
from talktiers.ports.conversation_source import Item, RecordKind, Rejection, SourcedRecord


def memory(number: int, **further: Any) -> dict[str, Any]:
    timestamp = f"2025-09-1{number}T20:00:00"
    metadata = {
        "user_id": "7",
        "timestamp": timestamp,
        "channel_id": "dm",
        "user_message": "hi",
        "bot_response": "hello",
    }
    document = "User: hi\nAssistant: hello"
    return {"id": f"7_{timestamp}_{number}", "document": document, "metadata": {**metadata, **further}}


UNTIMED = {**memory(5, timestamp="", user_message="when?"), "id": "7_imported_5"}
MEMORIES = [memory(3), memory(2), UNTIMED, memory(4, user_id=None)]
GLOBAL = {
    "id": "global_fact_1",
    "document": "Global fact: the server is in Oslo",
    "metadata": {"type": "global_fact", "fact": "the server is in Oslo", "timestamp": "2025-09-01T08:00:00"},
}


def columns(records: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "ids": [record["id"] for record in records],
        "embeddings": None,
        "documents": [record["document"] for record in records],
        "metadatas": [record["metadata"] for record in records],
    }


SHAPES = {
    "list": [
        *({"collection": "user_memories", **record} for record in MEMORIES),
        {**GLOBAL, "collection": "global_facts"},
    ],
    "by collection": {"exported_at": "x", "user_memories": MEMORIES, "global_facts": [GLOBAL], "count": 5},
    "columns by collection": {"user_memories": columns(MEMORIES), "global_facts": columns([GLOBAL])},
    "columns": columns([*MEMORIES, GLOBAL]),
}


async def read_all(path: Path) -> list[Item]:
    return [item async for item in LegacyJson(path=str(path)).read()]


@pytest.mark.parametrize("shape", SHAPES)
async def test_every_shape_gives_every_record_under_its_old_id(tmp_path: Path, shape: str) -> None:
    (tmp_path / "export.json").write_text(json.dumps(SHAPES[shape]))
    items = await read_all(tmp_path / "export.json")
    found = [item for item in items if isinstance(item, SourcedRecord)]
    assert [item.record.idempotency_key for item in found] == [
        *(str(record["id"]) for record in MEMORIES[:3]),
        "global_fact_1",
    ]
    assert [item.kind for item in found] == [RecordKind.CONVERSATION] * 3 + [RecordKind.FACT]
    assert (found[3].record.user_id, found[3].record.user_message) == ("global", "the server is in Oslo")
    (rejected,) = (item for item in items if isinstance(item, Rejection))
    assert "user_id" in rejected.reason
    # A record without a time has the earliest one of its user, though that stands elsewhere in the file.
    assert found[2].record.occurred_at == found[1].record.occurred_at
    assert found[2].record.processing_metadata["time_unknown"] is True
    assert items[-1].progress == 1.0


async def test_a_broken_record_is_rejected_and_a_truncated_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text(
        json.dumps([memory(1), {"id": 3, "metadata": {}}, "x", memory(2), memory(3)])[:-30]
    )
    items = await read_all(tmp_path / "export.json")
    assert [item.record.idempotency_key for item in items if isinstance(item, SourcedRecord)] == [
        memory(1)["id"],
        memory(2)["id"],
    ]
    reasons = [item.reason for item in items if isinstance(item, Rejection)]
    assert len(reasons) == 3
    assert "truncated" in reasons[-1]


async def test_what_is_no_such_export_says_so(tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text('[{"user_id": "7"}]')
    with pytest.raises(MigrationError, match="no id, document and metadata"):
        await read_all(tmp_path / "export.json")
    (tmp_path / "export.json").write_text('{"guild": {"id": "0"}, "channel": {"id": "1"}, "messages": []}')
    with pytest.raises(MigrationError, match="talktiers import discord"):
        await read_all(tmp_path / "export.json")
