"""Many rows go into a table, and come out by their ids, in few statements."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talktiers.adapters.sqlite.many_rows import insert_rows, select_by_ids
from talktiers.adapters.sqlite.parts import PART_SIZE, parts

INSERT = "INSERT INTO things (owner, conversation_id, text)"
SELECT = "SELECT conversation_id, text FROM things WHERE owner = ? AND conversation_id IN"


@pytest.fixture(scope="module")
def connection() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE things (owner INTEGER, conversation_id BLOB, text TEXT)")
    return connection


@given(count=st.integers(0, 150), asked=st.sets(st.integers(0, 200)))
def test_every_row_arrives_once_and_the_asked_ones_come_back(
    connection: sqlite3.Connection, count: int, asked: set[int]
) -> None:
    connection.execute("DELETE FROM things")
    insert_rows(connection, INSERT, [(7, bytes([number]), str(number)) for number in range(count)])
    insert_rows(connection, INSERT, [(8, bytes([number]), "another's") for number in range(count)])
    found = sorted(select_by_ids(connection, SELECT, 7, [bytes([number]) for number in sorted(asked)]))
    assert found == [(bytes([number]), str(number)) for number in sorted(asked) if number < count]


@given(sizes=st.lists(st.integers(1, 40)))
def test_parts_hold_everything_in_order_and_are_no_larger_than_need_be(sizes: list[int]) -> None:
    made = parts(sizes, size=lambda size: size)
    assert [size for part in made for size in part] == sizes
    assert all(sum(part[:-1]) < PART_SIZE for part in made)
    assert all(sum(part) >= PART_SIZE for part in made[:-1])
