"""The order of conversations within sessions, kept up while conversations are added."""

import datetime as dt

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from talktiers.domain.session_order import MAX_INSERTED, SessionOrder

GAP = dt.timedelta(minutes=30)
US_PER_MINUTE = 60_000_000

conversations = st.lists(
    st.tuples(st.integers(1, 2), st.sampled_from((0, 0, 7)), st.sampled_from((0, 1, 30, 45)), st.integers(0, 1)),
    max_size=40,
)


def ordered(rows: list[tuple[int, int, int, int]], before: SessionOrder | None = None) -> SessionOrder:
    place, named, minute, sequence = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return SessionOrder(
        place=place.astype(np.uint64),
        named=named.astype(np.uint64),
        time_us=minute * US_PER_MINUTE,
        sequence=sequence,
        gap=GAP,
        before=before,
    )


@given(rows=conversations, size=st.integers(1, MAX_INSERTED + 1))
def test_what_is_added_bit_by_bit_is_ordered_as_if_it_had_come_at_once(
    rows: list[tuple[int, int, int, int]], size: int
) -> None:
    order = ordered([])
    for end in range(size, len(rows) + size, size):
        order = ordered(rows[:end], before=order)
    at_once = ordered(rows)
    np.testing.assert_array_equal(order.order, at_once.order)
    np.testing.assert_array_equal(order.rank, at_once.rank)
    np.testing.assert_array_equal(order.session, at_once.session)


def test_neighbours_share_place_name_and_sitting() -> None:
    rows = [(1, 0, 0, 1), (1, 0, 20, 2), (2, 0, 25, 3), (1, 0, 51, 4), (1, 7, 0, 5), (1, 7, 90, 6)]
    order = ordered(rows)
    pairs = zip(order.order[:-1], order.order[1:], strict=True)
    neighbours = {(int(a), int(b)) for (a, b), same in zip(pairs, order.same_session(1), strict=True) if same}
    assert neighbours == {(0, 1), (4, 5)}
