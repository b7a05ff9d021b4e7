"""A Discord bot with a memory.

``python examples/discord_bot.py`` needs ``pip install discord.py`` and the bot's token in DISCORD_TOKEN. Put your
language model into `answer`. What is worth copying is `place_of`: where a message was written decides who may ever see
it again. A direct message stays between the two; a private channel or thread stays in it; a public channel belongs to
its server.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from talktiers import Audience, ChatMessage, Forgotten, HierarchicalMemoryManager, IdempotencyConflict, open_memory

MAX_REPLY_CHARS = 2000  # Discord's limit
FORGET, FORGET_FOR_SURE = "forget me", "forget me, yes"


async def answer(messages: Sequence[ChatMessage]) -> str:
    """Your language model goes here.

    Args:
        messages: as chat APIs take them: what is remembered, if anything is, and what the user says now.
    """
    known = sum(len(message["content"]) for message in messages[:-1])
    return f"I have {known} characters of context for this." if known else "This is the first I hear of it."


class Place(NamedTuple):
    """Channel, server and audience as the memory's calls take them."""

    channel_id: str
    server_id: str | None
    audience: Audience
    thread_id: str | None = None


class Message(Protocol):
    """What is used of a ``discord.Message``."""

    id: int
    content: str
    created_at: dt.datetime
    author: Any
    channel: Any
    guild: Any


def place_of(message: Message) -> Place:
    """The place of a message. Whatever is not known to be public counts as private."""
    channel, server = message.channel, message.guild
    if server is None:
        one_to_one = getattr(channel, "recipients", None) is None or len(channel.recipients) <= 1
        audience = Audience.DIRECT if one_to_one else Audience.PRIVATE_CHANNEL  # a group is not one person
        return Place(str(channel.id), None, audience)
    parent = getattr(channel, "parent", None)
    thread_id = str(channel.id) if parent is not None else None
    private_thread = parent is not None and channel.is_private()
    if private_thread or not _everyone_reads(parent if parent is not None else channel, server):
        return Place(str(channel.id), str(server.id), Audience.PRIVATE_CHANNEL, thread_id)
    return Place(str(channel.id), str(server.id), Audience.PUBLIC_CHANNEL, thread_id)


def _everyone_reads(channel: Any, server: Any) -> bool:
    return bool(channel.permissions_for(server.default_role).read_messages)


def text_of(message: Message) -> str:
    """What a message says, without the mention by which the bot is addressed."""
    return re.sub(r"^\s*<@!?\d+>", "", message.content).strip()


def cut(text: str) -> str:
    """As much of a text as a reply holds."""
    return text if len(text) <= MAX_REPLY_CHARS else text[: MAX_REPLY_CHARS - 1] + "…"


class Exchange(NamedTuple):
    """A message and what the bot answered to it."""

    message: Message
    answer: str


def exchanges_of(history: Iterable[Message], *, bot_user_id: int) -> Iterator[Exchange]:
    """The exchanges in a channel's history, oldest message first: each message with the bot's answers right after it.

    An answer belongs to the message that it replies to; without a reply, to the last message of anybody else. What is
    said about forgetting is nothing to remember.
    """
    asked: dict[int, Message] = {}
    answers: dict[int, list[str]] = {}
    last: int | None = None
    for message in history:
        if message.author.id != bot_user_id:
            if message.author.bot:
                continue
            asked[message.id] = message
            last = message.id
            continue
        reference = getattr(message, "reference", None)
        target = getattr(reference, "message_id", None) if reference is not None else last
        if target in asked and text_of(asked[target]).lower() not in {FORGET, FORGET_FOR_SURE}:
            answers.setdefault(target, []).append(message.content)
    return (Exchange(asked[id_], "\n".join(texts)) for id_, texts in sorted(answers.items()))


async def remember(memory: HierarchicalMemoryManager, exchange: Exchange) -> None:
    """Stores an exchange, once: the message's id is its key.

    Stored already, and edited, renamed or answered otherwise since: what was stored first stands. Erased: it stays so.
    """
    message, place = exchange.message, place_of(exchange.message)
    with contextlib.suppress(IdempotencyConflict, Forgotten):
        await memory.store_conversation(
            user_id=str(message.author.id),
            user_message=text_of(message),
            bot_response=exchange.answer,
            occurred_at=message.created_at,
            idempotency_key=f"discord:{message.id}",
            channel_id=place.channel_id,
            server_id=place.server_id,
            thread_id=place.thread_id,
            audience=place.audience,
            user_name=message.author.display_name,
        )


async def reply_to(memory: HierarchicalMemoryManager, message: Message) -> str:
    """What the bot replies to a message that is not about forgetting."""
    place = place_of(message)
    bundle = await memory.get_conversation_context(
        user_id=str(message.author.id),
        current_query=text_of(message),
        channel_id=place.channel_id,
        server_id=place.server_id,
        audience=place.audience,
    )
    return cut(await answer([*bundle.to_messages(), ChatMessage(role="user", content=text_of(message))]))


async def about_forgetting(memory: HierarchicalMemoryManager, message: Message) -> str | None:
    """The reply to a wish to be forgotten, which is asked for twice; ``None``: the message is no such wish."""
    wish = text_of(message).lower()
    if wish == FORGET:
        return f"That erases all I know of you, in every place. If you are sure, say: {FORGET_FOR_SURE}"
    if wish == FORGET_FOR_SURE:
        receipt = await memory.forget_user(str(message.author.id))
        return "All forgotten." if receipt.complete else "I see none of it any more; the rest is being erased."
    return None


async def run(token: str) -> None:
    """Connects, reads what was said while the bot was away, and answers."""
    try:
        import discord  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415  # only a running bot needs it
    except ModuleNotFoundError:
        sys.exit("error: discord.py is not installed\n  install it: pip install discord.py")
    intents = discord.Intents.default()
    intents.message_content = True
    client = discord.Client(intents=intents)

    async with open_memory() as memory:
        caught_up = False

        @client.event  # type: ignore[untyped-decorator, unused-ignore]  # where the package is not there
        async def on_ready() -> None:
            nonlocal caught_up
            if caught_up:  # it is called anew after each loss of the connection
                return
            caught_up = True
            for channel in client.get_all_channels():
                if (
                    isinstance(channel, discord.TextChannel)
                    and channel.permissions_for(channel.guild.me).read_message_history
                ):
                    history = [message async for message in channel.history(limit=500, oldest_first=True)]
                    for exchange in exchanges_of(history, bot_user_id=client.user.id):
                        await remember(memory, exchange)

        @client.event  # type: ignore[untyped-decorator, unused-ignore]  # where the package is not there
        async def on_message(message: Any) -> None:
            if message.author.bot or not (message.guild is None or client.user in message.mentions):
                return
            if (about := await about_forgetting(memory, message)) is not None:
                await message.reply(about)
                return
            reply = await reply_to(memory, message)
            await message.reply(reply)
            await remember(memory, Exchange(message, reply))

        async with client:
            await client.start(token)


if __name__ == "__main__":
    if not (bot_token := os.environ.get("DISCORD_TOKEN")):
        sys.exit("error: no token\n  put the bot's token into the environment variable DISCORD_TOKEN")
    try:
        asyncio.run(run(bot_token))
    except KeyboardInterrupt:
        sys.exit(130)
