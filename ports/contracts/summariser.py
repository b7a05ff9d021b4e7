"""The contract of `Summariser`."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ...domain.derived import MAX_SUMMARY_CHARS
from ..summariser import Summariser
from . import examples
from .strategies import ANY_ADAPTER, texts


class SummariserContract:
    """What a summariser promises.

    Attributes:
        deterministic: whether the same conversation gives the same summary; a language model may not.
    """

    deterministic: bool = True

    def make(self) -> AbstractAsyncContextManager[Summariser]:
        """A summariser."""
        raise NotImplementedError

    async def test_there_is_one_summary_a_conversation_in_their_order(self) -> None:
        facts = ("My sister moved to Porto", "I bought a green guitar", "Our cat broke the blue vase")
        history = [examples.stored(number, user_message=text) for number, text in enumerate(facts)]
        async with self.make() as summariser:
            summaries = await summariser.summarise(conversations=history)
            assert await summariser.summarise(conversations=[]) == []
        assert len(summaries) == 3
        for summary, fact in zip(summaries, ("Porto", "guitar", "vase"), strict=True):
            assert fact in summary

    async def test_the_speaker_is_named(self) -> None:
        item = attrs.evolve(examples.full_conversation(), user_message="I adopted a grey cat", bot_response="Oh!")
        async with self.make() as summariser:
            (summary,) = await summariser.summarise(conversations=[item])
        assert "Ana" in summary
        assert "cat" in summary

    @ANY_ADAPTER
    @given(said=texts(), answered=texts(), name=st.sampled_from(("", "Ana", "x" * 100)))
    async def test_it_is_one_line_of_at_most_150_characters_and_never_empty(
        self, said: str, answered: str, name: str
    ) -> None:
        item = attrs.evolve(examples.stored(user_message=said), bot_response=answered, user_name=name)
        async with self.make() as summariser:
            (summary,) = await summariser.summarise(conversations=[item])
        assert summary.strip()
        assert len(summary) <= MAX_SUMMARY_CHARS
        assert len(summary.splitlines()) == 1

    @pytest.mark.parametrize("text", [*examples.HOSTILE_TEXTS, examples.MEGABYTE_TEXT], ids=str.__len__)
    async def test_no_text_breaks_it(self, text: str) -> None:
        async with self.make() as summariser:
            (summary,) = await summariser.summarise(conversations=[examples.stored(user_message=text)])
        assert 0 < len(summary) <= MAX_SUMMARY_CHARS

    async def test_the_rest_of_the_batch_makes_no_difference(self) -> None:
        history = [examples.stored(number, user_message=f"I planted {number} apple trees") for number in range(5)]
        async with self.make() as summariser:
            together = await summariser.summarise(conversations=history)
            alone = [(await summariser.summarise(conversations=[item]))[0] for item in history]
        if self.deterministic:
            assert together == alone
        assert len(together) == len(alone)

    async def test_it_names_itself(self) -> None:
        async with self.make() as one, self.make() as another:
            assert one.fingerprint
            assert one.fingerprint == another.fingerprint
