"""What happens again and again is told now and then, with how often it was not told."""

from talktiers.application.seldom import Seldom


def test_the_first_is_told_and_then_one_after_each_pause() -> None:
    seconds = 100.0
    seldom = Seldom(pause_s=10, now=lambda: seconds)
    told = []
    for seconds in (100.0, 101.0, 109.9, 110.0, 119.0, 120.1, 500.0):  # noqa: B007 - read by the clock above
        told.append(seldom.left_out("graph"))
    assert told == [0, None, None, 2, None, 1, 0]


def test_one_subject_does_not_keep_another_from_being_told() -> None:
    seldom = Seldom(pause_s=10, now=lambda: 0.0)
    assert [seldom.left_out(tier) for tier in ("graph", "cache", "graph", "cache")] == [0, 0, None, None]
