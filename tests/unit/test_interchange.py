"""Lines of JSON: what goes out comes in again, and what is wrong is named."""

import datetime as dt
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.domain.conversation import Conversation
from talktiers.domain.errors import InvalidConversation
from talktiers.domain.interchange import (
    ConversationRecord,
    conversation_to_json,
    record_from_line,
    record_of,
    record_to_json,
)
from talktiers.domain.place import Audience, Place

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)
ids = st.from_regex(r"[A-Za-z0-9:_-]{1,20}", fullmatch=True)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
json_objects = st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True), json_values, max_size=3)
offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
times = st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2030, 1, 1), timezones=offsets)  # noqa: DTZ001  # hypothesis adds it
places = st.sampled_from(
    [
        Place(audience=Audience.DIRECT),
        Place(audience=Audience.PRIVATE_CHANNEL, channel_id="c"),
        Place(audience=Audience.PUBLIC_CHANNEL, channel_id="c", server_id="s"),
        Place(audience=Audience.SHARED),
    ]
)
conversations = st.builds(
    Conversation,
    conversation_id=st.uuids().map(str),
    tenant_id=ids,
    user_id=ids,
    bot_id=ids,
    place=places,
    occurred_at=times,
    user_message=texts,
    bot_response=texts,
    user_name=texts,
    bot_name=texts,
    session_id=st.none() | ids,
    thread_id=st.none() | ids,
    emotion_data=json_objects,
    user_metadata=json_objects,
    processing_metadata=json_objects,
    metadata=json_objects,
)


@settings(deadline=None)
@given(conversations)
def test_an_exported_conversation_comes_back_with_nothing_lost_or_changed(conversation: Conversation) -> None:
    line = json.dumps(conversation_to_json(conversation))
    assert "\n" not in line
    read = record_from_line(line)
    assert read == record_of(conversation)
    assert read.occurred_at is not None
    assert read.occurred_at.utcoffset() == conversation.occurred_at.utcoffset()


def test_three_keys_are_enough() -> None:
    record = record_from_line('{"user_id": "7", "user_message": "Hi", "bot_response": ""}')
    assert record == ConversationRecord(user_id="7", user_message="Hi", bot_response="")


def test_the_content_key_changes_with_anything_that_is_said_and_with_nothing_else() -> None:
    record = ConversationRecord(user_id="7", user_message="Hi", bot_response="Hello")
    shuffled = record_from_line('{"bot_response": "Hello", "version": 1, "user_message": "Hi", "user_id": "7"}')
    assert shuffled.content_key == record.content_key
    for key, value in {"user_id": "8", "channel_id": "c", "bot_response": "Hello!", "metadata": {"a": 1}}.items():
        other = record_from_line(json.dumps({**record_to_json(record), key: value}))
        assert other.content_key != record.content_key, key


LINE = {"user_id": "7", "user_message": "Hi", "bot_response": "Hello"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("not json", "not JSON: Expecting value at character 1"),
        ("[" * 100_000, "nested too deep"),
        ("[1]", "must be a JSON object, not a list"),
        ('{"user_id": NaN}', "NaN"),
        ('{"user_id": "a", "user_id": "b"}', "a key is there twice"),
        ('{"user_id": "7", "user_message": "Hi"}', "missing: bot_response"),
        (json.dumps({**LINE, "user_mesage": "x"}), "'user_mesage' (did you mean 'user_message'?)"),
        (json.dumps({**LINE, "mood\x1b[2J": 1}), r"'mood\x1b[2J'"),
        (json.dumps({**LINE, "user_id": 42}), "user_id must be a string, not a number"),
        (json.dumps({**LINE, "metadata": []}), "metadata must be a JSON object, not a list"),
        (json.dumps({**LINE, "occurred_at": "yesterday"}), "occurred_at is not a time"),
        (json.dumps({**LINE, "occurred_at": "2025-03-14T09:30:00"}), "occurred_at has no time zone"),
        (json.dumps({**LINE, "occurred_at": 1741941000}), "occurred_at must be a string, not a number"),
        (json.dumps({**LINE, "version": 2}), "version must be 1"),
        (json.dumps({**LINE, "conversation_id": "12345"}), "give another system's id as idempotency_key"),
    ],
)
def test_a_bad_line_is_refused_with_what_to_mend(line: str, reason: str) -> None:
    with pytest.raises(InvalidConversation) as caught:
        record_from_line(line)
    assert reason in str(caught.value)
