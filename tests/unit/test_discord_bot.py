"""The example for Discord: where a message was written decides who may see it again. Without discord.py."""

import datetime as dt
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from talktiers import Audience, open_memory

BOT = Path(__file__).parents[2] / "examples" / "discord_bot.py"
EVERYONE = object()
BOT_ID = 99


@pytest.fixture(scope="module")
def example() -> ModuleType:
    specification = importlib.util.spec_from_file_location("discord_bot_example", BOT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


def channel(number: int, *, public: bool = True, **further: Any) -> SimpleNamespace:
    def permissions_for(role: object) -> SimpleNamespace:
        assert role is EVERYONE
        return SimpleNamespace(read_messages=public)

    return SimpleNamespace(id=number, permissions_for=permissions_for, **further)


def message(
    number: int, place: Any, *, server: bool = True, author: int = 7, content: str | None = None, **further: Any
) -> SimpleNamespace:
    return SimpleNamespace(
        id=number,
        content=f"text {number}" if content is None else content,
        created_at=dt.datetime(2025, 3, 1, tzinfo=dt.UTC),
        author=SimpleNamespace(id=author, bot=author == BOT_ID, display_name="Ada"),
        channel=place,
        guild=SimpleNamespace(id=5, default_role=EVERYONE) if server else None,
        **further,
    )


@pytest.mark.parametrize(
    ("place", "server", "audience"),
    [
        (SimpleNamespace(id=1, recipient=object()), False, Audience.DIRECT),
        (SimpleNamespace(id=1, recipients=[1]), False, Audience.DIRECT),
        (SimpleNamespace(id=1, recipients=[1, 2]), False, Audience.PRIVATE_CHANNEL),
        (channel(1, public=True), True, Audience.PUBLIC_CHANNEL),
        (channel(1, public=False), True, Audience.PRIVATE_CHANNEL),
        (channel(2, parent=channel(1), is_private=lambda: False), True, Audience.PUBLIC_CHANNEL),
        (channel(2, parent=channel(1), is_private=lambda: True), True, Audience.PRIVATE_CHANNEL),
        (channel(2, parent=channel(1, public=False), is_private=lambda: False), True, Audience.PRIVATE_CHANNEL),
    ],
)
def test_nothing_counts_as_public_that_not_everybody_reads(
    example: ModuleType, place: Any, server: bool, audience: Audience
) -> None:
    found = example.place_of(message(3, place, server=server))
    assert found.audience is audience
    assert found.channel_id == str(place.id)
    assert found.server_id == ("5" if server else None)
    assert found.thread_id == ("2" if hasattr(place, "parent") else None)


def test_history_becomes_exchanges_of_a_message_and_its_answers(example: ModuleType) -> None:
    room = channel(1)
    history = [
        message(1, room),
        message(2, room, author=BOT_ID, reference=None),
        message(3, room),
        message(4, room),
        message(5, room, author=BOT_ID, reference=SimpleNamespace(message_id=3)),
        message(6, room, author=BOT_ID, reference=SimpleNamespace(message_id=12345)),
        message(7, room, author=BOT_ID, reference=None),
    ]
    found = list(example.exchanges_of(history, bot_user_id=BOT_ID))
    assert [(item.message.id, item.answer) for item in found] == [(1, "text 2"), (3, "text 5"), (4, "text 7")]


def test_what_is_said_about_forgetting_is_no_exchange(example: ModuleType) -> None:
    room = channel(1)
    history = [
        message(1, room, content=f"<@{BOT_ID}> forget me"),
        message(2, room, author=BOT_ID),
        message(3, room, content="Forget me, yes"),
        message(4, room, author=BOT_ID),
    ]
    assert list(example.exchanges_of(history, bot_user_id=BOT_ID)) == []


async def test_a_message_is_stored_once_however_often_it_is_answered(example: ModuleType, tmp_path: Path) -> None:
    asked = message(1, channel(1, public=False), content=f"<@{BOT_ID}> text 1")
    async with open_memory(tmp_path / "bot.db") as memory:
        for answer in ("an answer", "an answer", "another answer"):
            await example.remember(memory, example.Exchange(asked, answer))
        inside = await memory.get_user_conversation_history("7", since_days=None, channel_id="1", server_id="5")
        outside = await memory.get_user_conversation_history(
            "7", since_days=None, channel_id="2", server_id="5", audience="public_channel"
        )
        assert [(item.user_message, item.bot_response) for item in inside] == [("text 1", "an answer")]
        assert outside == []


async def test_the_model_gets_what_is_remembered_and_then_the_question(
    example: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    async def model(messages: Any) -> str:
        given.extend(messages)
        return 3000 * "x"

    monkeypatch.setattr(example, "answer", model)
    room = channel(1)
    async with open_memory("memory://") as memory:
        told = message(1, room, content="My sister moved to Porto")
        await example.remember(memory, example.Exchange(told, "Lovely!"))
        reply = await example.reply_to(memory, message(2, room, content="Where does my sister live?"))
    assert [item["role"] for item in given] == ["system", "user"]
    assert "My sister moved to Porto" in given[0]["content"]
    assert given[1]["content"] == "Where does my sister live?"
    assert len(reply) == 2000


async def test_it_forgets_whoever_asks_twice_and_nobody_else(example: ModuleType) -> None:
    room = channel(1)
    first = example.Exchange(message(1, room), "an answer")
    async with open_memory("memory://") as memory:
        await example.remember(memory, first)
        await example.remember(memory, example.Exchange(message(2, room, author=8), "an answer"))
        assert await example.about_forgetting(memory, message(3, room)) is None
        asked_back = await example.about_forgetting(memory, message(4, room, content="forget me"))
        assert "forget me, yes" in asked_back
        assert len([item async for item in memory.export_user("7")]) == 1
        assert await example.about_forgetting(memory, message(5, room, content="forget me, yes")) == "All forgotten."
        await example.remember(memory, first)
        assert [item async for item in memory.export_user("7")] == []
        assert len([item async for item in memory.export_user("8")]) == 1


def test_without_a_token_it_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(BOT)], capture_output=True, text=True, cwd=tmp_path, env={}, check=False)
    assert done.returncode == 1
    assert "DISCORD_TOKEN" in done.stderr
