"""What kind of export a file is, told by how it begins: for those who named another one."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterator
from typing import Final

from ...domain.chatgpt_export import is_chat
from ...domain.errors import MigrationError
from ...domain.foreign_values import object_of
from ...domain.langchain_history import is_message
from ...domain.mem0_export import is_event, is_memory
from .export_files import ExportFile, export_files
from .json_items import BrokenJson, JsonItem

NAMES: Final = {
    "chatgpt": "a ChatGPT export",
    "discord": "a Discord export",
    "jsonl": "JSON Lines of conversations",
    "langchain": "a LangChain message history",
    "legacy-json": "a JSON export of the old ChromaDB store",
    "locomo": "a LoCoMo file",
    "mem0": "an export of mem0",
}
"""Formats by the name that is typed, as they are named in a sentence."""

_LOOKED_AT: Final = 50
"""Items: what tells the kinds apart stands before them."""
_COLUMNS: Final = frozenset({"ids", "documents", "metadatas"})
_OUTER_KEYS: Final = {
    "discord": frozenset({"guild", "channel"}),
    "locomo": frozenset({"sample_id", "conversation"}),
    "legacy-json": _COLUMNS,
    "jsonl": frozenset({"user_id", "user_message"}),
}


def recognised(path: str) -> str | None:
    """The format of what a path means, by the name that is typed; ``None``: none that is known, or nothing to read."""
    try:
        return kind_of(export_files(path)[0])
    except MigrationError:
        return None


def kind_of(file: ExportFile) -> str | None:
    """The format of a file; ``None``: none that is known."""
    try:
        return _kind(itertools.islice(file.items(), _LOOKED_AT))
    except BrokenJson:
        return None


def hint(file: ExportFile, path: str, *, unless: str = "") -> str:
    """What to type instead, as the end of a message; empty where the file is of no known kind.

    Args:
        unless: the kind that it was read as, as it is named in a sentence.
    """
    kind = kind_of(file)
    if kind is None or NAMES[kind] == unless:
        return ""
    return f"; it looks like {NAMES[kind]}: talktiers import {kind} {shlex.quote(path)}"


def _kind(items: Iterator[JsonItem]) -> str | None:
    keys: set[str | None] = set()
    for item in items:
        keys.add(item.key)
        for kind, wanted in _OUTER_KEYS.items():
            if wanted <= keys:
                return kind
        if (found := _kind_of_item(item)) is not None:
            return found
    return None


def _kind_of_item(item: JsonItem) -> str | None:
    value = item.value
    if item.index is None:  # a member of the outer object
        return "legacy-json" if object_of(value).keys() >= _COLUMNS else None
    if is_chat(value):
        return "chatgpt"
    if is_memory(value) or is_event(value):
        return "mem0"
    if is_message(value):
        return "langchain"
    if {"id", "document", "metadata"} <= object_of(value).keys():
        return "legacy-json"
    return None
