"""Message histories of LangChain as conversations.

Followed here is what its own functions write. ``messages_to_dict``: ``{"type": …, "data": {"content": …}}``; a
message's ``model_dump``: the same keys without ``data``; ``dumpd``: a constructor with ``kwargs``. And the rows of
``SQLChatMessageHistory`` and ``PostgresChatMessageHistory``: ``session_id`` and ``message``, which is one of those
objects or its text, with ``id`` and sometimes ``created_at``. None of them says whose messages they are, and few when
they were written. For a history as ``RunnableWithMessageHistory`` keeps it there is no public form: an object of
sessions, each with its list of messages, is read as one.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Final

import attrs

from .cleaning import cleaned_name
from .errors import InvalidConversation
from .exchanges import TIME_UNKNOWN, UNDATED, Exchange, Speaker, joined
from .foreign_values import id_of, list_of, object_of, text_of, time_of
from .identifiers import checked_id
from .interchange import ConversationRecord

KEY_PREFIX: Final = "langchain:"

_SPEAKERS: Final = {
    "human": Speaker.USER,
    "HumanMessage": Speaker.USER,
    "HumanMessageChunk": Speaker.USER,
    "ai": Speaker.BOT,
    "AIMessage": Speaker.BOT,
    "AIMessageChunk": Speaker.BOT,
}
_OTHERS: Final = frozenset({"system", "tool", "function", "chat", "generic", "remove", "developer"})
_STEP: Final = dt.timedelta(minutes=1)
"""Between exchanges without a time, so that they keep their order and one session stays one."""


@attrs.frozen(kw_only=True)
class HistoryMessage:
    """A message of a history.

    Attributes:
        session_id: ``None``: the row does not say.
        speaker: ``None``: neither of the two.
        kind: what LangChain calls the type.
        text: ``None``: it says nothing, e.g. a call of a tool.
    """

    session_id: str | None
    speaker: Speaker | None
    kind: str
    text: str | None
    sent_at: dt.datetime | None


def is_message(value: object) -> bool:
    """Whether a value has the form of a message, or of a row with one."""
    content = object_of(value)
    if "message" in content and "session_id" in content:
        return True
    kind = _kind(content) or ""
    known = kind in _SPEAKERS or kind in _OTHERS or kind.endswith(("Message", "MessageChunk"))
    return known and bool(content.keys() & {"data", "content", "kwargs"})


def message_of(value: object, *, timezone: dt.tzinfo = dt.UTC) -> HistoryMessage:
    """A message, or a row with one.

    Raises:
        InvalidConversation: it is neither; the message says what to mend.
    """
    row = object_of(value)
    inner: object = row.get("message") if "message" in row else row
    if isinstance(inner, str):
        try:
            inner = json.loads(inner)
        except (ValueError, RecursionError):
            raise InvalidConversation("the row's message is not JSON") from None
    content = object_of(inner)
    kind = _kind(content)
    if kind is None:
        raise InvalidConversation("the message has no type: human or ai is expected")
    fields = object_of(content.get("data")) or object_of(content.get("kwargs")) or content
    moment = row.get("created_at") or object_of(fields.get("additional_kwargs")).get("timestamp")
    return HistoryMessage(
        session_id=id_of(row.get("session_id")),
        speaker=_SPEAKERS.get(kind),
        kind=cleaned_name("type", kind),
        text=_text(fields.get("content")),
        sent_at=time_of(moment, timezone=timezone),
    )


@attrs.define
class HistoryKeys:
    """Idempotency keys of a session's exchanges, in their order.

    The messages have no ids that stay. An exchange is known by what opened it and by all that opened those before it:
    the same when the history is written anew, longer or under another name, and another one for the same words said
    again.
    """

    _digest: str

    @classmethod
    def of(cls, *, user_id: str, session_id: str | None) -> HistoryKeys:
        """Those of a session that has not begun."""
        return cls(_hash(json.dumps([user_id, session_id])))

    def next_key(self, exchange: Exchange) -> str:
        """The key of the next exchange."""
        first = exchange.messages[0]
        self._digest = _hash(json.dumps([self._digest, first.speaker.value, first.text]))
        return KEY_PREFIX + self._digest


def record_of(
    exchange: Exchange, *, user_id: str, session_id: str | None, key: str, before: dt.datetime | None
) -> ConversationRecord:
    """An exchange as a record.

    Args:
        before: the time of the exchange before it; ``None``: it is the session's first.
    """
    sent_at = exchange.sent_at
    guessed = UNDATED if before is None else before + _STEP
    named = session_id is not None and _is_id(session_id)
    return ConversationRecord(
        user_id=user_id,
        user_message=joined(exchange.asked),
        bot_response=joined(exchange.answered),
        occurred_at=guessed if sent_at is None else sent_at,
        idempotency_key=key,
        session_id=session_id if named else None,
        metadata={} if session_id is None or named else {"session": cleaned_name("session", session_id)},
        processing_metadata={"imported_from": "langchain", **({TIME_UNKNOWN: True} if sent_at is None else {})},
    )


def _kind(content: Mapping[str, object]) -> str | None:
    kind = text_of(content.get("type"))
    if kind == "constructor":
        names = list_of(content.get("id"))
        return text_of(names[-1]) if names else None
    return kind


def _text(content: object) -> str | None:
    """A message's text; of one in blocks what can be read, with a note for the others."""
    if isinstance(content, str):
        return text_of(content)
    return text_of("\n".join(part for block in list_of(content) if (part := _block(block))))


def _block(block: object) -> str:
    if isinstance(block, str):
        return block
    described = object_of(block)
    kind = text_of(described.get("type")) or ""
    if kind in {"text", "text-plain", "output_text", "input_text"}:
        return text_of(described.get("text")) or ""
    for shown in ("image", "audio", "video", "file"):
        if kind.startswith((shown, f"input_{shown}")):
            return f"[{shown}]"
    return ""  # a thought, a call of a tool: nothing that was said


def _is_id(session_id: str) -> bool:
    try:
        checked_id("session_id", session_id)
    except InvalidConversation:
        return False
    return True


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
