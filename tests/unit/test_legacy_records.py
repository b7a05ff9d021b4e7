"""What each record of the old store becomes."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talktiers.application.import_conversations import intake_of
from talktiers.domain.errors import InvalidConversation
from talktiers.domain.legacy_records import (
    LegacyRecord,
    LegacyRules,
    MappedRecord,
    known_time,
    legacy_record_from_json,
    mapped,
)
from talktiers.domain.record_kinds import RecordKind

BERLIN = LegacyRules(time_zone=ZoneInfo("Europe/Berlin"))
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SUMMER = dt.datetime(2025, 9, 12, 18, 0, 0, tzinfo=dt.timezone(dt.timedelta(hours=2)))


def old(record_id: str = "42_2025-09-12T18:00:00_7", document: str = "", **metadata: Any) -> LegacyRecord:
    collection = metadata.pop("collection", "user_memories")
    return LegacyRecord(collection=collection, record_id=record_id, document=document, metadata=metadata)


def exchange(record_id: str = "42_2025-09-12T18:00:00_7", document: str = "", **further: Any) -> LegacyRecord:
    said = {"user_id": "42", "timestamp": "2025-09-12T18:00:00", "user_message": "hi", "bot_response": "hello"}
    return old(record_id, document, **{**said, **further})


def becomes(record: LegacyRecord, fallback: dt.datetime | None = None) -> MappedRecord:
    found = mapped(record, BERLIN, fallback=fallback)
    assert found is not None
    return found


def test_the_old_id_is_the_idempotency_key_so_that_every_way_in_gives_the_same_conversation() -> None:
    assert becomes(exchange()).record.idempotency_key == "42_2025-09-12T18:00:00_7"
    assert becomes(exchange("x" * 2000)).record.idempotency_key != becomes(exchange("x" * 2001)).record.idempotency_key


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (exchange(), SUMMER),
        (exchange(timestamp="2025-12-12T18:00:00"), dt.datetime(2025, 12, 12, 17, tzinfo=dt.UTC)),
        (exchange(timestamp="2025-09-12T18:00:00+00:00"), dt.datetime(2025, 9, 12, 18, tzinfo=dt.UTC)),
        (exchange(original_timestamp="2024-09-12T18:00:00"), SUMMER.replace(year=2024)),
        (exchange(original_timestamp="long ago"), SUMMER),
        (exchange(timestamp="yesterday"), SUMMER),
        (exchange(timestamp=""), SUMMER),
        (exchange("42_2025-09-12T18:00:00.250000_7", timestamp=""), SUMMER.replace(microsecond=250000)),
        (exchange(timestamp=SUMMER.timestamp()), SUMMER),
        (exchange("a_2020-01-01T00:00:00_b_2025-09-12T18:00:00_7", timestamp=""), SUMMER),
        (exchange("42_imported_7", timestamp=""), None),
        (exchange("42_imported_7", timestamp="9999-99-99"), None),
        (exchange("42_imported_7", timestamp=True), None),
    ],
)
def test_the_time_is_the_original_one_else_the_written_one_else_that_of_the_id(
    record: LegacyRecord, expected: dt.datetime | None
) -> None:
    assert known_time(record, BERLIN) == expected


def test_without_a_time_the_earliest_known_one_stands_and_that_is_noted() -> None:
    record = exchange("42_imported_7", timestamp="")
    found = becomes(record, fallback=SUMMER).record
    assert found.occurred_at == SUMMER
    assert found.processing_metadata["time_unknown"] is True
    assert "time_unknown" not in becomes(exchange(), fallback=SUMMER).record.processing_metadata
    with pytest.raises(InvalidConversation, match="original_timestamp"):
        mapped(record, BERLIN)


@pytest.mark.parametrize(
    ("record", "user", "bot"),
    [
        (exchange(), "hi", "hello"),
        (exchange(user_message="User: a\nAssistant: b"), "User: a\nAssistant: b", "hello"),
        (old(user_id="42", message_content="from", response_content="the desk"), "from", "the desk"),
        (old(user_id="42", document="User: one\nAssistant: two"), "one", "two"),
        (old(user_id="42", document="User: one\nBot: two\nBot: three"), "one", "two\nBot: three"),
        (
            old(user_id="42", user_message="a\nAssistant: b", document="User: a\nAssistant: b\nBot: c"),
            "a\nAssistant: b",
            "c",
        ),
        (old(user_id="42", bot_response="c", document="User: a\nAssistant: b\nAssistant: c"), "a\nAssistant: b", "c"),
        (old(user_id="42", user_message="alone", document="something else"), "alone", ""),
        (exchange(bot_response=""), "hi", ""),
        (exchange(user_message=5), "5", "hello"),
    ],
)
def test_both_texts_are_the_exact_ones(record: LegacyRecord, user: str, bot: str) -> None:
    found = becomes(record, fallback=SUMMER)
    assert found.kind is RecordKind.CONVERSATION
    assert (found.record.user_message, found.record.bot_response) == (user, bot)


@pytest.mark.parametrize(
    ("metadata", "audience"),
    [
        ({}, "direct"),
        ({"channel_id": "123"}, "direct"),
        ({"context_type": "dm", "is_private": True, "security_level": "private_dm", "channel_id": "1"}, "direct"),
        ({"context_type": "public_channel", "security_level": "public_channel", "channel_id": "1"}, "public_channel"),
        ({"context_type": "private_channel", "is_private": True, "channel_id": "1"}, "private_channel"),
        ({"context_type": "public_channel", "security_level": "cross_server", "channel_id": "1"}, "shared"),
        ({"security_level": "cross_server"}, "shared"),
        ({"context_type": "dm", "security_level": "cross_server"}, "direct"),
        ({"context_type": "public_channel", "is_private": True, "channel_id": "1"}, "private_channel"),
        ({"context_type": "public_channel", "security_level": "private_dm", "channel_id": "1"}, "direct"),
        ({"context_type": "private_channel"}, "direct"),
        ({"context_type": "public_channel"}, "direct"),
        ({"context_type": "something new", "channel_id": "1"}, "direct"),
        ({"is_private": False, "channel_id": "1"}, "direct"),
    ],
)
def test_a_place_is_never_wider_than_what_the_record_says(metadata: dict[str, Any], audience: str) -> None:
    assert becomes(exchange(**metadata)).record.audience == audience


@pytest.mark.parametrize(
    ("metadata", "user", "bot"),
    [
        ({"user_message": "[Previous conversation context]"}, "", "hello"),
        ({"bot_response": "..."}, "hi", ""),
    ],
)
def test_a_placeholder_of_the_chatgpt_import_leaves_its_side_empty(
    metadata: dict[str, Any], user: str, bot: str
) -> None:
    found = becomes(exchange(source="chatgpt_import", **metadata))
    assert found.kind is RecordKind.PLACEHOLDER
    assert (found.record.user_message, found.record.bot_response) == (user, bot)
    assert found.record.processing_metadata["placeholder"] == list(metadata)
    said = becomes(exchange(**metadata))
    assert said.kind is RecordKind.CONVERSATION, "elsewhere it is what somebody said"


def test_placeholders_alone_are_nothing() -> None:
    record = exchange(source="chatgpt_import", user_message="[Previous conversation context]", bot_response="...")
    assert mapped(record, BERLIN) is None


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (exchange(user_id=""), "no user_id"),
        (old(user_message="hi", bot_response="hello"), "no user_id"),
        (exchange(user_id=True), "no user_id"),
        (exchange(user_message=" ", bot_response=""), "both sides are empty"),
        (old(user_id="42", document="a note"), "neither a conversation nor a fact"),
        (old("42_fact_2025-09-12T18:00:00_1", user_id="42", type="user_fact", fact=" "), "the fact is empty"),
    ],
)
def test_what_cannot_be_kept_says_why(record: LegacyRecord, reason: str) -> None:
    with pytest.raises(InvalidConversation, match=reason):
        mapped(record, BERLIN, fallback=SUMMER)


def fact(kind: str, document: str, **metadata: Any) -> LegacyRecord:
    return old(f"42_{kind}_2025-09-12T18:00:00_1", document, user_id="42", timestamp="2025-09-12T18:00:00", **metadata)


@pytest.mark.parametrize(
    ("record", "text", "expected"),
    [
        (
            fact("fact", "User fact: likes tea\nContext: chat", type="user_fact", fact="likes tea", context="chat"),
            "likes tea",
            {"fact_kind": "user_fact", "context": "chat"},
        ),
        (
            fact(
                "auto_fact", "Auto-extracted fact: tea", type="user_fact", fact="tea", confidence=0.8, source="pattern"
            ),
            "tea",
            {"fact_kind": "auto_fact", "confidence": 0.8, "source": "pattern"},
        ),
        (
            fact(
                "personality",
                "Personality fact [interest]: tea\nPersonality relevance: high (0.9)",
                type="personality_fact",
                content="tea",
                extraction_confidence=0.7,
            ),
            "tea",
            {"fact_kind": "personality_fact", "fact_type": "interest", "confidence": 0.7, "extraction_confidence": 0.7},
        ),
        (
            fact("phase4", "Phase 4 insight [depth]: tea\nand cake\nRelevance: 0.310 (calculated)", source="profiler"),
            "tea\nand cake",
            {"fact_kind": "phase4_insight", "fact_type": "depth", "source": "profiler"},
        ),
    ],
)
def test_a_fact_keeps_its_text_its_source_and_its_confidence(
    record: LegacyRecord, text: str, expected: dict[str, Any]
) -> None:
    found = becomes(record)
    assert found.kind is RecordKind.FACT
    assert (found.record.message_type, found.record.user_message, found.record.bot_response) == ("fact", text, "")
    assert (found.record.occurred_at, found.record.audience) == (SUMMER, "direct")
    assert dict(found.record.metadata) == expected


def test_a_fact_about_nobody_goes_to_the_user_that_is_named_for_it_and_may_be_seen_everywhere() -> None:
    record = old("global_fact_2025-09-12T18:00:00_1", "Global fact: x", collection="global_facts", fact="x")
    found = mapped(record, LegacyRules(global_user_id="nobody"))
    assert found is not None
    assert (found.record.user_id, found.record.audience) == ("nobody", "shared")


def test_an_exchange_that_begins_like_a_fact_is_one_all_the_same() -> None:
    found = becomes(exchange("42_fact_2025-09-12T18:00:00_7", "User fact: hi", user_message="User fact: I lie"))
    assert found.kind is RecordKind.CONVERSATION


def test_short_metadata_is_kept_in_its_place_and_printed_objects_are_not() -> None:
    found = becomes(
        exchange(
            detected_emotion="happy",
            relationship_level="friend",
            personality_confidence_level="High",
            dynamic_personality_traits="<Dimension> " * 100,
            dynamic_personality_topics="[]",
            platform="discord",
            conversation_title="Tea\x00",
            context_type="dm",
            **ODD,
        )
    ).record
    assert found.emotion_data == {"detected_emotion": "happy"}
    assert found.user_metadata == {"relationship_level": "friend", "personality_confidence_level": "High"}
    assert found.metadata == {"platform": "discord", "conversation_title": "Tea\ufffd", "legacy_keys": {"Odd Key": 1}}
    assert found.processing_metadata["left_out"] == ["dynamic_personality_traits"]
    assert found.processing_metadata["legacy"] == {
        "collection": "user_memories",
        "id": "42_2025-09-12T18:00:00_7",
        "context_type": "dm",
    }


ODD: dict[str, Any] = {"Odd Key": 1}
VALUES = st.one_of(
    st.text(max_size=40), st.integers(), st.floats(), st.booleans(), st.none(), st.just("2025-01-01T00:00:00")
)
KEYS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        "user_id timestamp channel_id server_id user_message bot_response type fact content conversation_id session_id "
        "emotion_data metadata context_type security_level source".split()
    ),
)


@given(
    record_id=st.text(min_size=1, max_size=60),
    document=st.text(max_size=60),
    metadata=st.dictionaries(KEYS, VALUES, max_size=12),
    collection=st.sampled_from(["user_memories", "global_facts"]),
)
def test_whatever_a_record_holds_it_is_stored_or_says_why_not(
    record_id: str, document: str, metadata: dict[str, Any], collection: str
) -> None:
    record = LegacyRecord(collection=collection, record_id=record_id, document=document, metadata=metadata)
    said = ""
    found = None
    try:
        found = mapped(record, BERLIN, fallback=SUMMER)
    except InvalidConversation as error:
        said = str(error)
    if found is None:
        # None without a word: placeholders alone.
        assert said or metadata.get("source") == "chatgpt_import" or "channel_id" in metadata
        return
    reason = ""
    try:
        conversation = intake_of(found.record).conversation(now=NOW, new_id="")
        assert conversation.conversation_id
        assert conversation.place.audience.value == found.record.audience
    except InvalidConversation as error:
        reason = str(error)
    # An id or a time of its own that no memory takes: everything else was made storable.
    assert not reason or reason.startswith(("user_id", "occurred_at"))


@pytest.mark.parametrize(
    "value", [None, [], {"id": ""}, {"id": 5}, {"id": "a", "document": 1}, {"id": "a", "metadata": []}]
)
def test_what_is_no_record_says_so(value: object) -> None:
    with pytest.raises(InvalidConversation, match="record"):
        legacy_record_from_json(value)
