"""Messages as DiscordChatExporter writes them: what is known of a channel, who wrote what, what is no message at all.

Facts from its ``JsonMessageWriter`` (2020 to 2026): one document a channel, ``guild``, ``channel``, ``messages`` in
chronological order unless reversed; ids as strings, times with their offset; kinds of messages by name, those that the
exporter has no name for by Discord's number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

import attrs

from .cleaning import cleaned_name
from .errors import InvalidConversation
from .exchanges import Message, Speaker
from .foreign_values import id_of, list_of, object_of, text_of, time_of
from .place import Audience, Place

_DIRECT: Final = "DirectTextChat"
_GROUP: Final = "DirectGroupTextChat"
_PRIVATE_THREAD: Final = "GuildPrivateThread"
_FORWARDED: Final = "Forward"
_SAID: Final = frozenset({"Default", "Reply", "20", "23"})
"""Kinds that somebody wrote: 20 and 23 answer a command. The others are Discord's own notifications."""


@attrs.frozen(kw_only=True)
class Author:
    """Somebody who wrote in a channel.

    Attributes:
        name: as shown there, else the account's.
        account: the account's name.
        is_bot: an account of a program, a webhook too.
    """

    author_id: str
    name: str
    account: str
    is_bot: bool


@attrs.frozen(kw_only=True)
class Channel:
    """Where a document's messages were written.

    Attributes:
        kind: as the exporter names it.
        server_id: ``None``: a direct message, or a group of them.
    """

    channel_id: str
    kind: str
    name: str
    server_id: str | None
    server_name: str

    @property
    def is_direct(self) -> bool:
        """Whether one person talked to the bot there, and nobody else could read it."""
        return self.kind == _DIRECT

    def place(self, *, public: bool) -> Place:
        """What the privacy of its conversations is decided by.

        Args:
            public: whether everybody on the server can read its channels. The export does not say; a direct message,
                a group and a private thread never become public by it.
        """
        if self.is_direct:
            return Place(audience=Audience.DIRECT, channel_id=self.channel_id)
        narrow = self.server_id is None or self.kind == _PRIVATE_THREAD
        audience = Audience.PUBLIC_CHANNEL if public and not narrow else Audience.PRIVATE_CHANNEL
        return Place(audience=audience, channel_id=self.channel_id, server_id=self.server_id)


@attrs.frozen(kw_only=True)
class ChannelMessage:
    """A message that somebody wrote.

    Attributes:
        text: what it says, with a note for each file; blank: nothing.
        replies_to: the message that it refers to.
        command_by: who gave the command that it answers.
        command: that command.
        mentioned: ids of those that it names.
    """

    message_id: str
    author: Author
    text: str
    sent_at: dt.datetime
    replies_to: str | None = None
    command_by: Author | None = None
    command: str = ""
    mentioned: frozenset[str] = frozenset()

    def as_message(self, speaker: Speaker) -> Message:
        """The message in an exchange."""
        return Message(message_id=self.message_id, speaker=speaker, text=self.text, sent_at=self.sent_at)


def channel_of(document: Mapping[str, object]) -> Channel:
    """The channel that a document's members ``guild`` and ``channel`` describe.

    Raises:
        InvalidConversation: it has no id.
    """
    guild, channel = object_of(document.get("guild")), object_of(document.get("channel"))
    channel_id = id_of(channel.get("id"))
    if channel_id is None:
        raise InvalidConversation("the channel has no id")
    kind = id_of(channel.get("type")) or ""
    guild_id = id_of(guild.get("id"))
    return Channel(
        channel_id=channel_id,
        kind=kind,
        name=cleaned_name("channel", text_of(channel.get("name"))),
        # What belongs to no server is written as one with the id 0.
        server_id=None if kind in {_DIRECT, _GROUP} or guild_id == "0" else guild_id,
        server_name=cleaned_name("guild", text_of(guild.get("name"))),
    )


def author_of(value: object) -> Author | None:
    """An author, if it is one."""
    content = object_of(value)
    author_id = id_of(content.get("id"))
    if author_id is None:
        return None
    account = cleaned_name("name", text_of(content.get("name")))
    shown = cleaned_name("nickname", text_of(content.get("nickname")))
    return Author(author_id=author_id, name=shown or account, account=account, is_bot=content.get("isBot") is True)


def notification_of(value: object) -> str | None:
    """The kind of a message that Discord itself wrote; ``None``: somebody wrote it."""
    kind = id_of(object_of(value).get("type")) or "Default"
    return None if kind in _SAID else kind


def message_of(value: object, *, timezone: dt.tzinfo = dt.UTC) -> ChannelMessage:
    """A message of a document.

    Args:
        timezone: of a time that names none.

    Raises:
        InvalidConversation: it has no id, author or time; the message says which.
    """
    content = object_of(value)
    message_id = id_of(content.get("id"))
    author = author_of(content.get("author"))
    sent_at = time_of(content.get("timestamp"), timezone=timezone)
    if message_id is None or author is None or sent_at is None:
        missing = "id" if message_id is None else "author with an id" if author is None else "timestamp"
        raise InvalidConversation(f"the message has no {missing}")
    interaction, reference = object_of(content.get("interaction")), object_of(content.get("reference"))
    return ChannelMessage(
        message_id=message_id,
        author=author,
        text=_text(content, embeds=author.is_bot),
        sent_at=sent_at,
        replies_to=None if reference.get("type") == _FORWARDED else id_of(reference.get("messageId")),
        command_by=author_of(interaction.get("user")),
        command="/" + cleaned_name("command", text_of(interaction.get("name"))),
        mentioned=frozenset(
            mentioned.author_id for item in list_of(content.get("mentions")) if (mentioned := author_of(item))
        ),
    )


def _text(content: Mapping[str, object], *, embeds: bool) -> str:
    """What a message shows.

    Args:
        embeds: whether those are what it says; of a person they are previews of pages that it names.
    """
    parts = [text_of(content.get("content"))]
    if forwarded := object_of(content.get("forwardedMessage")):
        parts.append(f"[forwarded] {_text(forwarded, embeds=False)}".strip())
    if embeds:
        parts += [_embed(object_of(item)) for item in list_of(content.get("embeds"))]
    parts += [_note("file", object_of(item).get("fileName")) for item in list_of(content.get("attachments"))]
    parts += [_note("sticker", object_of(item).get("name")) for item in list_of(content.get("stickers"))]
    return "\n".join(part for part in parts if part)


def _embed(embed: Mapping[str, object]) -> str:
    parts = [text_of(embed.get("title")), text_of(embed.get("description"))]
    for field in map(object_of, list_of(embed.get("fields"))):
        named = [text for key in ("name", "value") if (text := text_of(field.get(key)))]
        parts.append(": ".join(named))
    return "\n".join(part for part in parts if part)


def _note(kind: str, name: object) -> str:
    shown = cleaned_name(kind, text_of(name))
    return f"[{kind}: {shown}]" if shown else f"[{kind}]"
