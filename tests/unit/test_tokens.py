"""The estimate of tokens."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.adapters.text.tokens import EstimatingTokenCounter

_COUNTER = EstimatingTokenCounter()


@given(st.text(), st.text())
@settings(deadline=None)
def test_a_text_never_takes_fewer_tokens_than_its_beginning(beginning: str, rest: str) -> None:
    assert _COUNTER.count(beginning + rest) >= _COUNTER.count(beginning)


@given(st.text(min_size=1))
@settings(deadline=None)
def test_only_the_empty_text_takes_none(text: str) -> None:
    assert _COUNTER.count("") == 0
    assert _COUNTER.count(text) >= 1


@pytest.mark.parametrize(
    ("text", "true_tokens"),
    [
        # Counted with the vocabulary that the estimate names as its source.
        (
            (
                "Sharing is perfectly fine at the beginning. One rope for two people is all that is needed; a single "
                "rope of 70 metres covers nearly everything in Arco. What you do want of your own is a harness that "
                "fits, a helmet and shoes that you can stand in."
            ),
            63,
        ),
        ("昨天晚上我和妻子去看了电影，然后在海边散步聊了很久，非常开心。", 46),
        ("昨日の夜は妻と映画を見に行って、それから海辺を長い間散歩しながら話しました。カタカナも少し。", 59),
        ("어제 저녁에 아내와 영화를 보러 갔다가 바닷가를 오래 걸으면서 이야기를 나눴어요.", 68),
        ("אתמול בערב הלכנו לקולנוע ואחר כך טיילנו הרבה זמן לאורך הטיילת ודיברנו.", 71),
        ("😀😂❤️👨‍👩‍👧‍👦🔥🎉🥲🫠", 48),
    ],
)
def test_it_is_too_high_rather_than_too_low_but_not_by_half(text: str, true_tokens: int) -> None:
    assert true_tokens <= _COUNTER.count(text) <= 1.5 * true_tokens


def test_a_lone_surrogate_is_counted_too() -> None:
    assert _COUNTER.count("\ud800") >= 1
