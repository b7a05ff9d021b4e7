"""A Discord export: the bot's exchanges with everybody, in their place, with their times, under the messages' ids."""

import datetime as dt
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from talktiers.adapters.sources.discord import DiscordExport
from talktiers.domain.errors import MigrationError
from talktiers.ports.conversation_source import Item, Omission, Rejection, SourcedRecord

PEOPLE = {
    "ada": {"id": "501", "name": "ada_l", "nickname": "Ada", "isBot": False},
    "bo": {"id": "502", "name": "bo", "nickname": "Bo", "isBot": False},
    "mia": {"id": "900", "name": "mia", "nickname": "Mia", "isBot": True},
    "dice": {"id": "901", "name": "dice", "nickname": "Dice", "isBot": True},
}


def message(number: int, author: str, content: str = "", *, kind: str = "Default", **further: Any) -> dict[str, Any]:
    minutes = further.pop("minutes", number)
    sent_at = dt.datetime(2025, 3, 14, 9, tzinfo=dt.timezone(dt.timedelta(hours=1))) + dt.timedelta(minutes=minutes)
    message_id = str(10_000 + number)
    base = {"id": message_id, "type": kind, "timestamp": sent_at.isoformat(), "content": content}
    return {**base, "author": PEOPLE[author], "attachments": [], "embeds": [], "mentions": [], **further}


def document(*messages: dict[str, Any], kind: str = "GuildTextChat", channel_id: str = "77") -> dict[str, Any]:
    direct = kind.startswith("Direct")
    return {
        "guild": {"id": "0" if direct else "42", "name": "Direct Messages" if direct else "Gardeners", "iconUrl": ""},
        "channel": {"id": channel_id, "type": kind, "categoryId": None, "name": "beans", "topic": None},
        "dateRange": {"after": None, "before": None},
        "exportedAt": "2025-04-01T00:00:00+00:00",
        "messages": list(messages),
        "messageCount": len(messages),
    }


def write(path: Path, *messages: dict[str, Any], **further: Any) -> Path:
    path.write_text(json.dumps(document(*messages, **further), indent=2, ensure_ascii=False), encoding="utf-8")
    return path


async def read_all(path: Path, **options: Any) -> list[Item]:
    return [item async for item in DiscordExport(path=str(path), **options).read()]


def records(items: list[Item]) -> list[SourcedRecord]:
    return [item for item in items if isinstance(item, SourcedRecord)]


async def test_a_channel_becomes_private_exchanges_of_each_user_with_the_bot(tmp_path: Path) -> None:
    file = write(
        tmp_path / "beans.json",
        message(1, "ada", "@Mia when do I plant beans?"),
        message(2, "bo", "morning"),
        message(3, "mia", "In May.", kind="Reply", reference={"messageId": "10001", "channelId": "77"}),
        message(4, "ada", "", attachments=[{"fileName": "bed.png"}], stickers=[{"name": "wave"}]),
        message(5, "mia", "", embeds=[{"title": "Beans", "description": "Sow late.", "fields": []}]),
        message(6, "ada", "Ada pinned a message.", kind="ChannelPinnedMessage"),
    )
    items = await read_all(file)
    found = [item.record for item in records(items)]
    assert [(r.user_id, r.user_message, r.bot_response, r.idempotency_key) for r in found] == [
        ("501", "@Mia when do I plant beans?", "In May.", "discord:10001"),
        ("502", "morning", "", "discord:10002"),
        ("501", "[file: bed.png]\n[sticker: wave]", "Beans\nSow late.", "discord:10004"),
    ]
    first = found[0]
    assert (first.audience, first.channel_id, first.server_id) == ("private_channel", "77", "42")
    assert (first.user_name, first.bot_name) == ("Ada", "Mia")
    assert first.metadata == {"channel_name": "beans", "server_name": "Gardeners"}
    assert first.occurred_at is not None
    assert first.occurred_at.isoformat() == "2025-03-14T09:01:00+01:00"
    (omitted,) = (item for item in items if isinstance(item, Omission))
    assert "ChannelPinnedMessage" in omitted.reason
    assert items == await read_all(file)


@pytest.mark.parametrize(
    ("kind", "public", "audience", "server_id"),
    [
        ("DirectTextChat", False, "direct", None),
        ("DirectTextChat", True, "direct", None),
        ("DirectGroupTextChat", True, "private_channel", None),
        ("GuildTextChat", False, "private_channel", "42"),
        ("GuildTextChat", True, "public_channel", "42"),
        ("GuildPublicThread", True, "public_channel", "42"),
        ("GuildPrivateThread", True, "private_channel", "42"),
    ],
)
async def test_nothing_becomes_public_but_by_choice_and_what_is_private_never_does(
    tmp_path: Path, kind: str, public: bool, audience: str, server_id: str | None
) -> None:
    file = write(tmp_path / "c.json", message(1, "ada", "hi"), message(2, "mia", "hello"), kind=kind)
    (item,) = records(await read_all(file, public=public))
    assert (item.record.audience, item.record.channel_id, item.record.server_id) == (audience, "77", server_id)


async def test_in_a_direct_message_the_bot_may_speak_first_and_in_a_channel_it_speaks_to_nobody(tmp_path: Path) -> None:
    row = [message(1, "mia", "Good morning!"), message(2, "ada", "hi", minutes=60)]
    (greeting, _) = records(await read_all(write(tmp_path / "dm.json", *row, kind="DirectTextChat")))
    assert (greeting.record.user_id, greeting.record.user_message) == ("501", "")
    assert greeting.record.bot_response == "Good morning!"
    items = await read_all(write(tmp_path / "channel.json", *row))
    assert [item.record.user_message for item in records(items)] == ["hi"]
    assert [item.reason for item in items if isinstance(item, Omission)] == [
        "what the bot said answers nobody's message"
    ]


async def test_the_bot_is_the_only_one_or_the_one_that_is_named(tmp_path: Path) -> None:
    row = [message(1, "ada", "roll"), message(2, "dice", "six"), message(3, "mia", "lucky")]
    file = write(tmp_path / "c.json", *row)
    with pytest.raises(MigrationError, match=r"--bot-id: 900 \(Mia, 1 messages\), 901 \(Dice, 1 messages\)"):
        await read_all(file)
    for options, answer in (({"bot_id": "901"}, "six"), ({"bot_name": "mia"}, "lucky"), ({"bot_name": "MIA"}, "lucky")):
        assert [item.record.bot_response for item in records(await read_all(file, **options))] == [answer]
    with pytest.raises(MigrationError, match="no message of an author of that name; the bots there are"):
        await read_all(file, bot_name="nobody")
    with pytest.raises(MigrationError, match="no bot wrote there"):
        await read_all(write(tmp_path / "people.json", message(1, "ada", "hi")))


async def test_what_nobody_answered_can_be_left_out(tmp_path: Path) -> None:
    row = [message(1, "ada", "hi"), message(2, "mia", "hello"), message(3, "bo", "just us", minutes=99)]
    items = await read_all(write(tmp_path / "c.json", *row), answered_only=True)
    assert [item.record.idempotency_key for item in records(items)] == ["discord:10001"]
    assert [item.reason for item in items if isinstance(item, Omission)] == ["nobody answered it"]


async def test_the_parts_of_a_channel_are_one_and_other_channels_are_others(tmp_path: Path) -> None:
    asked, answered = message(1, "ada", "are you there?"), message(2, "mia", "I am")
    (tmp_path / "parts").mkdir()
    write(tmp_path / "parts" / "beans [part 10].json", message(3, "ada", "good"))
    write(tmp_path / "parts" / "beans [part 2].json", answered)
    write(tmp_path / "parts" / "beans.json", asked)
    write(tmp_path / "parts" / "a.json", message(1, "bo", "elsewhere"), channel_id="78")
    found = [item.record for item in records(await read_all(tmp_path / "parts"))]
    assert sorted((r.channel_id, r.user_message, r.bot_response) for r in found) == [
        ("77", "are you there?", "I am"),
        ("77", "good", ""),
        ("78", "elsewhere", ""),
    ]


async def test_exports_that_overlap_give_the_same_keys(tmp_path: Path) -> None:
    row = [message(1, "ada", "hi"), message(2, "mia", "hello"), message(3, "ada", "bye", minutes=90)]
    write(tmp_path / "1.json", *row[:2])
    write(tmp_path / "2.json", *row)
    found = [item.record for item in records(await read_all(tmp_path))]
    assert [record.idempotency_key for record in found] == ["discord:10001", "discord:10001", "discord:10003"]
    assert found[0] == found[1]


async def test_of_a_truncated_file_nothing_is_half_stored(tmp_path: Path) -> None:
    row = [message(1, "ada", "hi"), message(2, "mia", "hello"), message(3, "ada", "and now?", minutes=90)]
    text = write(tmp_path / "c.json", *row, message(4, "mia", "the answer", minutes=91)).read_text()
    (tmp_path / "c.json").write_text(text[: text.index("the answer")])
    items = await read_all(tmp_path / "c.json")
    assert [item.record.idempotency_key for item in records(items)] == ["discord:10001"]
    rejected = [item for item in items if isinstance(item, Rejection)]
    assert rejected[0].position == "message 10003"
    assert all("truncated" in item.reason for item in rejected)


async def test_bad_messages_are_rejected_and_the_others_are_read(tmp_path: Path) -> None:
    broken = [{"type": "Default"}, message(2, "ada", "x") | {"timestamp": "soon"}, "text"]
    file = write(tmp_path / "c.json", message(1, "ada", "hi"), *broken, message(5, "mia", "hello"))  # type: ignore[arg-type]
    items = await read_all(file)
    assert [item.record.bot_response for item in records(items)] == ["hello"]
    assert [item.reason for item in items if isinstance(item, Rejection)] == [
        "the message has no id",
        "the message has no timestamp",
        "the message has no id",
    ]


async def test_an_export_that_begins_with_the_newest_message_says_so(tmp_path: Path) -> None:
    file = write(tmp_path / "c.json", message(2, "mia", "hello"), message(1, "ada", "hi"))
    with pytest.raises(MigrationError, match="chronological order"):
        await read_all(file)


async def test_another_file_in_the_folder_is_rejected_and_one_by_itself_is_told_apart(tmp_path: Path) -> None:
    write(tmp_path / "c.json", message(1, "ada", "hi"), message(2, "mia", "hello"))
    (tmp_path / "other.json").write_text('[{"mapping": {}}]')
    items = await read_all(tmp_path)
    assert [item.position for item in items if isinstance(item, Rejection)] == ["other.json"]
    assert len(records(items)) == 1
    with pytest.raises(MigrationError, match="a ChatGPT export: talktiers import chatgpt"):
        await read_all(tmp_path / "other.json")


async def test_a_channel_far_larger_than_memory_allows_is_read_in_bounded_memory(tmp_path: Path) -> None:
    with (tmp_path / "c.json").open("w") as file:
        whole = json.dumps(document())
        begun = whole.index("[]") + 1
        file.write(whole[:begun])
        for number in range(12_000):
            said = message(number, "mia" if number % 2 else "ada", "x" * 1000, minutes=30 * number)
            file.write(("," if number else "") + json.dumps(said))
        file.write(whole[begun:])
    count = 0
    tracemalloc.start()
    try:
        async for item in DiscordExport(path=str(tmp_path / "c.json")).read():
            count += isinstance(item, SourcedRecord)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 6_000
    assert (tmp_path / "c.json").stat().st_size > 14_000_000
    assert peak_bytes < 6_000_000
