"""LangChain's message histories, saved as JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Generator, Iterator

import attrs

from ...domain.errors import InvalidConversation
from ...domain.exchanges import Exchange, Mapped, Message, Pairing, Unmapped
from ...domain.foreign_values import as_json
from ...domain.langchain_history import HistoryKeys, is_message, message_of, record_of
from ...ports.conversation_source import ConversationSource, Item
from .export_files import export_files
from .json_items import BrokenJson, JsonItem
from .mapped_items import ForeignShape, Reading, items_of_files
from .recognition import NAMES
from .streaming import streamed

_MESSAGES = "messages"


class LangChainHistory(ConversationSource):
    """Reads the histories of one user, as exchanges in direct messages; rows of several sessions may be mixed.

    Args:
        user_id: whose histories they are; they do not say.
        timezone: of times that name none.
    """

    def __init__(self, *, path: str, user_id: str, timezone: dt.tzinfo = dt.UTC) -> None:
        self.name = path
        self._path = path
        self._user_id = user_id
        self._timezone = timezone

    def read(self) -> AsyncGenerator[Item, None]:
        """See the port."""
        return streamed(self._items())

    def _items(self) -> Generator[Item, None, None]:
        files = export_files(self._path)
        yield from items_of_files(files, self._read, path=self._path, format_name=NAMES["langchain"])

    def _read(self, reading: Reading) -> Iterator[Item]:
        sessions: dict[str | None, _Session] = {}
        begun = is_foreign = False
        try:
            for item in reading.file.items():
                if item.index is None:
                    is_foreign = is_foreign or item.value != []
                    continue
                if not begun and not is_message(item.value):
                    raise ForeignShape("its items are no messages: type human or ai, with data or content")
                begun = True
                for found in self._mapped(item, sessions):
                    yield reading.item(found, read_bytes=item.read_bytes, user_id=self._user_id)
        except BrokenJson:
            for session in sessions.values():
                if (cut := session.cut_off()) is not None:
                    yield reading.item(cut, read_bytes=reading.file.size_bytes, user_id=self._user_id)
            raise
        if not begun and is_foreign:
            raise ForeignShape("it has no list of messages")
        for session in sessions.values():
            if (last := session.close()) is not None:
                yield reading.item(last, read_bytes=reading.file.size_bytes, user_id=self._user_id)

    def _mapped(self, item: JsonItem, sessions: dict[str | None, _Session]) -> Iterator[Mapped | Unmapped]:
        place, source = f"message {(item.index or 0) + 1}", as_json(item.value)
        if item.key not in {None, _MESSAGES}:
            place = f"session {item.key} {place}"
        try:
            message = message_of(item.value, timezone=self._timezone)
        except InvalidConversation as error:
            yield Unmapped(place=place, reason=str(error), source=source)
            return
        if message.speaker is None or message.text is None:
            reason = "says nothing" if message.speaker is not None else f"is a message of type {message.kind}"
            yield Unmapped(place=place, reason=reason, source=source, is_fault=False)
            return
        session_id = message.session_id or (None if item.key == _MESSAGES else item.key)
        session = sessions.get(session_id)
        if session is None:
            session = sessions[session_id] = _Session.of(user_id=self._user_id, session_id=session_id)
        said = Message(message_id=place, speaker=message.speaker, text=message.text, sent_at=message.sent_at)
        if (ended := session.add(said)) is not None:
            yield ended


@attrs.define(kw_only=True)
class _Session:
    """A session that is being read."""

    user_id: str
    session_id: str | None
    keys: HistoryKeys
    pairing: Pairing = attrs.field(factory=Pairing)
    before: dt.datetime | None = None

    @classmethod
    def of(cls, *, user_id: str, session_id: str | None) -> _Session:
        """One that has not begun."""
        return cls(user_id=user_id, session_id=session_id, keys=HistoryKeys.of(user_id=user_id, session_id=session_id))

    def add(self, message: Message) -> Mapped | None:
        """Takes the next message; returns the exchange that ended before it, if one did."""
        return self._mapped(self.pairing.add(message))

    def close(self) -> Mapped | None:
        """The last exchange."""
        return self._mapped(self.pairing.close())

    def cut_off(self) -> Unmapped | None:
        """The last exchange of a file that is truncated."""
        ended = self.pairing.close()
        if ended is None:
            return None
        reason = "the file is truncated soon after it: nobody knows whether that was all; export it again"
        said = [{"type": message.speaker.value, "content": message.text} for message in ended.messages]
        return Unmapped(place=ended.first_id, reason=reason, source=said)

    def _mapped(self, exchange: Exchange | None) -> Mapped | None:
        if exchange is None:
            return None
        key = self.keys.next_key(exchange)
        record = record_of(exchange, user_id=self.user_id, session_id=self.session_id, key=key, before=self.before)
        self.before = record.occurred_at
        return Mapped(place=exchange.first_id, record=record)
