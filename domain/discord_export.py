"""What was said in a Discord channel as conversations with one bot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from .discord_messages import Author, Channel
from .discord_pairing import ChannelExchange
from .errors import MigrationError
from .exchanges import Mapped, Unmapped, joined
from .interchange import ConversationRecord
from .json_values import JsonValue

KEY_PREFIX: Final = "discord:"
"""Before the id of an exchange's first message: as the example of a Discord bot stores what it hears."""

_NAMED_BOTS: Final = 8


def chosen_bot(written: Mapping[Author, int], *, bot_id: str | None = None, bot_name: str | None = None) -> Author:
    """The bot whose conversations are meant.

    Args:
        written: messages of each author.
        bot_id, bot_name: how it was named; neither: it is the only one.

    Raises:
        MigrationError: none or several fit; the message names those that there are.
    """
    if bot_id is not None:
        fitting = [author for author in written if author.author_id == bot_id]
        wanted = "an author with that id"
    elif bot_name is not None:
        name = bot_name.casefold()
        fitting = [author for author in written if name in {author.name.casefold(), author.account.casefold()}]
        wanted = "an author of that name"
    else:
        fitting = [author for author in written if author.is_bot]
        wanted = "a bot"
    if len({author.author_id for author in fitting}) == 1:
        return fitting[0]
    if fitting:
        raise MigrationError(f"several fit: name one by its id, with --bot-id: {_listed(fitting, written)}")
    bots = [author for author in written if author.is_bot]
    there = f"; the bots there are {_listed(bots, written)}" if bots else "; no bot wrote there"
    advice = "" if bots else ": name an account that is not marked as a bot with --bot-id"
    raise MigrationError(f"there is no message of {wanted}{there}{advice}")


def _listed(authors: Iterable[Author], written: Mapping[Author, int]) -> str:
    most = sorted(authors, key=lambda author: (-written[author], author.author_id))
    named = [f"{author.author_id} ({author.name or author.account}, {written[author]:,} messages)" for author in most]
    more = f" and {len(named) - _NAMED_BOTS} more" if len(named) > _NAMED_BOTS else ""
    return ", ".join(named[:_NAMED_BOTS]) + more


def mapped(
    found: ChannelExchange, *, channel: Channel, bot: Author, public: bool, answered_only: bool = False
) -> Mapped | Unmapped:
    """An exchange as a record.

    It is known by the id of its first message and has that message's time. What the user said and nobody answered has
    an empty side of the bot; what the bot said by itself in a direct message has an empty side of the user. What it
    said by itself in a channel belongs to nobody's memory and is left out.

    Args:
        public: as `Channel.place` takes it.
        answered_only: leaves out what nobody answered.
    """
    exchange = found.exchange
    place = f"message {exchange.first_id}"
    said: JsonValue = [{"id": message.message_id, "content": message.text} for message in exchange.messages]
    if found.may_go_on:
        reason = "the file is truncated soon after it: nobody knows whether that was all; export it again"
        return Unmapped(place=place, reason=reason, source=said)
    if found.user is None:
        return Unmapped(place=place, reason="what the bot said answers nobody's message", source=said, is_fault=False)
    if answered_only and not exchange.answered:
        return Unmapped(place=place, reason="nobody answered it", source=said, is_fault=False)
    where = channel.place(public=public)
    metadata: dict[str, JsonValue] = {}
    metadata |= {"channel_name": channel.name} if channel.name else {}
    metadata |= {"server_name": channel.server_name} if channel.server_id is not None and channel.server_name else {}
    record = ConversationRecord(
        user_id=found.user.author_id,
        user_message=joined(exchange.asked),
        bot_response=joined(exchange.answered),
        occurred_at=exchange.sent_at,
        idempotency_key=KEY_PREFIX + exchange.first_id,
        audience=where.audience.value,
        channel_id=where.channel_id,
        server_id=where.server_id,
        user_name=found.user.name or None,
        bot_name=(bot.name or None) if exchange.answered else None,
        metadata=metadata,
        processing_metadata={"imported_from": "discord"},
    )
    return Mapped(place=place, record=record)
