"""What is handed over becomes a conversation as it was meant, or an error that says what to mend and quotes nothing."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

import pytest

from talktiers.domain.conversation import Conversation
from talktiers.domain.errors import InvalidConversation
from talktiers.domain.intake import Intake
from talktiers.domain.place import Audience

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
NEW_ID = "0198f2c4-0000-7000-8000-000000000001"


class Mood(str, enum.Enum):  # noqa: UP042 - as bots define them; a StrEnum would behave like a string
    HAPPY = "happy"


def taken_in(**arguments: Any) -> Conversation:
    given = {"user_id": "ana", "user_message": "My sister moved to Porto", "bot_response": "How exciting!", **arguments}
    return Intake(**given).conversation(now=NOW, new_id=NEW_ID)


def test_what_the_caller_changes_afterwards_does_not_change_the_conversation() -> None:
    metadata: dict[str, Any] = {"tags": ["family"], "emotion_data": {"joy": [0.9]}}
    conversation = taken_in(metadata=metadata)
    metadata["tags"].append("later")
    metadata["emotion_data"]["joy"].clear()
    assert conversation.metadata == {"tags": ["family"]}
    assert conversation.emotion_data == {"joy": [0.9]}


def test_a_string_enumeration_is_stored_as_its_value() -> None:
    conversation = taken_in(
        user_id=Mood.HAPPY, user_message=Mood.HAPPY, metadata={"mood": Mood.HAPPY, "seen": {Mood.HAPPY: [Mood.HAPPY]}}
    )
    assert (conversation.user_id, conversation.user_message) == ("happy", "happy")
    assert conversation.metadata == {"mood": "happy", "seen": {"happy": ["happy"]}}
    stored = [conversation.user_id, conversation.user_message, conversation.metadata["mood"]]
    assert {type(value) for value in stored} == {str}


@pytest.mark.parametrize(
    "bad",
    [float("nan"), object(), 2**70, "\ud800", {1: 2}, [object()], {"\x00": 1}],
    ids=["nan", "object", "too large", "surrogate", "key", "nested", "nul"],
)
def test_an_error_in_metadata_names_the_top_key_and_none_of_the_nested_ones(bad: object) -> None:
    with pytest.raises(InvalidConversation, match=r"metadata\.votes\b") as raised:
        taken_in(metadata={"votes": {"Alice Liddell": {"a private matter": bad}}})
    assert "Alice" not in str(raised.value)
    assert "private" not in str(raised.value)


def test_metadata_that_holds_itself_is_refused() -> None:
    metadata: dict[str, Any] = {"a": {}}
    metadata["a"]["b"] = metadata
    with pytest.raises(InvalidConversation, match="deeper"):
        taken_in(metadata=metadata)


@pytest.mark.parametrize("audience", [[], {}, 3, "everybody"])
def test_an_audience_that_is_none_is_refused(audience: object) -> None:
    with pytest.raises(InvalidConversation, match="audience must be one of"):
        taken_in(audience=audience, channel_id="c")


@pytest.mark.parametrize(
    "moment",
    [
        dt.datetime.max.replace(tzinfo=dt.timezone(-dt.timedelta(hours=12))),
        dt.datetime.min.replace(tzinfo=dt.timezone(dt.timedelta(hours=14))),
        dt.datetime.max.replace(tzinfo=dt.UTC),
        NOW + dt.timedelta(days=1, seconds=1),
        NOW.replace(tzinfo=None),
    ],
    ids=["last moment", "first moment", "last in UTC", "after tomorrow", "naive"],
)
def test_a_time_that_cannot_be_meant_is_refused(moment: dt.datetime) -> None:
    with pytest.raises(InvalidConversation, match="occurred_at"):
        taken_in(occurred_at=moment)


def test_the_seconds_of_a_clock_repeat_the_time_that_was_made_of_them() -> None:
    seconds = 1_700_000_000.123_456_7  # a clock tells more digits than a datetime keeps
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    assert taken_in(occurred_at=moment, metadata={"timestamp": seconds}).occurred_at == moment
    assert taken_in(occurred_at=moment, metadata={"timestamp": moment.isoformat()}).occurred_at == moment


@pytest.mark.parametrize(
    "metadata",
    [
        {"user_id": "ben"},
        {"conversation_id": "0198f2c4-0000-7000-8000-000000000002"},
        {"timestamp": "2026-03-01T11:00:00+00:00"},
        {"timestamp": "2026-03-01T12:00:00"},
        {"timestamp": NOW.timestamp() + 1},
        {"timestamp": True},
        {"channel_id": "another"},
    ],
    ids=lambda metadata: " ".join(map(str, metadata.items())),
)
def test_metadata_that_contradicts_the_call_is_refused(metadata: dict[str, Any]) -> None:
    with pytest.raises(InvalidConversation, match=next(iter(metadata))):
        taken_in(metadata=metadata, occurred_at=NOW, channel_id="c1")


def test_metadata_fills_what_was_not_given_and_its_objects_have_places_of_their_own() -> None:
    conversation = taken_in(
        metadata={"channel_id": "c1", "session_id": "evening", "user_metadata": {"age": 7}, "mood": "calm"}
    )
    assert (conversation.place.audience, conversation.place.channel_id) == (Audience.PRIVATE_CHANNEL, "c1")
    assert conversation.session_id == "evening"
    assert conversation.user_metadata == {"age": 7}
    assert conversation.metadata == {"channel_id": "c1", "session_id": "evening", "mood": "calm"}


def test_what_cannot_be_stored_is_replaced_and_noted() -> None:
    conversation = taken_in(user_message="a\x00b\ud800", metadata={"processing_metadata": {"model": "m"}})
    assert conversation.user_message == "a\ufffdb\ufffd"
    assert conversation.processing_metadata == {"model": "m", "cleaned": ["user_message"]}
