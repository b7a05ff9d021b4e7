"""Exchanges out of messages: what a person said in a row, and what was answered in a row."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import attrs

from .cleaning import MAX_TEXT_CHARS
from .interchange import ConversationRecord
from .json_values import JsonValue

UNDATED: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""The time of what has none at all: older than anything that has one."""

TIME_UNKNOWN: Final = "time_unknown"
"""In processing metadata: the time was inferred, nobody noted it."""

SEPARATOR: Final = "\n"
"""Between the messages of a row; a bot that stores what it said joins its messages so, too."""


class Speaker(enum.Enum):
    """Who wrote a message."""

    USER = "user"
    BOT = "bot"


@attrs.frozen(kw_only=True)
class Message:
    """A message as it comes from elsewhere.

    Attributes:
        message_id: where it comes from, unique there.
        text: not blank.
        sent_at: aware; ``None``: not known.
    """

    message_id: str
    speaker: Speaker
    text: str
    sent_at: dt.datetime | None = None


@attrs.frozen(kw_only=True)
class Exchange:
    """Messages of the user in a row, and those that answer them; at most one side is empty."""

    asked: tuple[Message, ...]
    answered: tuple[Message, ...]

    @property
    def messages(self) -> tuple[Message, ...]:
        """All of them, in their order on each side."""
        return self.asked + self.answered

    @property
    def first_id(self) -> str:
        """What the exchange is known by: it stays when the conversation goes on."""
        return self.messages[0].message_id

    @property
    def sent_at(self) -> dt.datetime | None:
        """The first time that is known."""
        return next((message.sent_at for message in self.messages if message.sent_at is not None), None)


@attrs.frozen(kw_only=True)
class Mapped:
    """A record of something foreign.

    Attributes:
        place: where it stands within its item, for people.
    """

    place: str
    record: ConversationRecord


@attrs.frozen(kw_only=True)
class Unmapped:
    """Something foreign that becomes no record.

    Attributes:
        reason: what it is, or what to mend.
        is_fault: whether it should have become one.
        source: what stands there.
    """

    place: str
    reason: str
    source: JsonValue
    is_fault: bool = True


class Pairing:
    """Takes the messages of a conversation of two in their order, and gives its exchanges in theirs.

    Every message is in exactly one exchange. What the bot says first answers nothing: an exchange with an empty side
    of the user; what nobody answered has an empty side of the bot. A row whose texts would be longer together than one
    text may be is cut between two messages.
    """

    def __init__(self) -> None:
        self._asked: list[Message] = []
        self._answered: list[Message] = []
        self._row_chars = 0

    def add(self, message: Message) -> Exchange | None:
        """Takes the next message; returns the exchange that ended before it, if one did."""
        said_by_user = message.speaker is Speaker.USER
        row = self._asked if said_by_user else self._answered
        chars = (self._row_chars + len(SEPARATOR) if row else 0) + len(message.text)
        ended = None
        if (said_by_user and self._answered) or (row and chars > MAX_TEXT_CHARS):
            ended = self.close()
            row, chars = self._asked if said_by_user else self._answered, len(message.text)
        row.append(message)
        self._row_chars = chars
        return ended

    def close(self) -> Exchange | None:
        """The exchange that has begun, if one has: nothing more belongs to it."""
        if not self._asked and not self._answered:
            return None
        ended = Exchange(asked=tuple(self._asked), answered=tuple(self._answered))
        self._asked, self._answered, self._row_chars = [], [], 0
        return ended


def exchanges(messages: Iterable[Message]) -> Iterator[Exchange]:
    """The exchanges of a whole conversation, as `Pairing` finds them."""
    pairing = Pairing()
    ended = [pairing.add(message) for message in messages]
    yield from (exchange for exchange in (*ended, pairing.close()) if exchange is not None)


def fits(row: Sequence[Message], message: Message) -> bool:
    """Whether a row's texts and one more can be one text."""
    return not row or sum(len(item.text) + len(SEPARATOR) for item in row) + len(message.text) <= MAX_TEXT_CHARS


def joined(row: Iterable[Message]) -> str:
    """A row as one text."""
    return SEPARATOR.join(message.text for message in row)
