"""JSON documents larger than memory, read item by item.

Exports of chats are one JSON list, or one object with a long list in it. Of such a document the items of the outer
lists are handed out one after the other; what is held is one item and a piece of the file.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import BinaryIO, Final, NoReturn

import attrs

MAX_ITEM_CHARS: Final = 128 * 1024 * 1024
"""One item, held whole while it is read: several times the longest chat that any of the formats is known to hold."""
_CHUNK_BYTES: Final = 256 * 1024
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_AFTER_A_NUMBER: Final = " \t\n\r,]}"
_CUT_OFF: Final = 12
"""Characters before the end of what was read within which a fault may be a literal or an escape that goes on."""


class BrokenJson(Exception):
    """The document cannot be read any further.

    Args:
        reason: what is wrong and where, for people.
        truncated: whether it ends too early, instead of being malformed.
    """

    def __init__(self, reason: str, *, truncated: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.truncated = truncated


@attrs.frozen(kw_only=True)
class JsonItem:
    """An item of an outer list, or a member of the outer object that is no list.

    Attributes:
        key: the member of the outer object that it belongs to; ``None`` where the document is a list.
        index: its place in its list, from 0; ``None``: it stands in none.
        read_bytes: how much of the document was taken in so far.
    """

    key: str | None
    index: int | None
    value: object
    read_bytes: int


def json_items(stream: BinaryIO) -> Iterator[JsonItem]:
    """The items of a document, in its order.

    A list gives its items; an object gives its members, and of a member that is a list its items, after an item
    without an index that stands for the list and holds ``[]``.

    Raises:
        BrokenJson: it is not JSON, or ends too early; what was handed out before is sound.
        OSError: the stream failed.
    """
    text = _Text(stream)
    match text.peek():
        case "[":
            yield from _list(text, None)
        case "{":
            yield from _members(text)
        case "":
            raise BrokenJson("it is empty", truncated=True)
        case _:
            raise BrokenJson("it is not JSON: a list or an object is expected", truncated=False)
    if text.peek():
        raise BrokenJson("it is not one JSON document: something follows its end", truncated=False)


def _members(text: _Text) -> Iterator[JsonItem]:
    text.expect("{")
    if text.peek() == "}":
        text.expect("}")
        return
    while True:
        if text.peek() != '"':
            text.fail("a name in quotes is expected")
        key = str(text.value())
        text.expect(":")
        if text.peek() == "[":
            yield JsonItem(key=key, index=None, value=[], read_bytes=text.read_bytes)
            yield from _list(text, key)
        else:
            yield JsonItem(key=key, index=None, value=text.value(), read_bytes=text.read_bytes)
        if text.expect(",}") == "}":
            return


def _list(text: _Text, key: str | None) -> Iterator[JsonItem]:
    text.expect("[")
    if text.peek() == "]":
        text.expect("]")
        return
    index = 0
    while True:
        yield JsonItem(key=key, index=index, value=text.value(), read_bytes=text.read_bytes)
        index += 1
        if text.expect(",]") == "]":
            return


class _Text:
    """A document's text, of which what has not been parsed yet is held."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._parse = json.JSONDecoder(parse_constant=_no_constant).raw_decode
        self._buffer = ""
        self._position = 0
        self._dropped = 0
        self._ended = False
        self.read_bytes = 0

    def peek(self) -> str:
        """The next character that is no space, which stays; empty at the end."""
        while True:
            space = _SPACE.match(self._buffer, self._position)
            self._position = self._position if space is None else space.end()
            if self._position < len(self._buffer):
                return self._buffer[self._position]
            if not self._more(1):
                return ""

    def expect(self, characters: str) -> str:
        """Takes the next character, which has to be one of these."""
        found = self.peek()
        if not found or found not in characters:
            self.fail(" or ".join(characters) + " is expected")
        self._position += 1
        return found

    def value(self) -> object:
        """Takes the next value."""
        self.peek()
        while True:
            try:
                value, end = self._parse(self._buffer, self._position)
            except json.JSONDecodeError as error:
                ahead = error.pos - self._position
                goes_on = error.msg.startswith("Unterminated") or len(self._buffer) - error.pos <= _CUT_OFF
                # It may only not be there yet. Twice as much each time: the tries cost as much as the last one does.
                if goes_on and self._more(max(_CHUNK_BYTES, len(self._buffer) - self._position)):
                    continue
                self.fail(error.msg, ahead=ahead, truncated=goes_on)
            except RecursionError:
                self.fail("it is nested too deep")
            except ValueError as error:  # a constant that JSON does not know, a number of thousands of digits
                self.fail(str(error))
            if self._ends(value, end):
                self._position = end
                return value
            if len(self._buffer) - end > _CUT_OFF or not self._more(1):
                self.fail("a number goes on in a way that none does", truncated=self._ended)

    def fail(self, reason: str, *, ahead: int = 0, truncated: bool = False) -> NoReturn:
        """Ends the reading.

        Args:
            ahead: how many characters after the next one.
            truncated: whether the end of the document may be the fault; always so where nothing is left.
        """
        if truncated or self._position >= len(self._buffer):
            raise BrokenJson(f"it ends too early, after {self.read_bytes:,} bytes: it is truncated", truncated=True)
        place = self._dropped + self._position + ahead + 1
        raise BrokenJson(f"it is not JSON from character {place:,} on: {reason}", truncated=False)

    def _ends(self, value: object, end: int) -> bool:
        """Whether a value is complete: of a number the rest may not be there yet."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return True
        return end < len(self._buffer) and self._buffer[end] in _AFTER_A_NUMBER

    def _more(self, wanted_bytes: int) -> bool:
        """Reads on, and lets go of what was parsed; whether there was anything."""
        if self._ended:
            return False
        if len(self._buffer) - self._position > MAX_ITEM_CHARS:
            raise BrokenJson(f"an item is longer than {MAX_ITEM_CHARS:,} characters", truncated=False)
        chunk = self._stream.read(max(_CHUNK_BYTES, wanted_bytes))
        self.read_bytes += len(chunk)
        self._ended = not chunk
        try:
            fresh = self._decode(chunk, self._ended)
        except UnicodeDecodeError as error:
            if self._ended:
                raise BrokenJson("it ends in the middle of a character: it is truncated", truncated=True) from error
            raise BrokenJson("it is not UTF-8: save it in that encoding", truncated=False) from error
        self._dropped += self._position
        self._buffer = self._buffer[self._position :] + fresh
        self._position = 0
        return bool(fresh) or not self._ended


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
