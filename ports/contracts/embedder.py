"""The contract of `Embedder`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import numpy as np
import numpy.typing as npt
import pytest

from ..embedder import Embedder
from . import examples

TEXTS = ("My sister moved to Porto", "I bought an electric guitar", "", "fox")


class EmbedderContract:
    """What an embedder promises.

    Attributes:
        tolerance: how far a vector may differ from one call to the next, e.g. because a batch is summed otherwise.
    """

    tolerance: float = 1e-5

    def make(self) -> AbstractAsyncContextManager[Embedder]:
        """An embedder."""
        raise NotImplementedError

    @pytest.fixture
    async def embedder(self) -> AsyncIterator[Embedder]:
        """An embedder, open for one test."""
        async with self.make() as embedder:
            yield embedder

    async def test_each_text_has_a_row_of_unit_length_or_of_zeros(self, embedder: Embedder) -> None:
        texts = [*TEXTS, *examples.HOSTILE_TEXTS]
        vectors = await embedder.embed(texts=texts)
        assert vectors.shape == (len(texts), embedder.dimensions)
        assert vectors.dtype == np.float32
        assert all(_is_unit_or_zero(row) for row in vectors)
        assert not vectors[2].any()

    async def test_no_texts_give_no_rows(self, embedder: Embedder) -> None:
        assert (await embedder.embed(texts=[])).shape == (0, embedder.dimensions)

    async def test_the_order_and_the_rest_of_the_batch_make_no_difference(self, embedder: Embedder) -> None:
        together = await embedder.embed(texts=TEXTS)
        backwards = await embedder.embed(texts=TEXTS[::-1])
        np.testing.assert_allclose(together, backwards[::-1], atol=self.tolerance)
        for text, row in zip(TEXTS, together, strict=True):
            np.testing.assert_allclose((await embedder.embed(texts=[text]))[0], row, atol=self.tolerance)

    async def test_what_is_alike_in_meaning_is_closer(self, embedder: Embedder) -> None:
        texts = ["My sister plays the guitar", "The car needs new tyres"]
        guitar, car = await embedder.embed(texts=texts)
        weights = {"brother": 1.0, "piano": 1.0}
        asked = await embedder.embed_query(text="Does my brother play the piano?", weights=weights)
        assert float(guitar @ asked) > float(car @ asked)

    @pytest.mark.parametrize("weights", [{}, {"sister": 2.5, "porto": 4.0}, {"": 1.0}, {"sister": 0.0}])
    @pytest.mark.parametrize("text", ["where does my sister live? porto?", "", "\U0001f98a\u4f60"])
    async def test_a_question_has_a_vector_of_unit_length_or_of_zeros(
        self, embedder: Embedder, text: str, weights: dict[str, float]
    ) -> None:
        vector = await embedder.embed_query(text=text, weights=weights)
        assert vector.shape == (embedder.dimensions,)
        assert vector.dtype == np.float32
        assert _is_unit_or_zero(vector)

    async def test_a_megabyte_has_a_vector_too(self, embedder: Embedder) -> None:
        (vector,) = await embedder.embed(texts=[examples.MEGABYTE_TEXT])
        assert _is_unit_or_zero(vector)

    async def test_whether_a_word_is_known_is_told(self, embedder: Embedder) -> None:
        assert not embedder.knows(word="qzxwvkj")
        assert not embedder.knows(word="")
        assert embedder.knows(word="sister") is embedder.knows(word="sister")

    async def test_it_names_itself(self, embedder: Embedder) -> None:
        async with self.make() as another:
            assert embedder.fingerprint
            assert (embedder.fingerprint, embedder.dimensions) == (another.fingerprint, another.dimensions)


def _is_unit_or_zero(vector: npt.NDArray[np.float32]) -> bool:
    return not vector.any() or abs(float(np.linalg.norm(vector)) - 1) < 1e-3
