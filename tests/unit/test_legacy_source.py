"""Reading the old store: in a fixed order, from where it was interrupted, each exchange once."""

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from typing import Any

from talktiers.adapters.sources.legacy_chroma import LegacyChroma
from talktiers.adapters.sources.legacy_store import LegacyStore, OpenableLegacyStore
from talktiers.domain.legacy_records import LegacyRecord
from talktiers.ports.conversation_source import Item, Omission, Rejection, SourcedRecord


class Shelf(OpenableLegacyStore, LegacyStore):
    """Records in memory; what is read of them is counted."""

    def __init__(self, *records: LegacyRecord) -> None:
        self.name = "a shelf"
        self.records_of: dict[str, dict[str, LegacyRecord]] = {"user_memories": {}, "global_facts": {}}
        for record in records:
            self.records_of[record.collection][record.record_id] = record
        self.gone: set[str] = set()
        self.largest_page = 0

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[LegacyStore]:
        yield self

    async def ids(self, *, collection: str, user_id: str | None = None) -> list[str]:
        return [
            item.record_id
            for item in reversed(self.records_of[collection].values())
            if user_id in (None, str(item.metadata.get("user_id")))
        ]

    async def records(self, *, collection: str, ids: Sequence[str]) -> list[LegacyRecord]:
        self.largest_page = max(self.largest_page, len(ids))
        return [
            self.records_of[collection][item]
            for item in reversed(ids)
            if item in self.records_of[collection] and item not in self.gone
        ]


def said(text: str, *, user_id: str = "42", time: str = "2025-09-12T18:00:00", record_id: str = "") -> LegacyRecord:
    return LegacyRecord(
        collection="user_memories",
        record_id=record_id or f"{user_id}_{time}_{text}",
        metadata={"user_id": user_id, "timestamp": time, "user_message": text, "bot_response": "ok"},
    )


async def read(source: LegacyChroma, cursor: str | None = None) -> list[Item]:
    return [item async for item in (source.read() if cursor is None else source.read_after(cursor))]


def texts(items: Sequence[Item]) -> list[str]:
    return [item.record.user_message for item in items if isinstance(item, SourcedRecord)]


async def test_the_order_is_that_of_the_ids_whatever_the_store_gives_and_pages_stay_small() -> None:
    fact = LegacyRecord(
        collection="global_facts",
        record_id="global_fact_2025-01-01T00:00:00_1",
        document="Global fact: g",
        metadata={"timestamp": "2025-01-01T00:00:00", "fact": "g"},
    )
    shelf = Shelf(fact, *(said(f"{number:02}") for number in range(25)))
    items = await read(LegacyChroma(place=shelf, page_records=7))
    assert texts(items) == [*(f"{number:02}" for number in range(25)), "g"]
    assert items[-1].progress == 1.0
    assert shelf.largest_page == 7


async def test_numbered_ids_follow_each_other_by_their_numbers() -> None:
    shelf = Shelf(
        *(said(str(number), time="", record_id=f"42_imported_{number}") for number in (10, 9, 100)), said("x")
    )
    assert texts(await read(LegacyChroma(place=shelf))) == ["x", "9", "10", "100"]


async def test_it_goes_on_behind_a_cursor_unless_something_new_stands_before_it() -> None:
    shelf = Shelf(*(said(f"{number:02}") for number in range(10)))
    items = await read(LegacyChroma(place=shelf, page_records=3))
    cursor = items[4].cursor
    assert cursor is not None
    assert texts(await read(LegacyChroma(place=shelf, page_records=4), cursor)) == [f"{n:02}" for n in range(5, 10)]
    shelf.records_of["user_memories"]["42_2025-09-12T18:00:00_99"] = said("99")
    assert texts(await read(LegacyChroma(place=shelf), cursor))[0] == "05"
    shelf.records_of["user_memories"]["42_2025-09-12T18:00:00_000"] = said("000")
    assert texts(await read(LegacyChroma(place=shelf), cursor))[0] == "00", "it stands before the cursor"
    assert len(await read(LegacyChroma(place=shelf), "no cursor")) == 12


async def test_without_a_time_the_earliest_one_of_the_user_counts_else_that_of_the_store() -> None:
    shelf = Shelf(
        said("b", time="2025-03-02T00:00:00"),
        said("a", time="2025-03-01T00:00:00"),
        said("of another", user_id="7", time="2024-01-01T00:00:00"),
        said("when?", time="", record_id="42_imported_1"),
        said("and when?", user_id="8", time="", record_id="8_imported_1"),
    )
    found = {
        item.record.user_message: item.record.occurred_at
        for item in await read(LegacyChroma(place=shelf, page_records=2))
        if isinstance(item, SourcedRecord)
    }
    assert found["when?"] == dt.datetime(2025, 3, 1, tzinfo=dt.UTC)
    assert found["and when?"] == dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


async def test_what_was_re_imported_beside_its_original_is_the_original() -> None:
    original = said("hi", time="2025-03-01T00:00:00.5")
    copy = said("hi", time="2025-03-01T00:00:00.5", record_id="42_imported_1")
    other = said("ho", time="2025-03-01T00:00:00.5", record_id="42_imported_2")
    items = await read(LegacyChroma(place=Shelf(original, copy, other)))
    keys = [item.record.idempotency_key for item in items if isinstance(item, SourcedRecord)]
    assert keys == [original.record_id, original.record_id, other.record_id]


async def test_what_cannot_be_read_is_rejected_with_all_that_stood_there() -> None:
    nobodys: dict[str, Any] = {"user_message": "whose\x00?", "bot_response": "?"}
    empty = {**nobodys, "user_id": "42", "source": "chatgpt_import", "user_message": "...", "bot_response": "..."}
    shelf = Shelf(
        LegacyRecord(collection="user_memories", record_id="1", document="d", metadata=nobodys),
        LegacyRecord(collection="user_memories", record_id="2_2025-01-01T00:00:00_1", metadata=empty),
        said("deleted"),
    )
    shelf.gone.add("42_2025-09-12T18:00:00_deleted")
    nobody, nothing, deleted = await read(LegacyChroma(place=shelf))
    assert isinstance(nobody, Rejection)
    assert "user_id" in nobody.reason
    assert '"document":"d"' in nobody.raw
    assert "\x00" not in nobody.raw
    assert isinstance(nothing, Omission)
    assert nothing.user_id == "42"
    assert isinstance(deleted, Rejection)
    assert "deleted while" in deleted.reason
