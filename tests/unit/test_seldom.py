"""What happens again and again is told now and then, with how often it was not told."""

from talktiers.application.seldom import Seldom


def test_the_first_is_told_and_then_one_after_each_pause() -> None:
    seconds = 100.0
    seldom = Seldom(pause_s=10, now=lambda: seconds)
    for seconds, left_out in (
        (100.0, 0),
        (101.0, None),
        (109.9, None),
        (110.0, 2),
        (119.0, None),
        (120.1, 1),
        (500.0, 0),
    ):
        assert seldom.left_out("graph") == left_out, seconds


def test_one_subject_does_not_keep_another_from_being_told() -> None:
    seldom = Seldom(pause_s=10, now=lambda: 0.0)
    assert [seldom.left_out(tier) for tier in ("graph", "cache", "graph", "cache")] == [0, 0, None, None]
