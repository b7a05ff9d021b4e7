"""What is indexed of a conversation, and the row of features that is kept of it besides its postings."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping

import attrs
import numpy as np
import numpy.typing as npt

from .conversation import ConversationKey
from .labels import label_hash
from .place import Place

FEATURES = np.dtype(
    [
        ("conversation_id", ">u8", (2,)),
        ("time_us", "<i8"),
        ("sequence", "<i8"),
        ("session", "<u8"),
        ("place", "<u8"),
        ("bot", "<u8"),
        ("compartment", "<u8"),
        ("user_name", "<u8"),
        ("bot_name", "<u8"),
        ("length", "<u4"),
        ("user_first_person", "u1"),
        ("bot_first_person", "u1"),
        ("user_share", "u1"),
    ]
)
"""What is kept of a document besides its postings. Labels are 64-bit hashes: they are compared, never shown, and what
they let through is read again in the archive under the scope."""

MAX_FIRST_PERSON = 3
SHARE_STEPS = 255
"""Parts of 1 in which ``user_share`` is kept."""
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""From where ``time_us`` counts."""


def first_name(name: str) -> str:
    """By this a question names a participant: the first word of the name, in lower case; empty for no name."""
    return next(iter(name.lower().split()), "").strip(".,;:!?'\"()[]")


@attrs.frozen(kw_only=True)
class LexicalDocument:
    """What is indexed of a conversation.

    Attributes:
        term_counts: own terms (names, date words, both messages) and how often each occurs.
        words: distinct surface words, for mending typing errors.
        user_first_person, bot_first_person: first-person words in that side's message.
        user_share: the user's part of the characters, 0 to 1.
    """

    key: ConversationKey
    sequence: int
    place: Place
    bot_id: str
    session_id: str | None
    occurred_at: dt.datetime
    term_counts: Mapping[str, int]
    words: frozenset[str]
    user_name: str
    bot_name: str
    user_first_person: int
    bot_first_person: int
    user_share: float

    @property
    def length(self) -> int:
        """Number of own terms, repetitions included."""
        return sum(self.term_counts.values())

    def features(self) -> npt.NDArray[np.void]:
        """The document's row of `FEATURES`, shape (1,)."""
        row = np.zeros(1, dtype=FEATURES)
        row["conversation_id"] = np.frombuffer(uuid.UUID(self.key.conversation_id).bytes, dtype=">u8")
        row["time_us"] = (self.occurred_at - EPOCH) // dt.timedelta(microseconds=1)
        row["sequence"] = self.sequence
        row["session"] = 0 if self.session_id is None else label_hash(self.session_id)
        row["place"] = label_hash(self.place.key)
        row["bot"] = label_hash(self.bot_id)
        row["compartment"] = label_hash(self.place.compartment)
        row["user_name"] = label_hash(first_name(self.user_name)) if self.user_name else 0
        row["bot_name"] = label_hash(first_name(self.bot_name)) if self.bot_name else 0
        row["length"] = self.length
        row["user_first_person"] = min(MAX_FIRST_PERSON, self.user_first_person)
        row["bot_first_person"] = min(MAX_FIRST_PERSON, self.bot_first_person)
        row["user_share"] = round(SHARE_STEPS * self.user_share)
        return row
