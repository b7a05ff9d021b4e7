"""What is kept in memory of the users who ask stays within its bound, and is never mixed up."""

import threading

import attrs
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from talktiers.adapters.sqlite.growing_rows import GrowingRows
from talktiers.adapters.user_arrays import UserArrays


@attrs.frozen
class Vectors:
    nbytes: int


@attrs.frozen
class Documents:
    nbytes: int


@given(sizes=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 60)), max_size=30))
def test_the_bound_holds_whatever_is_kept(sizes: list[tuple[int, int]]) -> None:
    arrays = UserArrays(max_bytes=100)
    for user, size in sizes:
        arrays.put(Vectors(size), tenant_id="t", user_id=str(user))
        kept = [arrays.get(Vectors, tenant_id="t", user_id=str(other)) for other in range(6)]
        assert sum(entry.nbytes for entry in kept if entry) == arrays.nbytes <= 100
        assert arrays.get(Vectors, tenant_id="t", user_id=str(user)) == Vectors(size)


def test_the_user_who_did_not_ask_for_longest_goes_first() -> None:
    arrays = UserArrays(max_bytes=100)
    for user in ("ana", "bo"):
        arrays.put(Vectors(50), tenant_id="t", user_id=user)
    arrays.get(Vectors, tenant_id="t", user_id="ana")
    arrays.put(Documents(50), tenant_id="t", user_id="bo")
    assert arrays.get(Vectors, tenant_id="t", user_id="ana") == Vectors(50)
    assert arrays.get(Vectors, tenant_id="t", user_id="bo") is None
    assert arrays.get(Documents, tenant_id="t", user_id="bo") == Documents(50)


def test_what_is_larger_than_the_bound_is_not_kept_and_drives_nobody_out() -> None:
    arrays = UserArrays(max_bytes=100)
    arrays.put(Vectors(50), tenant_id="t", user_id="ana")
    arrays.put(Vectors(101), tenant_id="t", user_id="bo")
    assert arrays.get(Vectors, tenant_id="t", user_id="ana") == Vectors(50)
    assert arrays.get(Vectors, tenant_id="t", user_id="bo") is None


def test_users_of_two_tenants_are_two_users() -> None:
    arrays = UserArrays()
    arrays.put(Vectors(1), tenant_id="t", user_id="ana")
    assert arrays.get(Vectors, tenant_id="other", user_id="ana") is None
    arrays.drop(Vectors, tenant_id="t", user_id="ana")
    assert arrays.get(Vectors, tenant_id="t", user_id="ana") is None
    assert arrays.nbytes == 0


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9)), max_size=30))
def test_rows_once_handed_out_never_change(steps: list[tuple[int, int]]) -> None:
    values = [GrowingRows(np.zeros((0, 2)))]
    expected = [np.zeros((0, 2))]
    for number, (base, size) in enumerate(steps):
        rows = np.full((size, 2), number)
        values.append(values[base % len(values)].extended(rows))
        expected.append(np.concatenate([expected[base % len(expected)], rows]))
    for value, rows in zip(values, expected, strict=True):
        np.testing.assert_array_equal(value.rows, rows)


def test_two_threads_that_extend_the_same_rows_do_not_disturb_each_other() -> None:
    start = GrowingRows(np.zeros(1000)).extended(np.zeros(1))
    together = threading.Barrier(4)
    grown: dict[int, GrowingRows[np.float64]] = {}

    def extend(number: int) -> None:
        together.wait()
        value = start
        for _ in range(100):
            value = value.extended(np.full(2, float(number)))
        grown[number] = value

    threads = [threading.Thread(target=extend, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, value in grown.items():
        assert set(value.rows[len(start.rows) :]) == {number}
        assert len(value.rows) == len(start.rows) + 200
