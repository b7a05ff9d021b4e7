"""A conversation's edges as two values of its node: numbers as bytes, labels and names as one text.

A whole user is read in a few milliseconds that way: every single value costs the driver most of a microsecond.
"""

from __future__ import annotations

import datetime as dt
import struct
import uuid
from collections.abc import Mapping, Sequence
from typing import Final

import attrs
import numpy as np
import numpy.typing as npt

from ...domain.derived import EntityKind
from ...domain.errors import BackendCorruption, BackendError
from ...domain.json_values import canonical_json
from ...domain.labels import label_hash
from ...domain.mentions import Mention
from ...ports.relationship_graph import GraphRecord
from .errors import BACKEND

HEADER: Final = np.dtype(
    [("id", ">u8", 2), ("place", "<u8"), ("session", "<u8"), ("time_us", "<i8"), ("sequence", "<i8")]
)
"""One of each conversation. Place (with its bot) and name of the session as hashes, the latter 0 where it has none."""

MENTION: Final = np.dtype([("weight", "<f4"), ("kind", "<i4")])
"""One of each label: weight as a topic, 0 for none; kind where as an entity, 0 otherwise."""

KINDS: Final[Mapping[EntityKind, int]] = {EntityKind.PERSON: 1, EntityKind.PLACE: 2, EntityKind.THING: 3}
"""Stored: a number is never given to another kind."""

_KINDS_BY_NUMBER: Final = {number: kind for kind, number in KINDS.items()}
_PACKED_HEADER, _PACKED_MENTION = struct.Struct("<16sQQqq"), struct.Struct("<fi")  # the same layouts
_WORD: Final = MENTION.itemsize
_HEADER_WORDS: Final = HEADER.itemsize // _WORD
_BETWEEN: Final = "\0"
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@attrs.frozen(kw_only=True, eq=False)
class EdgeArrays:
    """Edges of some conversations.

    Attributes:
        headers: shape (n,), of `HEADER`.
        counts: how many labels each conversation names, shape (n,).
        mentions: shape (m,), of `MENTION`, conversation by conversation.
        texts: m labels; a name as it was spelt.
    """

    headers: npt.NDArray[np.void]
    counts: npt.NDArray[np.int64]
    mentions: npt.NDArray[np.void]
    texts: Sequence[str]


def place_hash(record: GraphRecord) -> int:
    """Stands for the bot and the place of a conversation."""
    return label_hash(canonical_json([record.bot_id, record.place.key]))


def to_us(moment: dt.datetime) -> int:
    """Microseconds since 1970 of an aware time."""
    return (moment - _EPOCH) // dt.timedelta(microseconds=1)


def packed_edges(record: GraphRecord, mentions: Mapping[str, Mention]) -> tuple[bytes, str]:
    """Both values for the node.

    Raises:
        BackendError: a label holds a NUL character.
    """
    texts = [label if item.entity is None else item.entity.name for label, item in mentions.items()]
    if any(_BETWEEN in text for text in texts):
        raise BackendError(BACKEND, "pack edges", "a label holds a NUL character; clean it before storing")
    header = _PACKED_HEADER.pack(
        uuid.UUID(record.key.conversation_id).bytes,
        place_hash(record),
        0 if record.session_id is None else label_hash(record.session_id),
        to_us(record.occurred_at),
        record.sequence,
    )
    packed = [
        _PACKED_MENTION.pack(item.weight or 0, 0 if item.entity is None else KINDS[item.entity.kind])
        for item in mentions.values()
    ]
    return b"".join((header, *packed)), _BETWEEN.join(texts)


def unpacked_edges(edges: Sequence[bytes], texts: Sequence[str], *, operation: str, address: str) -> EdgeArrays:
    """The edges of many conversations, in that order.

    Raises:
        BackendCorruption: the values are none that `packed_edges` made.
    """
    try:
        lengths = np.fromiter(map(len, edges), dtype=np.int64, count=len(edges))
        words = np.frombuffer(b"".join(edges), dtype="<u8")
        counts = lengths // _WORD - _HEADER_WORDS
        begins = np.cumsum(counts + _HEADER_WORDS) - counts - _HEADER_WORDS
        of_headers = begins[:, np.newaxis] + np.arange(_HEADER_WORDS)
        of_mentions = np.ones(len(words), dtype=np.bool_)
        of_mentions[of_headers] = False
        labels = _BETWEEN.join([text for text, count in zip(texts, counts.tolist(), strict=True) if count])
        found = EdgeArrays(
            headers=words[of_headers].view(HEADER).reshape(-1),
            counts=counts,
            mentions=words[of_mentions].view(MENTION),
            texts=labels.split(_BETWEEN) if counts.any() else (),
        )
    except (ValueError, TypeError, IndexError) as error:
        raise _damaged(operation, address) from error
    kinds = found.mentions["kind"]
    if len(found.texts) != len(found.mentions) or ((kinds < 0) | (kinds > max(_KINDS_BY_NUMBER))).any():
        raise _damaged(operation, address)
    return found


def kind_of(number: int) -> EntityKind:
    """The kind of an entity, from the number that is stored; not 0."""
    return _KINDS_BY_NUMBER[number]


def _damaged(operation: str, address: str) -> BackendCorruption:
    return BackendCorruption(
        BACKEND, operation, f"nodes on {address} hold edges that are damaged; mend them with `talktiers rebuild graph`"
    )
