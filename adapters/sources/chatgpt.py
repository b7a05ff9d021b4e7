"""ChatGPT's data export: the ZIP archive as it is sent, its folder, or one of its ``conversations*.json``."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Generator, Iterator
from typing import Final

from ...domain.chatgpt_export import is_chat, records_of_chat
from ...ports.conversation_source import ConversationSource, Item
from .export_files import export_files
from .mapped_items import ForeignShape, Reading, items_of_files
from .recognition import NAMES
from .streaming import streamed

FILES: Final = re.compile(r"conversations(-\d+)?\.json")
"""Large exports are split into numbered files."""
_LISTS: Final = frozenset({None, "conversations"})
"""Where the chats stand: the document is the list, or an object with it."""


class ChatGPTExport(ConversationSource):
    """Reads chats one by one; of each the branch that was seen last, as exchanges with one user, in direct messages.

    Args:
        user_id: whose export it is; it does not say.
    """

    def __init__(self, *, path: str, user_id: str) -> None:
        self.name = path
        self._path = path
        self._user_id = user_id

    def read(self) -> AsyncGenerator[Item, None]:
        """See the port."""
        return streamed(self._items())

    def _items(self) -> Generator[Item, None, None]:
        files = export_files(self._path, wanted=FILES)
        yield from items_of_files(files, self._read, path=self._path, format_name=NAMES["chatgpt"])

    def _read(self, reading: Reading) -> Iterator[Item]:
        members: set[str] = set()
        for chat in reading.file.items():
            if chat.key is not None:
                members.add(chat.key)
            if chat.index is None or chat.key not in _LISTS:
                continue
            if chat.index == 0 and not is_chat(chat.value):
                raise ForeignShape("its items have no mapping of messages")
            for found in records_of_chat(chat.value, user_id=self._user_id):
                yield reading.item(found, read_bytes=chat.read_bytes, user_id=self._user_id)
        if members and not members & _LISTS:
            raise ForeignShape("it is no list of chats")
