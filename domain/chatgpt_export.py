"""Chats of a ChatGPT data export as conversations.

A chat is a tree of messages: an edited question or another answer begins a branch. What the user saw last is the branch
that ends in ``current_node``; the others are left out. OpenAI does not publish the format. Followed here is what
several public readers of such exports agree on (2023 to early 2026): ``mapping`` of node ids to
``{message, parent, children}``, roles system, user, assistant and tool, ``content_type`` with ``parts``, times in
seconds since 1970 or null, ``is_visually_hidden_from_conversation``, ``recipient`` other than ``all`` for calls of a tool.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Final

from .cleaning import cleaned_name
from .exchanges import TIME_UNKNOWN, UNDATED, Exchange, Mapped, Message, Speaker, Unmapped, exchanges, joined
from .foreign_values import as_json, list_of, object_of, text_of, time_of
from .interchange import ConversationRecord
from .json_values import JsonValue

KEY_PREFIX: Final = "chatgpt:"
BOT_NAME: Final = "ChatGPT"

_SPEAKERS: Final = {"user": Speaker.USER, "assistant": Speaker.BOT}
_SPOKEN: Final = frozenset({"text", "multimodal_text"})
_NOTES: Final = {
    "image_asset_pointer": "[image]",
    "audio_asset_pointer": "[audio]",
    "video_container_asset_pointer": "[video]",
    "real_time_user_audio_video_asset_pointer": "[audio]",
}
"""What stands for a part that is no text."""
_STEP: Final = dt.timedelta(seconds=1)
"""Between exchanges without a time of their own, so that they keep their order."""


def is_chat(value: object) -> bool:
    """Whether a value has the form of a chat of such an export."""
    return isinstance(object_of(value).get("mapping"), Mapping)


def records_of_chat(chat: object, *, user_id: str) -> Iterator[Mapped | Unmapped]:
    """A chat's exchanges, in their order, and what in it is none.

    An exchange is known by the id of its first message and has its time; where that is null, it has the time of its
    answer, else a second more than the exchange before it, else the chat's, and is marked as of unknown time.

    Args:
        user_id: whose export it is; the chats do not say.
    """
    if not is_chat(chat):
        yield Unmapped(place="chat", reason="is no chat: it has no mapping of messages", source=as_json(chat))
        return
    content = object_of(chat)
    chat_id = text_of(content.get("conversation_id")) or text_of(content.get("id"))
    title = cleaned_name("title", text_of(content.get("title")))
    place = f"chat {chat_id or title or 'without id'}"
    mapping = object_of(content["mapping"])
    branch = _branch(content, mapping)
    if branch is None:
        yield Unmapped(place=place, reason="its messages form a circle: the export is damaged", source=as_json(chat))
        return
    messages: list[Message] = []
    models: dict[str, str] = {}
    for node_id in branch:
        raw = object_of(mapping[node_id]).get("message")
        if raw is None:
            continue
        reason = _left_out(raw)
        text = None if reason else _text(object_of(raw))
        if reason or text is None:
            where = f"{place} message {node_id}"
            yield Unmapped(place=where, reason=reason or "says nothing", source=as_json(raw), is_fault=False)
            continue
        message = _message(node_id, object_of(raw), text)
        messages.append(message)
        model = text_of(object_of(object_of(raw).get("metadata")).get("model_slug"))
        if model is not None:
            models[message.message_id] = model
    on_branch = frozenset(branch)
    for node_id, node in mapping.items():
        raw = object_of(node).get("message")
        if node_id not in on_branch and raw is not None and not _left_out(raw):
            reason = "stands on a branch that was given up for another question or answer"
            yield Unmapped(place=f"{place} message {node_id}", reason=reason, source=as_json(raw), is_fault=False)
    before = time_of(content.get("create_time"))
    before = None if before is None else before - _STEP
    for number, exchange in enumerate(exchanges(messages), 1):
        record = _record(exchange, user_id=user_id, chat_id=chat_id, title=title, before=before, models=models)
        before = record.occurred_at
        yield Mapped(place=f"{place} exchange {number}", record=record)


def _branch(chat: Mapping[str, object], mapping: Mapping[str, object]) -> list[str] | None:
    """Node ids from the root to the node that was seen last; ``None``: they form a circle."""
    node_id = text_of(chat.get("current_node"))
    if node_id not in mapping:
        node_id = _last_leaf(mapping)
    path: list[str] = []
    seen: set[str] = set()
    while node_id is not None and node_id in mapping:
        if node_id in seen:
            return None
        seen.add(node_id)
        path.append(node_id)
        node_id = text_of(object_of(mapping[node_id]).get("parent"))
    path.reverse()
    return path


def _last_leaf(mapping: Mapping[str, object]) -> str | None:
    """Where no node is said to be the current one: the last in the file that nothing follows."""
    leaves = [node_id for node_id, node in mapping.items() if not list_of(object_of(node).get("children"))]
    return leaves[-1] if leaves else next(reversed(list(mapping)), None)


def _left_out(raw: object) -> str | None:
    """Why a message is nothing that was said between the two; ``None``: it was said."""
    message = object_of(raw)
    metadata = object_of(message.get("metadata"))
    role = text_of(object_of(message.get("author")).get("role"))
    content_type = text_of(object_of(message.get("content")).get("content_type")) or "text"
    if role not in _SPEAKERS:
        return f"is a message of role {role or 'unknown'}"
    if metadata.get("is_visually_hidden_from_conversation") or metadata.get("is_user_system_message"):
        return "is hidden in the chat"
    if role == "assistant" and (text_of(message.get("recipient")) or "all") != "all":
        return "is a call of a tool"
    if content_type not in _SPOKEN:
        return f"is no message but {content_type}"
    return None


def _text(message: Mapping[str, object]) -> str | None:
    content = object_of(message.get("content"))
    parts = [_part(part) for part in list_of(content.get("parts"))] or [text_of(content.get("text")) or ""]
    attached = list_of(object_of(message.get("metadata")).get("attachments"))
    parts += [note for item in attached if (note := _attachment(object_of(item)))]
    return text_of("\n".join(part for part in parts if part.strip()))


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    described = object_of(part)
    if (text := text_of(described.get("text"))) is not None:
        return text
    kind = text_of(described.get("content_type"))
    return "" if kind is None else _NOTES.get(kind, f"[{cleaned_name('content_type', kind)}]")


def _attachment(attachment: Mapping[str, object]) -> str:
    """A note for a file; a picture has one already, as a part."""
    mime = text_of(attachment.get("mime_type")) or text_of(attachment.get("mimeType")) or ""
    name = cleaned_name("name", text_of(attachment.get("name")))
    return "" if mime.startswith("image/") or not name else f"[file: {name}]"


def _message(node_id: str, raw: Mapping[str, object], text: str) -> Message:
    role = text_of(object_of(raw.get("author")).get("role")) or ""
    return Message(
        message_id=text_of(raw.get("id")) or node_id,
        speaker=_SPEAKERS[role],
        text=text,
        sent_at=time_of(raw.get("create_time")),
    )


def _record(
    exchange: Exchange,
    *,
    user_id: str,
    chat_id: str | None,
    title: str,
    before: dt.datetime | None,
    models: Mapping[str, str],
) -> ConversationRecord:
    model = next((models[item.message_id] for item in exchange.answered if item.message_id in models), None)
    metadata: dict[str, JsonValue] = {"conversation_title": title} if title else {}
    metadata |= {"model": cleaned_name("model", model)} if model else {}
    guessed = UNDATED if before is None else before + _STEP
    return ConversationRecord(
        user_id=user_id,
        user_message=joined(exchange.asked),
        bot_response=joined(exchange.answered),
        occurred_at=guessed if exchange.sent_at is None else exchange.sent_at,
        idempotency_key=KEY_PREFIX + exchange.first_id,
        session_id=chat_id,
        bot_name=BOT_NAME if exchange.answered else None,
        metadata=metadata,
        processing_metadata={"imported_from": "chatgpt", **({TIME_UNKNOWN: True} if exchange.sent_at is None else {})},
    )
