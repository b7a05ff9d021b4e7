import datetime as dt
import json

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talktiers.adapters.redis.cache_entries import Decoded, decoded, entry_of, field_of
from talktiers.domain.conversation import Conversation
from talktiers.domain.recent_window import WindowKey
from talktiers.ports.contracts import examples
from talktiers.ports.contracts.strategies import histories

KEY = WindowKey(tenant_id="acme", user_id="ana", bot_id="robin", compartment=None)
WHOLE = examples.full_conversation()
OTHER = examples.full_conversation(2)

offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
moments = st.datetimes(timezones=offsets)
json_values: st.SearchStrategy[object] = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False),
        st.text()
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)  # fmt: skip
conversations = st.builds(
    attrs.evolve,
    st.just(WHOLE),
    occurred_at=moments,
    sequence=st.integers(0, 2**63 - 1),
    user_message=st.text(),
    bot_response=st.text(),
    session_id=st.none() | st.text(),
    place=st.sampled_from(examples.PLACES),
    metadata=st.dictionaries(st.text(), json_values, max_size=3),
)


@given(conversations)
def test_a_conversation_comes_back_as_it_was(item: Conversation) -> None:
    back = decoded(KEY, {field_of(item): entry_of(item)})
    assert back == Decoded([item], [])
    assert back.conversations[0].occurred_at.utcoffset() == item.occurred_at.utcoffset()


@given(st.lists(conversations, max_size=5, unique_by=lambda item: item.order))
def test_fields_sort_as_conversations_do(items: list[Conversation]) -> None:
    assert sorted(items, key=field_of) == sorted(items, key=lambda item: item.order)


def poisoned_entries() -> list[bytes]:
    row = json.loads(entry_of(OTHER))
    wrong: tuple[object, ...] = (True, [])
    of_another_type = [[*row[:at], value, *row[at + 1 :]] for at in range(len(row)) for value in wrong]
    rows: list[object] = [
        *of_another_type, row[:-1], [*row, None], [], {}, None, 1, "text",
        ["default", *row[1:]], [row[0], "bo", *row[2:]],
        [*row[:3], "everybody", *row[4:]], [*row[:6], 10**9, *row[7:]], [*row[:6], 10**30, *row[7:]],
    ]  # fmt: skip
    return [
        b"", b"\xff\xfe", b"{", b"nonsense", b"[" * 100_000, b'"\\ud800"', b"1],[2", b"1,2", b"gAN9cQAu",
        b"9" * 5000, entry_of(OTHER)[:-1], entry_of(OTHER) + b",", *(json.dumps(row).encode() for row in rows),
    ]  # fmt: skip


@pytest.mark.parametrize("poison", poisoned_entries(), ids=lambda entry: entry[:20])
def test_an_entry_that_is_none_is_left_out_and_told(poison: bytes) -> None:
    entries = {field_of(WHOLE): entry_of(WHOLE), field_of(OTHER): poison}
    assert decoded(KEY, entries) == Decoded([WHOLE], [field_of(OTHER)])


@pytest.mark.parametrize(
    "field",
    [b"", b"x", b"0" * 37, b"-" + b"0" * 36 + b"id", b"9" * 37 + b"id", b"\xff" * 50, "\u0663".encode() * 20 + b"id"],
)
def test_a_field_that_is_none_is_left_out_and_told(field: bytes) -> None:
    entries = {field_of(WHOLE): entry_of(WHOLE), field: entry_of(OTHER)}
    assert decoded(KEY, entries) == Decoded([WHOLE], [field])


@given(st.dictionaries(st.binary(max_size=60), st.binary(max_size=60), max_size=6), histories(max_users=1))
def test_whatever_stands_there_nothing_fails_and_nothing_good_is_lost(
    junk: dict[bytes, bytes], history: list[Conversation]
) -> None:
    key = attrs.evolve(KEY, tenant_id="default")
    good = {field_of(item): entry_of(item) for item in history}
    found = decoded(key, junk | good)
    assert sorted(found.conversations, key=lambda item: item.order) == found.conversations
    assert set(examples.ids(found.conversations)) == set(examples.ids(history))
    assert set(found.poisoned) == set(junk)
