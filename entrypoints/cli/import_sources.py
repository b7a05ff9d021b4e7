"""The formats that can be imported, each with its own options."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import click

from ...adapters.sources.chatgpt import ChatGPTExport
from ...adapters.sources.discord import DiscordExport
from ...adapters.sources.jsonl import JsonLines
from ...adapters.sources.langchain import LangChainHistory
from ...adapters.sources.legacy_json import LegacyJson
from ...adapters.sources.locomo import LocomoFiles
from ...adapters.sources.mem0 import Mem0Memories
from ...adapters.sources.recognition import NAMES, recognised
from ...domain.errors import ConfigurationError
from ...domain.legacy_records import GLOBAL_USER_ID, LegacyRules
from ...ports.conversation_source import ConversationSource
from ..legacy_source import legacy_chroma
from ..time_zones import time_zone
from .options import Command


@attrs.frozen(kw_only=True)
class SourceFormat:
    """A format by the name that is typed.

    Attributes:
        make: the source, from ``path``, ``user_id`` (the one of ``--user``, or ``None``) and the values of ``options``.
        summary: one line for the list of formats.
        description: what the path is, and what is worth knowing.
        example: how it is typed, behind ``talktiers import``.
        options: those that only this format has.
        user_help: what ``--user`` means.
        needs_user: whether it has to be given: the source does not say whose it is.
    """

    make: Callable[..., ConversationSource]
    summary: str
    description: str
    example: str
    options: tuple[Callable[[Command], Command], ...] = ()
    user_help: str = "Only this user's conversations."
    needs_user: bool = False


def _zone(_context: click.Context, _parameter: click.Parameter, name: str) -> dt.tzinfo:
    try:
        return time_zone(name)
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error


time_zone_option = click.option(
    "--time-zone",
    "timezone",
    default="UTC",
    metavar="NAME",
    callback=_zone,
    help="Of times that name none, e.g. Europe/Berlin (default: UTC).",
)
"""The source gets ``timezone``, a `datetime.tzinfo`."""

global_user_option = click.option(
    "--global-user", default=GLOBAL_USER_ID, metavar="ID", help="To whom facts about nobody go (default: global)."
)


def _check_kind(path: str) -> None:
    """Tells a file that is plainly of another kind, where the source would reject every line of it."""
    kind = recognised(path) if Path(path).is_file() else None
    if kind in _FOREIGN:
        raise click.UsageError(f"{path} looks like {NAMES[kind]}: name the format {kind}")


def _jsonl(path: str, *, user_id: str | None) -> ConversationSource:  # noqa: ARG001
    _check_kind(path)
    return JsonLines(path=path)


def _locomo(path: str, *, user_id: str | None) -> ConversationSource:  # noqa: ARG001
    _check_kind(path)
    return LocomoFiles(path=path)


def _chroma(
    path: str,
    *,
    user_id: str | None,  # noqa: ARG001
    timezone: dt.tzinfo,
    global_user: str,
    token: str | None,
) -> ConversationSource:
    _check_kind(path)
    return legacy_chroma(path, rules=LegacyRules(time_zone=timezone, global_user_id=global_user), token=token)


def _legacy_json(
    path: str,
    *,
    user_id: str | None,  # noqa: ARG001
    timezone: dt.tzinfo,
    global_user: str,
) -> ConversationSource:
    return LegacyJson(path=path, rules=LegacyRules(time_zone=timezone, global_user_id=global_user))


def _chatgpt(path: str, *, user_id: str) -> ConversationSource:
    return ChatGPTExport(path=path, user_id=user_id)


def _discord(
    path: str,
    *,
    user_id: str | None,  # noqa: ARG001
    timezone: dt.tzinfo,
    bot_id: str | None,
    bot_name: str | None,
    public: bool,
    answered_only: bool,
) -> ConversationSource:
    if bot_id is not None and bot_name is not None:
        raise click.UsageError("--bot-id and --bot-name are both given: keep one")
    return DiscordExport(
        path=path, bot_id=bot_id, bot_name=bot_name, public=public, answered_only=answered_only, timezone=timezone
    )


def _langchain(path: str, *, user_id: str, timezone: dt.tzinfo) -> ConversationSource:
    return LangChainHistory(path=path, user_id=user_id, timezone=timezone)


def _mem0(path: str, *, user_id: str | None, timezone: dt.tzinfo) -> ConversationSource:
    return Mem0Memories(path=path, user_id=user_id, timezone=timezone)


SOURCES: Final[Mapping[str, SourceFormat]] = {
    "chatgpt": SourceFormat(
        make=_chatgpt,
        summary="ChatGPT's data export.",
        description=(
            "PATH is the ZIP archive as it was sent, its folder, or a conversations.json of it. Of each chat the branch"
            " that was seen last is read, with its original times; what is hidden, a tool's or on another branch is"
            " counted and left out."
        ),
        example="chatgpt export.zip --user mira",
        user_help="Whose export it is; it does not say.",
        needs_user=True,
    ),
    "chroma": SourceFormat(
        make=_chroma,
        summary="The ChromaDB store of the old bot.",
        description=(
            "PATH is the folder that the old bot stored in, the address of its server (http://host:port), or a file of"
            " rejects that were corrected. The folder is not changed: a copy of it is read. Conversations and facts of"
            " the collections user_memories and global_facts come with their original times and under their old ids."
        ),
        example="chroma ./chroma_db --time-zone Europe/Berlin --rejects bad.jsonl",
        options=(
            time_zone_option,
            global_user_option,
            click.option("--token", metavar="TOKEN", envvar="CHROMA_TOKEN", help="For a server; or CHROMA_TOKEN."),
        ),
    ),
    "discord": SourceFormat(
        make=_discord,
        summary="Channels, as DiscordChatExporter writes them in JSON.",
        description=(
            "PATH is the file of a channel, or a folder or ZIP archive of them. What a user says and the bot answers"
            " is a conversation, in the channel that it was said in: direct messages stay direct, a channel is private"
            " unless --public says otherwise. What nobody answered is stored without an answer."
        ),
        example="discord ./channels --bot-name Mia",
        options=(
            click.option("--bot-id", metavar="ID", help="The bot, by its account's id (default: the only one there)."),
            click.option("--bot-name", metavar="NAME", help="The bot, by its name."),
            click.option("--public", is_flag=True, help="Everybody on the server can read these channels."),
            click.option("--answered-only", is_flag=True, help="Leave out what nobody answered."),
            time_zone_option,
        ),
    ),
    "jsonl": SourceFormat(
        make=_jsonl,
        summary="JSON Lines, as `export` writes them.",
        description=(
            "PATH is a file with one JSON object a line, - for standard input, or a file of rejects that were"
            ' corrected. The shortest line is {"user_id": "42", "user_message": "Hi", "bot_response": "Hello"};'
            ' "occurred_at" with a time zone, places, names and metadata are those that `export` writes.'
        ),
        example="jsonl chats.jsonl --rejects bad.jsonl",
    ),
    "langchain": SourceFormat(
        make=_langchain,
        summary="LangChain's message histories.",
        description=(
            "PATH is a JSON file, or a folder of them: what messages_to_dict gives, or the rows of a history's table"
            " (session_id and message). Messages without a time are kept in their order, dated before everything else."
        ),
        example="langchain history.json --user mira",
        options=(time_zone_option,),
        user_help="Whose histories they are; they do not say.",
        needs_user=True,
    ),
    "legacy-json": SourceFormat(
        make=_legacy_json,
        summary="The ChromaDB store of the old bot, exported as JSON.",
        description=(
            "PATH is a JSON file with a list of records (id, document, metadata), with such lists under user_memories"
            " and global_facts, or with ids, documents and metadatas. They become what they would from the store itself."
        ),
        example="legacy-json backup.json --time-zone Europe/Berlin",
        options=(time_zone_option, global_user_option),
    ),
    "locomo": SourceFormat(
        make=_locomo,
        summary="LoCoMo files.",
        description="PATH is a file, or a folder of them.",
        example="locomo ./locomo",
    ),
    "mem0": SourceFormat(
        make=_mem0,
        summary="Memories of mem0, which become facts.",
        description=(
            "PATH is a JSON file, or a folder of them: what get_all() returned, or history(). Each memory becomes a"
            " fact with its original time."
        ),
        example="mem0 memories.json --user mira",
        options=(time_zone_option,),
        user_help="Only this user's memories; whose those are that do not say so.",
    ),
}
"""A new format is a `ConversationSource` and an entry here."""


_FOREIGN: Final = SOURCES.keys() - {"jsonl", "locomo", "chroma"}
"""Formats that are told by how a file begins."""


def declared(command: Any, source: SourceFormat) -> Any:
    """The command with the options of a format, in their order."""
    for option in reversed(source.options):
        command = option(command)
    return command
