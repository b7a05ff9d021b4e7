"""A JSON document is handed out item by item, however it is cut into pieces, and a fault in it is told apart."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.adapters.sources import json_items as module
from talktiers.adapters.sources.json_items import BrokenJson, json_items

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class InPieces(io.BytesIO):
    """Gives so many bytes at most at a time."""

    def __init__(self, content: bytes, piece: int) -> None:
        super().__init__(content)
        self._piece = piece

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._piece)


def read(content: bytes, piece: int = 7) -> list[tuple[str | None, int | None, Any]]:
    return [(item.key, item.index, item.value) for item in json_items(InPieces(content, piece))]


@given(items=st.lists(VALUES, max_size=6), piece=st.integers(1, 40), indent=st.sampled_from([None, 2]))
@settings(deadline=None)
def test_the_items_of_a_list_come_one_by_one_whatever_the_pieces(
    items: list[Any], piece: int, indent: int | None
) -> None:
    content = json.dumps(items, ensure_ascii=False, indent=indent).encode("utf-8", "surrogatepass")
    assert read(content, piece) == [(None, index, item) for index, item in enumerate(items)]


@given(members=st.dictionaries(st.text(), VALUES, max_size=5), piece=st.integers(1, 40))
@settings(deadline=None)
def test_the_members_of_an_object_come_one_by_one_and_its_lists_by_item(members: dict[str, Any], piece: int) -> None:
    expected: list[tuple[str | None, int | None, Any]] = []
    for key, value in members.items():
        is_list = isinstance(value, list)
        expected.append((key, None, [] if is_list else value))
        expected += [(key, index, item) for index, item in enumerate(value)] if is_list else []
    assert read(json.dumps(members).encode(), piece) == expected


DOCUMENT = json.dumps(
    {"guild": {"id": "1"}, "messages": [{"id": "1", "text": 'é "q" \\ 🐙'}, 12.5, True], "count": 12},
    ensure_ascii=False,
).encode()


@pytest.mark.parametrize("end", range(len(DOCUMENT)))
def test_wherever_it_is_cut_off_it_is_said_to_be_truncated(end: int) -> None:
    with pytest.raises(BrokenJson) as error:
        read(DOCUMENT[:end])
    assert error.value.truncated


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'[{"a": 1}, {"b" 2}, ' + b"3, " * 20 + b"4]", "from character 17"),
        (b'[{"a": NaN}]', "NaN is not JSON"),
        (b"[1] [2]", "something follows"),
        (b"user,message", "a list or an object is expected"),
        ('[{"a": "ä"}]'.encode("latin-1"), "not UTF-8"),
        ("[1]".encode("utf-16"), "not UTF-8"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deep"),
    ],
)
def test_what_is_no_json_is_said_to_be_none_and_where(content: bytes, said: str) -> None:
    with pytest.raises(BrokenJson, match=said) as error:
        read(content, 64)
    assert not error.value.truncated


def test_a_byte_order_mark_does_not_matter() -> None:
    assert read(b"\xef\xbb\xbf[1]") == [(None, 0, 1)]


def test_a_fault_ends_the_reading_before_the_rest_of_the_file_is_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK_BYTES", 64)
    stream = io.BytesIO(b'[1, {"a": oops}, "' + b"x" * 100_000 + b'"]')
    with pytest.raises(BrokenJson):
        list(json_items(stream))
    assert stream.tell() < 1000


def test_an_item_that_is_too_long_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ITEM_CHARS", 1000)
    monkeypatch.setattr(module, "_CHUNK_BYTES", 64)
    stream = io.BytesIO(b'["' + b"x" * 100_000 + b'"]')
    with pytest.raises(BrokenJson, match="longer than 1,000 characters"):
        list(json_items(stream))
    assert stream.tell() < 5000
