"""DiscordChatExporter's JSON: one channel's file, or a folder or ZIP archive of them."""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
from collections.abc import AsyncGenerator, Generator, Iterable, Iterator, Mapping
from typing import Final

import attrs

from ...domain.discord_export import chosen_bot, mapped
from ...domain.discord_messages import (
    Author,
    Channel,
    ChannelMessage,
    author_of,
    channel_of,
    message_of,
    notification_of,
)
from ...domain.discord_pairing import ChannelExchange, ChannelPairing
from ...domain.errors import InvalidConversation
from ...domain.exchanges import UNDATED, Unmapped
from ...domain.foreign_values import as_json, id_of, object_of, time_of
from ...ports.conversation_source import ConversationSource, Item
from .export_files import ExportFile, export_files
from .json_items import BrokenJson, JsonItem
from .mapped_items import ForeignShape, Reading, items_of_files
from .recognition import NAMES
from .streaming import streamed

_MESSAGES: Final = "messages"
_PREAMBLE: Final = frozenset({"guild", "channel"})


@attrs.define(kw_only=True)
class _Overview:
    """What has to be known of a file before its messages can be paired.

    Attributes:
        channel: ``None``: the file is none of the format.
        written: messages of each author.
        first_at, last_at: of its first and its last message.
    """

    file: ExportFile
    channel: Channel | None = None
    written: collections.Counter[Author] = attrs.field(factory=collections.Counter)
    first_at: dt.datetime | None = None
    last_at: dt.datetime | None = None


class DiscordExport(ConversationSource):
    """Reads the exchanges of one bot with everybody who wrote in these channels, after a first look at who did.

    A direct message stays one; a channel is private unless it is told otherwise. Parts of one channel are read one
    after the other, as one.

    Args:
        bot_id, bot_name: the bot; neither: the only one that wrote.
        public: whether everybody on the server can read the channels, which the export does not say. Groups, direct
            messages and private threads never become public by it.
        answered_only: leaves out what nobody answered.
        timezone: of times that name none.
    """

    def __init__(
        self,
        *,
        path: str,
        bot_id: str | None = None,
        bot_name: str | None = None,
        public: bool = False,
        answered_only: bool = False,
        timezone: dt.tzinfo = dt.UTC,
    ) -> None:
        self.name = path
        self._path = path
        self._bot_id = bot_id
        self._bot_name = bot_name
        self._public = public
        self._answered_only = answered_only
        self._timezone = timezone

    def read(self) -> AsyncGenerator[Item, None]:
        """See the port."""
        return streamed(self._items())

    def _items(self) -> Generator[Item, None, None]:
        seen = [_overview(file, self._timezone) for file in export_files(self._path)]
        written = sum((overview.written for overview in seen), collections.Counter[Author]())
        bot = chosen_bot(written, bot_id=self._bot_id, bot_name=self._bot_name) if written else None
        channels = _Channels(
            seen, bot=bot, public=self._public, answered_only=self._answered_only, timezone=self._timezone
        )
        files = [overview.file for overview in sorted(seen, key=_order)]
        yield from items_of_files(files, channels.read, path=self._path, format_name=NAMES["discord"])
        yield from channels.rest()


class _Channels:
    """Reads the files in their order; of a channel in several parts the pairing goes on from one to the next."""

    def __init__(
        self,
        overviews: Iterable[_Overview],
        *,
        bot: Author | None,
        public: bool,
        answered_only: bool,
        timezone: dt.tzinfo,
    ) -> None:
        self._overviews = {overview.file.name: overview for overview in overviews}
        self._bot = bot
        self._public = public
        self._answered_only = answered_only
        self._timezone = timezone
        self._open: tuple[Reading, Channel, ChannelPairing, dt.datetime | None] | None = None

    def read(self, reading: Reading) -> Iterator[Item]:
        """A file's exchanges that are complete, and what in it is no message."""
        overview = self._overviews[reading.file.name]
        channel = overview.channel
        if channel is None:
            _raise_fault(reading.file)
            raise ForeignShape("it does not begin with guild, channel and messages")
        if overview.first_at and overview.last_at and overview.first_at > overview.last_at:
            raise ForeignShape("its newest message comes first: export it in chronological order")
        if self._bot is None:
            return
        if (
            self._open is None
            or self._open[1].channel_id != channel.channel_id
            or not _follows(overview, self._open[3])
        ):
            yield from self.rest()
            pairing = ChannelPairing(bot_id=self._bot.author_id, person=self._person(channel, self._bot))
        else:
            pairing = self._open[2]
        self._open = (reading, channel, pairing, overview.last_at)
        try:
            for item in reading.file.items():
                if item.key != _MESSAGES or item.index is None:
                    continue
                message = self._message(item)
                if isinstance(message, Unmapped):
                    author = author_of(object_of(item.value).get("author"))
                    user_id = None if author is None or author.is_bot else author.author_id
                    yield reading.item(message, read_bytes=item.read_bytes, user_id=user_id)
                    continue
                for found in pairing.add(message):
                    yield self._item(found, channel, reading, item.read_bytes)
        except BrokenJson:
            yield from self.rest(cut_off=True)
            raise

    def rest(self, *, cut_off: bool = False) -> Iterator[Item]:
        """What waits for an answer that does not come any more.

        Args:
            cut_off: the file ended too early: of what was said last nobody knows whether it goes on.
        """
        if self._open is not None:
            reading, channel, pairing, _ = self._open
            self._open = None
            for found in pairing.close(cut_off=cut_off):
                yield self._item(found, channel, reading, reading.file.size_bytes)

    def _person(self, channel: Channel, bot: Author) -> Author | None:
        """Who talked to the bot in a direct message; ``None``: it is none, or that is not known."""
        others = {
            author.author_id: author
            for overview in self._overviews.values()
            if overview.channel is not None and overview.channel.channel_id == channel.channel_id
            for author in overview.written
            if author.author_id != bot.author_id
        }
        return next(iter(others.values())) if channel.is_direct and len(others) == 1 else None

    def _message(self, item: JsonItem) -> ChannelMessage | Unmapped:
        place = f"message {id_of(object_of(item.value).get('id')) or f'number {(item.index or 0) + 1}'}"
        source = as_json(item.value)
        notification = notification_of(item.value)
        if notification is not None:
            reason = f"is a notification of Discord: {notification}"
            return Unmapped(place=place, reason=reason, source=source, is_fault=False)
        try:
            message = message_of(item.value, timezone=self._timezone)
        except InvalidConversation as error:
            return Unmapped(place=place, reason=str(error), source=source)
        if not message.text:
            return Unmapped(place=place, reason="says nothing", source=source, is_fault=False)
        if self._bot is not None and message.author.is_bot and message.author.author_id != self._bot.author_id:
            return Unmapped(place=place, reason="is by another bot", source=source, is_fault=False)
        return message

    def _item(self, found: ChannelExchange, channel: Channel, reading: Reading, read_bytes: int) -> Item:
        assert self._bot is not None  # noqa: S101  # nothing is paired without one
        result = mapped(found, channel=channel, bot=self._bot, public=self._public, answered_only=self._answered_only)
        user_id = None if found.user is None else found.user.author_id
        return reading.item(result, read_bytes=read_bytes, user_id=user_id)


def _overview(file: ExportFile, timezone: dt.tzinfo) -> _Overview:
    overview = _Overview(file=file)
    preamble: dict[str, object] = {}
    with contextlib.suppress(BrokenJson):  # it is met and reported again where the messages are read
        for item in file.items():
            if item.key is None or (item.key != _MESSAGES and item.index is not None):
                continue
            if item.index is None and item.key != _MESSAGES:
                preamble[item.key] = item.value
            elif item.index is None:
                overview.channel = _channel(preamble)
            elif overview.channel is not None:
                _count(overview, item.value, timezone)
            if overview.channel is None and item.key == _MESSAGES:
                break
    return overview


def _channel(preamble: Mapping[str, object]) -> Channel | None:
    if not preamble.keys() >= _PREAMBLE:
        return None
    try:
        return channel_of(preamble)
    except InvalidConversation:
        return None


def _count(overview: _Overview, message: object, timezone: dt.tzinfo) -> None:
    content = object_of(message)
    author, sent_at = author_of(content.get("author")), time_of(content.get("timestamp"), timezone=timezone)
    if author is not None and notification_of(message) is None:
        overview.written[author] += 1
    if sent_at is not None:
        overview.first_at = overview.first_at or sent_at
        overview.last_at = sent_at


def _order(overview: _Overview) -> tuple[str, dt.datetime]:
    """Channel by channel, of each the earliest part first; stable for what has no messages."""
    channel_id = "" if overview.channel is None else overview.channel.channel_id
    return channel_id, overview.first_at or UNDATED


def _follows(overview: _Overview, last_at: dt.datetime | None) -> bool:
    """Whether a file's messages are later than those of the part before."""
    return last_at is None or overview.first_at is None or overview.first_at >= last_at


def _raise_fault(file: ExportFile) -> None:
    """What is wrong with a file that is no JSON."""
    for _ in file.items():
        return
