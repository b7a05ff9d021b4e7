"""The contract of `TokenCounter`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..token_counter import TokenCounter
from . import examples
from .strategies import ANY_ADAPTER, texts


class TokenCounterContract:
    """What a counter of tokens promises."""

    def make(self) -> TokenCounter:
        """A counter."""
        raise NotImplementedError

    def test_the_empty_text_takes_none(self) -> None:
        assert self.make().count("") == 0

    @pytest.mark.parametrize("text", ["a", "fox", "\U0001f98a", "你", "!"])
    def test_anything_visible_takes_at_least_one(self, text: str) -> None:
        assert self.make().count(text) >= 1

    @ANY_ADAPTER
    @given(text=texts(), cut=st.integers(0, 60))
    def test_a_text_never_takes_fewer_than_its_beginning(self, text: str, cut: int) -> None:
        counter = self.make()
        assert counter.count(text[:cut]) <= counter.count(text)

    @pytest.mark.parametrize("text", [*examples.HOSTILE_TEXTS, examples.MEGABYTE_TEXT], ids=str.__len__)
    def test_no_text_breaks_it(self, text: str) -> None:
        assert 0 <= self.make().count(text) <= 4 * len(text.encode())
