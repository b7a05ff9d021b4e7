"""Sources: everything is read in its order, and what is wrong does not stop the rest."""

import datetime as dt
import json
from pathlib import Path

import pytest

from talktiers.adapters.sources import jsonl
from talktiers.adapters.sources.jsonl import JsonLines
from talktiers.adapters.sources.locomo import LocomoFiles, read_locomo
from talktiers.domain.errors import MigrationError
from talktiers.ports.conversation_source import ConversationSource, Omission, Rejection, SourcedRecord

Item = SourcedRecord | Omission | Rejection


async def read_all(source: ConversationSource) -> list[Item]:
    return [item async for item in source.read()]


def line(message: str, **further: object) -> str:
    return json.dumps({"user_id": "u", "user_message": message, "bot_response": "ok", **further})


async def test_a_bad_line_is_rejected_with_its_number_and_the_others_are_read(tmp_path: Path) -> None:
    file = tmp_path / "chats.jsonl"
    file.write_bytes(f"\ufeff{line('one')}\r\n\n{{oops\n".encode() + b"\xff\xfe\n" + line("zwölf").encode())
    items = await read_all(JsonLines(path=str(file)))
    assert [(item.position, type(item)) for item in items] == [
        ("line 1", SourcedRecord),
        ("line 3", Rejection),
        ("line 4", Rejection),
        ("line 5", SourcedRecord),
    ]
    assert [item.record.user_message for item in items if isinstance(item, SourcedRecord)] == ["one", "zwölf"]
    assert items[1].raw == "{oops"
    assert [item.reason for item in items if isinstance(item, Rejection)][1].startswith("not UTF-8")
    assert items[-1].progress == 1.0


async def test_a_line_without_end_is_rejected_and_not_held_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl, "MAX_LINE_BYTES", 1000)
    monkeypatch.setattr(jsonl, "_CHUNK_BYTES", 64)
    file = tmp_path / "chats.jsonl"
    file.write_text("x" * 10_000 + "\n" + line("after") + "\n")
    long, after = await read_all(JsonLines(path=str(file)))
    assert isinstance(long, Rejection)
    assert long.reason == "longer than 1000 bytes"
    assert isinstance(after, SourcedRecord)
    assert after.progress == 1.0


async def test_the_same_content_is_one_conversation_where_it_has_a_time_and_repeats_where_it_has_none(
    tmp_path: Path,
) -> None:
    file = tmp_path / "chats.jsonl"
    timed = line("hi", occurred_at="2025-03-03T10:00:00+01:00")
    file.write_text("\n".join([timed, timed, line("ok"), line("ok"), line("own", idempotency_key="m1")]))

    async def keys() -> list[str | None]:
        return [
            item.record.idempotency_key
            for item in await read_all(JsonLines(path=str(file)))
            if isinstance(item, SourcedRecord)
        ]

    first = await keys()
    assert first == await keys()
    assert first[0] == first[1]
    assert len(set(first[2:])) == 3
    assert first[4] == "m1"


async def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="No such file"):
        await read_all(JsonLines(path=str(tmp_path / "none.jsonl")))
    with pytest.raises(MigrationError, match="is a folder"):
        await read_all(JsonLines(path=str(tmp_path)))
    with pytest.raises(MigrationError, match=r"has no \*.json files"):
        await read_all(LocomoFiles(path=str(tmp_path)))


def locomo_file(path: Path) -> Path:
    """A file of two short sessions, written for this test."""
    content = {
        "sample_id": "pair-1",
        "conversation": {
            "speaker_a": "Ada",
            "session_2_date_time": "9:05 am on 2 June, 2024",
            "session_2": [{"speaker": "Bo", "dia_id": "D2:1", "text": "The roof leaks."}],
            "session_1_date_time": "1:56 pm on 8 May, 2024",
            "session_1": [
                {"speaker": "Ada", "dia_id": "D1:1", "text": "I bought a kayak."},
                {"speaker": "Bo", "dia_id": "D1:2", "text": "Lovely!", "blip_caption": "a red kayak"},
                {"speaker": "Ada", "dia_id": "D1:3", "text": "It is red."},
            ],
        },
        "qa": [
            {"question": "What did Ada buy?", "answer": "a kayak", "evidence": ["D1:1; D1:2", "D1:3"], "category": 4},
            {"question": "How many?", "answer": 1, "evidence": ["D1:1"], "category": 1},
            {"question": "What did Bo buy?", "evidence": [], "category": 5},
        ],
    }
    path.write_text(json.dumps(content))
    return path


async def test_locomo_turns_become_exchanges_of_two_in_order_of_their_sessions(tmp_path: Path) -> None:
    locomo_file(tmp_path / "pair-1.json")
    (tmp_path / "other.json").write_text("{}")
    broken, *items = await read_all(LocomoFiles(path=str(tmp_path)))
    assert isinstance(broken, Rejection)
    assert (broken.position, broken.reason) == ("other.json", "not a LoCoMo file: it has no sample_id")
    records = [item.record for item in items if isinstance(item, SourcedRecord)]
    assert [(r.user_name, r.user_message, r.bot_name, r.bot_response, r.session_id) for r in records] == [
        ("Ada", "I bought a kayak.", "Bo", "Lovely! [shares photo: a red kayak]", "S1"),
        ("Ada", "It is red.", None, "", "S1"),
        ("Bo", "The roof leaks.", None, "", "S2"),
    ]
    assert [r.idempotency_key for r in records] == ["pair-1:0", "pair-1:1", "pair-1:2"]
    assert [r.occurred_at for r in records] == [
        dt.datetime(2024, 5, 8, 13, 56, tzinfo=dt.UTC),
        dt.datetime(2024, 5, 8, 13, 57, tzinfo=dt.UTC),
        dt.datetime(2024, 6, 2, 9, 5, tzinfo=dt.UTC),
    ]
    assert items[-1].progress == 1.0


def test_locomo_questions_cite_the_exchanges_that_hold_their_evidence(tmp_path: Path) -> None:
    first, second = read_locomo(locomo_file(tmp_path / "pair-1.json")).questions
    assert (first.category, first.answer) == ("single-hop", "a kayak")
    assert first.evidence == {"pair-1:0", "pair-1:1"}
    assert (second.category, second.answer) == ("multi-hop", "1")
