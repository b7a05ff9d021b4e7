"""Records of the old ChromaDB store as conversations and facts.

The old bot wrote into two collections, in some ten shapes over the months. What each becomes is decided here, without
looking at anything but the record: the same record always becomes the same conversation, under its old id as the
idempotency key.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from typing import Final

import attrs

from .errors import InvalidConversation
from .intake import MAX_IDEMPOTENCY_KEY_CHARS
from .interchange import ConversationRecord
from .json_values import EMPTY, JsonObject, JsonValue
from .legacy_metadata import cleaned, kept_metadata, stored
from .legacy_places import CONTEXT_KEYS, legacy_place, usable_id
from .legacy_texts import TEXT_KEYS, LegacyFact, LegacyTexts, legacy_fact, legacy_texts, without_placeholders
from .legacy_times import ORIGINAL_TIME, TIME, legacy_time
from .place import Audience, Place
from .record_kinds import FACT_MESSAGE_TYPE, RecordKind

USER_MEMORIES: Final = "user_memories"
GLOBAL_FACTS: Final = "global_facts"
COLLECTIONS: Final = (USER_MEMORIES, GLOBAL_FACTS)
GLOBAL_USER_ID: Final = "global"
"""To whom facts about nobody belong, unless it is told otherwise."""

_FACT_TYPES: Final = frozenset({"user_fact", "personality_fact", "global_fact"})
_FACT_IN_ID: Final = re.compile(r"_(?:auto_fact|fact|personality|phase4)_\d{4}-\d{2}-\d{2}T|\Aglobal_fact_")
_FACT_KINDS: Final = {
    "User fact": "user_fact",
    "Auto-extracted fact": "auto_fact",
    "Personality fact": "personality_fact",
    "Phase 4 insight": "phase4_insight",
    "Global fact": "global_fact",
}
_CHATGPT: Final = "chatgpt_import"
_TAKEN: Final = frozenset(
    {"user_id", "channel_id", "context_channel_id", "server_id", "session_id", "thread_id", "conversation_id"}
    | {"fact", "content", "type", "doc_type", TIME, ORIGINAL_TIME, *CONTEXT_KEYS, *TEXT_KEYS}
)
"""Keys that the conversation itself expresses."""
_ORIGIN_KEYS: Final = ("type", "doc_type", "conversation_id", *CONTEXT_KEYS)


@attrs.frozen(kw_only=True)
class LegacyRecord:
    """One record as the old store holds it.

    Attributes:
        collection: ``user_memories`` or ``global_facts``.
        metadata: flat; what was ``None`` is missing.
    """

    collection: str
    record_id: str
    document: str = ""
    metadata: JsonObject = EMPTY

    def to_json(self) -> dict[str, JsonValue]:
        """The record as plain data, in the form that `legacy_record_from_json` reads."""
        return {
            "collection": self.collection,
            "id": self.record_id,
            "document": self.document,
            "metadata": self.metadata,
        }


@attrs.frozen(kw_only=True)
class LegacyRules:
    """What the records do not say themselves.

    Attributes:
        time_zone: of times without one: where the old bot ran.
        global_user_id: to whom facts about nobody belong.
    """

    time_zone: dt.tzinfo = dt.UTC
    global_user_id: str = GLOBAL_USER_ID


@attrs.frozen(kw_only=True)
class MappedRecord:
    """What an old record becomes."""

    record: ConversationRecord
    kind: RecordKind


def legacy_record_from_json(value: object) -> LegacyRecord:
    """Reads one record as plain data; unknown keys do not matter.

    Raises:
        InvalidConversation: it has no id, or its parts are of another kind.
    """
    if not isinstance(value, Mapping):
        raise InvalidConversation("a record must be a JSON object with id, document and metadata")
    record_id, document, metadata = value.get("id"), value.get("document"), value.get("metadata")
    collection = value.get("collection", USER_MEMORIES)
    if not isinstance(record_id, str) or not record_id:
        raise InvalidConversation("a record must have an id, a string that is not empty")
    if not isinstance(document, str | None) or not isinstance(collection, str):
        raise InvalidConversation("a record's document and collection must be strings")
    if not isinstance(metadata, Mapping | None):
        raise InvalidConversation("a record's metadata must be a JSON object")
    return LegacyRecord(collection=collection, record_id=record_id, document=document or "", metadata=metadata or {})


def known_time(record: LegacyRecord, rules: LegacyRules) -> dt.datetime | None:
    """The time that the record itself tells; ``None``: none."""
    return legacy_time(record.record_id, record.metadata, time_zone=rules.time_zone)


def owner_of(record: LegacyRecord, rules: LegacyRules) -> str | None:
    """Whose record it is; ``None``: it does not say."""
    if record.collection == GLOBAL_FACTS or record.metadata.get("type") == "global_fact":
        return rules.global_user_id
    user_id = record.metadata.get("user_id")
    if isinstance(user_id, int) and not isinstance(user_id, bool):
        return str(user_id)
    return user_id if isinstance(user_id, str) and user_id.strip() else None


def mapped(record: LegacyRecord, rules: LegacyRules, *, fallback: dt.datetime | None = None) -> MappedRecord | None:
    """What the record becomes; ``None``: it holds placeholders and nothing else.

    Args:
        fallback: its time where it tells none: the earliest one known of that user, else of the store.

    Raises:
        InvalidConversation: it can be neither a conversation nor a fact; the message says what to mend.
    """
    user_id = owner_of(record, rules)
    if user_id is None:
        raise InvalidConversation("it has no user_id: nobody knows whose memory it is; add one to its metadata")
    fact = _fact_of(record)
    texts = None if fact is not None else legacy_texts(record.document, record.metadata)
    if fact is None and texts is None:
        raise InvalidConversation("it is neither a conversation nor a fact: add user_message and bot_response")
    time = known_time(record, rules)
    occurred_at = time or fallback
    if occurred_at is None:
        raise InvalidConversation("neither it nor any other record tells a time: add original_timestamp")
    notes = _notes(record, time_known=time is not None)
    if fact is not None:
        return _mapped_fact(record, fact, user_id=user_id, occurred_at=occurred_at, notes=notes)
    return _mapped_texts(record, texts, user_id=user_id, occurred_at=occurred_at, notes=notes) if texts else None


def _mapped_texts(
    record: LegacyRecord, texts: LegacyTexts, *, user_id: str, occurred_at: dt.datetime, notes: dict[str, JsonValue]
) -> MappedRecord | None:
    placeholders: tuple[str, ...] = ()
    if _from_chatgpt(record.metadata):
        texts, placeholders = without_placeholders(texts)
    if not texts.user.strip() and not texts.bot.strip():
        if placeholders:
            return None
        raise InvalidConversation("both sides are empty: there is nothing to remember")
    if placeholders:
        notes["placeholder"] = list(placeholders)
    if texts.from_document:
        notes["read_from_document"] = list(texts.from_document)
    kept = kept_metadata(_rest(record.metadata), is_fact=False)
    if kept.left_out:
        notes["left_out"] = list[JsonValue](kept.left_out)
    place = legacy_place(record.metadata)
    return MappedRecord(
        kind=RecordKind.PLACEHOLDER if placeholders else RecordKind.CONVERSATION,
        record=ConversationRecord(
            user_id=user_id,
            user_message=texts.user,
            bot_response=texts.bot,
            occurred_at=occurred_at,
            idempotency_key=_key(record.record_id),
            audience=place.audience.value,
            channel_id=place.channel_id,
            server_id=place.server_id,
            session_id=usable_id(record.metadata.get("session_id")),
            thread_id=usable_id(record.metadata.get("thread_id", record.metadata.get("conversation_id"))),
            metadata=kept.metadata,
            emotion_data=kept.emotion_data,
            user_metadata=kept.user_metadata,
            processing_metadata=notes,
        ),
    )


def _mapped_fact(
    record: LegacyRecord, fact: LegacyFact, *, user_id: str, occurred_at: dt.datetime, notes: dict[str, JsonValue]
) -> MappedRecord:
    if not fact.text.strip():
        raise InvalidConversation("the fact is empty: there is nothing to remember")
    kept = kept_metadata(_rest(record.metadata), is_fact=True)
    metadata: dict[str, JsonValue] = {"fact_kind": _FACT_KINDS.get(fact.title, "fact"), **kept.metadata}
    if fact.fact_type:
        metadata.setdefault("fact_type", cleaned(fact.fact_type))
    if "extraction_confidence" in metadata:
        metadata.setdefault("confidence", metadata["extraction_confidence"])
    about_nobody = record.collection == GLOBAL_FACTS or record.metadata.get("type") == "global_fact"
    place = Place(audience=Audience.SHARED) if about_nobody else legacy_place(record.metadata)
    return MappedRecord(
        kind=RecordKind.FACT,
        record=ConversationRecord(
            user_id=user_id,
            user_message=fact.text,
            bot_response="",
            occurred_at=occurred_at,
            idempotency_key=_key(record.record_id),
            message_type=FACT_MESSAGE_TYPE,
            audience=place.audience.value,
            channel_id=place.channel_id,
            server_id=place.server_id,
            metadata=metadata,
            processing_metadata=notes,
        ),
    )


def _fact_of(record: LegacyRecord) -> LegacyFact | None:
    """The fact that a record is; ``None`` where it is something else."""
    metadata = record.metadata
    told = metadata.get("type") in _FACT_TYPES or record.collection == GLOBAL_FACTS
    if not told and (metadata.keys() & TEXT_KEYS or metadata.get("type") == "conversation"):
        return None
    parsed = legacy_fact(record.document)
    if parsed is None and not told and not _FACT_IN_ID.search(record.record_id):
        return None
    title = parsed.title if parsed is not None else ""
    given = next((value for key in ("fact", "content") if isinstance(value := metadata.get(key), str)), None)
    text = given if given is not None else parsed.text if parsed is not None else record.document
    return LegacyFact(title=title, text=text, fact_type=parsed.fact_type if parsed is not None else None)


def _notes(record: LegacyRecord, *, time_known: bool) -> dict[str, JsonValue]:
    """What is noted about where a conversation came from."""
    legacy: dict[str, JsonValue] = {"collection": cleaned(record.collection), "id": cleaned(record.record_id)}
    legacy.update({key: stored(record.metadata[key]) for key in _ORIGIN_KEYS if record.metadata.get(key) is not None})
    written = record.metadata.get(TIME)
    if written is not None and (not time_known or record.metadata.get(ORIGINAL_TIME) is not None):
        legacy[TIME] = stored(written)
    notes: dict[str, JsonValue] = {"imported_from": "chromadb", "legacy": legacy}
    if not time_known:
        notes["time_unknown"] = True
    return notes


def _rest(metadata: JsonObject) -> dict[str, object]:
    return {str(key): value for key, value in metadata.items() if key not in _TAKEN}


def _from_chatgpt(metadata: JsonObject) -> bool:
    channel_id = metadata.get("channel_id")
    return metadata.get("source") == _CHATGPT or (isinstance(channel_id, str) and channel_id.startswith(f"{_CHATGPT}_"))


def _key(record_id: str) -> str:
    """The record's id as an idempotency key; a hash of one that cannot be one."""
    storable = record_id.encode("utf-8", "replace").decode("utf-8") == record_id
    if storable and len(record_id) <= MAX_IDEMPOTENCY_KEY_CHARS:
        return record_id
    return "sha256:" + hashlib.sha256(record_id.encode("utf-8", "surrogatepass")).hexdigest()
