"""Conversations, records, scopes and awkward strings for the suites."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...domain.conversation import Conversation
from ...domain.derived import Entity, Extraction, Summary, Topic
from ...domain.lexical_document import LexicalDocument
from ...domain.place import Audience, Place, Scope
from ...domain.recent_window import CachedConversation, windows_of
from ..relationship_graph import GraphRecord
from ..summary_index import SummaryRecord

START = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)

DIRECT = Place(audience=Audience.DIRECT)
GARDEN = Place(audience=Audience.PRIVATE_CHANNEL, channel_id="garden", server_id="town")
CELLAR = Place(audience=Audience.PRIVATE_CHANNEL, channel_id="cellar", server_id="town")
SQUARE = Place(audience=Audience.PUBLIC_CHANNEL, channel_id="square", server_id="town")
HARBOUR = Place(audience=Audience.PUBLIC_CHANNEL, channel_id="harbour", server_id="city")
EVERYWHERE = Place(audience=Audience.SHARED)
PLACES = (DIRECT, GARDEN, CELLAR, SQUARE, HARBOUR, EVERYWHERE)

HOSTILE_IDS = (
    "ana",
    "Ana",
    "an",
    "anaa",
    "ana%",
    "an_",
    "*",
    "an*",
    "ana:x",
    "ana|x",
    "ana/../bo",
    "'",
    "''",
    '"',
    "`",
    "\\",
    "\\'",
    "';DROP/**/TABLE/**/conversations;--",
    "'})/**/DETACH/**/DELETE/**/(n)//",
    '{"$ne":null}',
    "$ne",
    "$gt",
    "[1,2]",
    "{}",
    "null",
    "None",
    "0",
    "00",
    "0.0",
    "1e3",
    "true",
    "-1",
    "%s",
    "?",
    ":user_id",
    "$1",
    "\u00e9",  # é as one character and as two: different ids
    "e\u0301",
    "\ufb01sh",  # the ligature of "fi"
    "fish",
    "\u0645\u0633\u062a\u062e\u062f\u0645",  # right to left
    "\u202eana",  # right-to-left override
    "\U0001f469\u200d\U0001f467",  # one emoji of three characters
    "\U0001f469",
    "\uffff",
    "x" * 255,
    "x" * 256,
    "\U0001f98a" * 256,
)
"""Ids that the domain allows and that are all different, compared exactly."""

HOSTILE_TEXTS = (
    "",
    " ",
    "\n\t\r\n",
    "'; DROP TABLE conversations; --",
    "'}) DETACH DELETE (n) //",
    '{"$where": "1"}',
    "\"quoted\" 'single' `back` \\ back\\slash \\n \\u0000",
    "%s %d {0} {name} ${HOME} $1 ? :a @b",
    "<script>alert(1)</script> &amp; ]]>",
    "\x01\x1b[31m\x7f\x85",
    "\u2028\u2029\ufeff\ufffd\uffff\U0010ffff",
    "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd \u202eabc",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea e\u0301",
    "\u4f60\u597d\u4e16\u754c \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u3053\u3093\u306b\u3061\u306f",
    "a" * 100_000,
)
"""Texts as they stand after cleaning at the boundary: everything but NUL and lone surrogates."""

MEGABYTE_TEXT = "naïve fox \U0001f98a " * 87_381
"""The longest text that the domain allows, nearly: 1,048,572 characters."""


def conversation_id(number: int) -> str:
    """A conversation id that stands for a number, sorting as the numbers do."""
    return str(uuid.UUID(int=(0x7000_8000 << 64) | number))


def conversation(
    number: int = 1,
    *,
    user_id: str = "ana",
    tenant_id: str = "default",
    bot_id: str = "default",
    place: Place = DIRECT,
    minute: float | None = None,
    sequence: int = 0,
    session_id: str | None = None,
    user_message: str | None = None,
    bot_response: str = "Tell me more.",
) -> Conversation:
    """A conversation; those of higher numbers are later, a minute apart, unless ``minute`` says otherwise."""
    return Conversation(
        conversation_id=conversation_id(number),
        tenant_id=tenant_id,
        user_id=user_id,
        bot_id=bot_id,
        place=place,
        occurred_at=START + dt.timedelta(minutes=number if minute is None else minute),
        user_message=f"message {number}" if user_message is None else user_message,
        bot_response=bot_response,
        sequence=sequence,
        session_id=session_id,
    )


def stored(
    number: int = 1,
    *,
    user_id: str = "ana",
    tenant_id: str = "default",
    bot_id: str = "default",
    place: Place = DIRECT,
    minute: float | None = None,
    session_id: str | None = None,
    user_message: str | None = None,
) -> Conversation:
    """As `conversation`, as the archive hands it to the tiers: the number is its sequence."""
    return conversation(
        number,
        user_id=user_id,
        tenant_id=tenant_id,
        bot_id=bot_id,
        place=place,
        minute=minute,
        sequence=number,
        session_id=session_id,
        user_message=user_message,
    )


def full_conversation(number: int = 1) -> Conversation:
    """A conversation in which every field is set."""
    return Conversation(
        conversation_id=conversation_id(number),
        tenant_id="acme",
        user_id="ana",
        bot_id="robin",
        place=GARDEN,
        occurred_at=dt.datetime(
            2026, 3, 2, 23, 59, 59, 999_999, tzinfo=dt.timezone(dt.timedelta(hours=-9, minutes=-30))
        ),
        user_message="My sister moved to Porto",
        bot_response="How exciting!",
        sequence=number,
        user_name="Ana Sousa",
        bot_name="Robin",
        session_id="s 1",
        thread_id="t 1",
        message_type="voice",
        emotion_data={"joy": 0.75, "labels": ["glad", None]},
        user_metadata={"tags": ["a", "b"], "nested": {"deep": [1, 2.5, True, {"": "\U0001f98a"}]}},
        processing_metadata={"cleaned": ["user_message"]},
        metadata={"big": 2**53 + 1, "small": -(2**63), "zero": 0.0, "quote": 'it\'s "so"', "empty": {}, "none": None},
    )


def scope(*, user_id: str = "ana", tenant_id: str = "default", bot_id: str = "default", place: Place = DIRECT) -> Scope:
    """A reader; by default one who sees everything of Ana and the default bot."""
    return Scope(user_id=user_id, tenant_id=tenant_id, bot_id=bot_id, place=place)


def ids(conversations: Sequence[Conversation]) -> list[str]:
    """Their conversation ids, in their order."""
    return [item.conversation_id for item in conversations]


def cached(item: Conversation, *, epoch: int = 0) -> CachedConversation:
    """A conversation on its way into the cache."""
    return CachedConversation(conversation=item, windows=windows_of(item), epoch=epoch)


def lexical_document(item: Conversation) -> LexicalDocument:
    """What is indexed of a conversation, its user's words taken as they are."""
    words = item.user_message.lower().split()
    return LexicalDocument(
        key=item.key,
        sequence=item.sequence,
        place=item.place,
        bot_id=item.bot_id,
        session_id=item.session_id,
        occurred_at=item.occurred_at,
        term_counts=Counter(words),
        words=frozenset(words),
        user_name=item.user_name,
        bot_name=item.bot_name,
        user_first_person=words.count("i"),
        bot_first_person=0,
        user_share=len(item.user_message) / max(1, item.text_chars),
    )


def unit_vector(*values: float, dimensions: int) -> npt.NDArray[np.float32]:
    """A vector of unit length in the direction of the values, the rest zeros; shape (dimensions,)."""
    vector = np.zeros(dimensions, dtype=np.float32)
    vector[: len(values)] = values
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def summary_record(
    item: Conversation, *, vector: npt.NDArray[np.float32] | None = None, text: str | None = None
) -> SummaryRecord:
    """A conversation's summary, the beginning of the user's message unless ``text`` is given, with that vector."""
    return SummaryRecord(
        summary=Summary(
            key=item.key,
            text=item.user_message[:150] if text is None else text,
            place=item.place,
            bot_id=item.bot_id,
            occurred_at=item.occurred_at,
        ),
        vector=vector,
    )


def graph_record(item: Conversation, *, topics: Sequence[str] = (), entities: Sequence[str] = ()) -> GraphRecord:
    """A conversation as a node of the graph with these topics and entities."""
    return GraphRecord(
        key=item.key,
        sequence=item.sequence,
        place=item.place,
        bot_id=item.bot_id,
        session_id=item.session_id,
        occurred_at=item.occurred_at,
        extraction=Extraction(
            topics=tuple(Topic(label=label) for label in topics),
            entities=tuple(Entity(name=name) for name in entities),
        ),
    )
