"""Who was answered: a channel's messages, in their order, as exchanges with one bot."""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Iterator
from typing import Final

import attrs

from .discord_messages import Author, ChannelMessage
from .exchanges import Exchange, Message, Speaker, fits

ANSWER_WITHIN: Final = dt.timedelta(minutes=10)
"""A bot that answers without saying whom answers what was said this recently; longer than any bot thinks."""
REPLY_WITHIN: Final = dt.timedelta(hours=24)
"""A reply that names its message may come this late: a bot that was away reads what it missed."""
MAX_ROW: Final = 100
"""Messages of one user that wait together."""
MAX_OPEN: Final = 10_000
"""Exchanges waiting for an answer at once; beyond, the oldest waits no longer."""


@attrs.frozen(kw_only=True)
class ChannelExchange:
    """An exchange in a channel.

    Attributes:
        user: with whom; ``None``: what the bot said was meant for nobody in particular.
        may_go_on: whether more of it may have been said, in what is missing.
    """

    user: Author | None
    exchange: Exchange
    may_go_on: bool = False


@attrs.define(kw_only=True, eq=False)
class _Open:
    """An exchange that may still grow.

    Attributes:
        begun_at, asked_at, last_at: of its first message, of the user's last one, of anybody's last one.
    """

    user: Author | None
    asked: list[Message]
    answered: list[Message] = attrs.field(factory=list)
    begun_at: dt.datetime
    asked_at: dt.datetime
    last_at: dt.datetime

    def waits(self, now: dt.datetime) -> bool:
        """Whether what the user said lately is not answered yet."""
        return bool(self.asked) and not self.answered and now - self.asked_at <= ANSWER_WITHIN


class ChannelPairing:
    """Pairs the messages of one channel, handed over in their order. Every message comes out in exactly one exchange.

    What the bot says belongs, in this order: to the command that it answers; to the exchange of the message that it
    replies to, within 24 hours; to what it said right before; to the one whom it mentions; to the latest that was said
    and not answered; the latter three within ten minutes. What belongs to nobody is the direct message's person's.

    What a user says joins what the same user said within the ten minutes before and was not answered. A reply to an
    earlier one of those takes the part up to it.

    Args:
        bot_id: the bot's author id.
        person: who else writes in a direct message; ``None``: it is none.
    """

    def __init__(self, *, bot_id: str, person: Author | None = None) -> None:
        self._bot_id = bot_id
        self._person = person
        self._open: list[_Open] = []
        self._of_message: dict[str, _Open] = {}
        self._of_user: dict[str, _Open] = {}
        """The latest with each user that waits, or did a while ago."""
        self._latest: _Open | None = None
        """Of the message before, if the bot wrote it."""

    def add(self, message: ChannelMessage) -> Iterator[ChannelExchange]:
        """Takes the next message, with a text that is not blank.

        Returns:
            The exchanges that are complete by now, in the order of their first messages.
        """
        while self._open and (message.sent_at - self._open[0].last_at > REPLY_WITHIN or len(self._open) > MAX_OPEN):
            yield self._closed()
        if message.author.author_id == self._bot_id:
            self._latest = self._answer(message)
        else:
            self._latest = None
            self._ask(message)

    def close(self, *, cut_off: bool = False) -> Iterator[ChannelExchange]:
        """The rest, in the same order: nothing more comes.

        Args:
            cut_off: what comes after is missing, so that of the latest nobody knows whether it is complete.
        """
        end = max((item.last_at for item in self._open), default=None)
        while self._open:
            may_go_on = cut_off and end is not None and end - self._open[0].last_at <= ANSWER_WITHIN
            yield attrs.evolve(self._closed(), may_go_on=may_go_on)
        self._latest = None

    def _ask(self, message: ChannelMessage) -> None:
        new = message.as_message(Speaker.USER)
        waiting = self._of_user.get(message.author.author_id)
        joins = waiting is not None and waiting.waits(message.sent_at)
        if waiting is None or not joins or len(waiting.asked) >= MAX_ROW or not fits(waiting.asked, new):
            self._begin(message.author, message, asked=[new])
            return
        waiting.asked.append(new)
        waiting.last_at = waiting.asked_at = message.sent_at
        self._of_message[new.message_id] = waiting

    def _answer(self, message: ChannelMessage) -> _Open:
        new = message.as_message(Speaker.BOT)
        found = self._addressed(message)
        if found is None or not fits(found.answered, new):
            user = self._person if found is None else found.user
            asked = []
            if found is None and message.command_by is not None:
                user = message.command_by
                asked = [Message(message_id=message.message_id, speaker=Speaker.USER, text=message.command)]
            found = self._begin(user, message, asked=asked)
        found.answered.append(new)
        found.last_at = max(found.last_at, message.sent_at)
        self._of_message[new.message_id] = found
        return found

    def _addressed(self, message: ChannelMessage) -> _Open | None:
        """What a message of the bot belongs to; ``None``: to nothing that was said."""
        if message.replies_to is not None:
            found = self._of_message.get(message.replies_to)
            return None if found is None else self._up_to(found, message.replies_to)
        if message.command_by is not None:
            return None
        before = self._latest
        if before is not None and message.sent_at - before.last_at <= ANSWER_WITHIN:
            return before
        self._of_user = {user_id: item for user_id, item in self._of_user.items() if item.waits(message.sent_at)}
        named = [item for user_id, item in self._of_user.items() if user_id in message.mentioned]
        return max(named or self._of_user.values(), key=lambda item: item.asked_at, default=None)

    def _up_to(self, found: _Open, message_id: str) -> _Open:
        """The exchange up to a message of the user; what was said after it waits for an answer of its own."""
        place = next((i for i, item in enumerate(found.asked, 1) if item.message_id == message_id), len(found.asked))
        if found.answered or place == len(found.asked):
            return found
        later = found.asked[place:]
        rest = _Open(
            user=found.user,
            asked=later,
            begun_at=later[0].sent_at or found.asked_at,
            asked_at=found.asked_at,
            last_at=found.last_at,
        )
        del found.asked[place:]
        self._of_message |= {item.message_id: rest for item in later}
        if found.user is not None and self._of_user.get(found.user.author_id) is found:
            self._of_user[found.user.author_id] = rest
        bisect.insort(self._open, rest, key=lambda item: item.begun_at)
        return found

    def _begin(self, user: Author | None, message: ChannelMessage, *, asked: list[Message]) -> _Open:
        now = message.sent_at
        begun = _Open(user=user, asked=asked, begun_at=now, asked_at=now, last_at=now)
        self._open.append(begun)
        self._of_message |= {item.message_id: begun for item in asked}
        if user is not None and asked:
            self._of_user[user.author_id] = begun
        return begun

    def _closed(self) -> ChannelExchange:
        done = self._open.pop(0)
        for item in (*done.asked, *done.answered):
            self._of_message.pop(item.message_id, None)
        if done.user is not None and self._of_user.get(done.user.author_id) is done:
            del self._of_user[done.user.author_id]
        if self._latest is done:
            self._latest = None
        return ChannelExchange(
            user=done.user, exchange=Exchange(asked=tuple(done.asked), answered=tuple(done.answered))
        )
