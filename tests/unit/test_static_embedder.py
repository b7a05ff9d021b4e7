"""Vectors out of the wheel's files."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import pytest

from talktiers.adapters.static.embedder import StaticEmbedder
from talktiers.domain.errors import ConfigurationError
from talktiers.ports.off_loop import OffLoop

T = TypeVar("T")
Item = TypeVar("Item")

needs_package = pytest.mark.skipif(
    importlib.util.find_spec("wordllama") is None, reason="the extra 'static' is not installed"
)


class AtOnce(OffLoop):
    """Runs everything where it stands."""

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        return function(*arguments)

    async def map(self, function: Callable[[Item], T], items: Sequence[Item]) -> list[T]:
        return [function(item) for item in items]


@pytest.fixture(scope="module")
def embedder() -> StaticEmbedder:
    return StaticEmbedder(off_loop=AtOnce())


@needs_package
async def test_vectors_have_unit_length_in_the_order_of_the_texts(embedder: StaticEmbedder) -> None:
    texts = ["My sister moved to Porto", "The dog likes rain", "猫が好きです", "🙂"]
    vectors = await embedder.embed(texts=texts)
    assert vectors.shape == (4, embedder.dimensions)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    assert np.array_equal(await embedder.embed(texts=texts[::-1]), vectors[::-1])


@needs_package
async def test_the_empty_text_has_no_direction(embedder: StaticEmbedder) -> None:
    assert not (await embedder.embed(texts=[""])).any()
    assert (await embedder.embed(texts=[])).shape == (0, embedder.dimensions)
    assert not (await embedder.embed_query(text="", weights={})).any()


@needs_package
async def test_what_means_the_same_is_closer(embedder: StaticEmbedder) -> None:
    texts = ["She adopted a puppy last summer", "The invoice is due on Monday"]
    dog, invoice = await embedder.embed(texts=texts) @ await embedder.embed_query(
        text="Which pet does she have, a dog?", weights={"pet": 4.0, "dog": 3.0}
    )
    assert dog > invoice + 0.1


@needs_package
async def test_the_telling_word_of_a_question_decides(embedder: StaticEmbedder) -> None:
    puppy, invoice = await embedder.embed(texts=["a puppy", "an invoice"])
    for telling, other, weights in (
        (puppy, invoice, {"dog": 9.0, "bill": 0.1}),
        (invoice, puppy, {"dog": 0.1, "bill": 9.0}),
    ):
        question = await embedder.embed_query(text="dog bill", weights=weights)
        assert np.linalg.norm(question) == pytest.approx(1.0, abs=1e-5)
        assert telling @ question > other @ question


@needs_package
async def test_a_name_is_looked_up_as_it_was_written(embedder: StaticEmbedder) -> None:
    written = await embedder.embed_query(text="Where is Boston?", weights={"boston": 2.0})
    (stored,) = await embedder.embed(texts=["Boston"])
    assert written @ stored == pytest.approx(1.0, abs=1e-3)


@needs_package
async def test_a_megabyte_is_embedded_by_its_beginning(embedder: StaticEmbedder) -> None:
    start = time.perf_counter()
    (vector,) = await embedder.embed(texts=["My sister moved to Porto. " * 40_000])
    await embedder.embed_query(text="word " * 200_000, weights={f"word{i}": 1.0 for i in range(100_000)})
    assert time.perf_counter() - start < 2
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


@needs_package
@pytest.mark.parametrize(("word", "known"), [("sister", True), ("boston", True), ("sisetr", False), ("", False)])
def test_words_of_the_vocabulary_are_known(embedder: StaticEmbedder, word: str, *, known: bool) -> None:
    assert embedder.knows(word=word) is known


@needs_package
def test_the_package_itself_is_never_imported(embedder: StaticEmbedder) -> None:
    embedder.knows(word="dog")
    assert "wordllama" not in sys.modules
    assert embedder.fingerprint == StaticEmbedder(off_loop=AtOnce()).fingerprint


@pytest.mark.parametrize("missing", ["wordllama", "tokenizers", "safetensors"])
def test_a_missing_package_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else find(name))
    with pytest.raises(ConfigurationError, match=r"pip install 'talktiers\[static\]'"):
        StaticEmbedder(off_loop=AtOnce())
