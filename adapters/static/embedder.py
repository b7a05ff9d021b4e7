"""Vectors out of a table with one vector a word piece, shipped in a wheel: no model run, no network."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import itertools
import pathlib
import re
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np
import numpy.typing as npt

from ...domain.errors import ConfigurationError
from ...ports.embedder import Embedder
from ...ports.off_loop import OffLoop

if TYPE_CHECKING:
    import tokenizers

_PACKAGE = "wordllama"
_WEIGHTS = pathlib.PurePath("weights", "l2_supercat_256.safetensors")
_TENSOR = "embedding.weight"
_TOKENIZER = pathlib.PurePath("tokenizers", "l2_supercat_tokenizer_config.json")
_DIMENSIONS = 256
_INSTALL = "pip install 'talktiers[static]'"

_SCHEME = 1
"""Raised with every change of the code here that may change a vector."""

MAX_CHARS = 16_384
"""Of a text, what its vector is made of: a mean over more says less, and the work stays below 5 ms."""
_MAX_QUERY_WORDS = 256
_CACHED_WORDS = 4_096
"""A word's vector takes 1 KiB."""

_WORD_START = "\u2581"
"""How the vocabulary marks a piece that begins a word."""

_WORDS = re.compile(r"[^\W_]+")

Vector = npt.NDArray[np.float32]


@attrs.frozen(kw_only=True, eq=False)
class _Model:
    """The loaded files.

    Attributes:
        table: one vector a piece, shape (pieces, dimensions); wider than in its file, since widening rows anew for
            every text takes three times as long as their mean.
    """

    table: npt.NDArray[np.float32]
    tokenizer: tokenizers.Tokenizer


class StaticEmbedder(Embedder):
    """Means of static word-piece vectors (the files of the wordllama wheel, read without importing the package).

    A text is the unit mean of its pieces' vectors. A question is the unit sum over its words of idf · √|x| · x/|x|, x
    the mean of the word's pieces: a plain mean loses .2 points of recall.

    Args:
        off_loop: runs what takes longer than a moment.

    Raises:
        ConfigurationError: the package is not installed, or not in the form that is known.
    """

    def __init__(self, *, off_loop: OffLoop) -> None:
        self._off_loop = off_loop
        self._folder = _package_folder()
        self.dimensions = _DIMENSIONS
        size = (self._folder / _WEIGHTS).stat().st_size
        self.fingerprint = f"{_PACKAGE}-{importlib.metadata.version(_PACKAGE)}-{size}-{_SCHEME}"
        self._loading = threading.Lock()
        self._loaded: _Model | None = None
        self._word_vector = functools.lru_cache(maxsize=_CACHED_WORDS)(self._make_word_vector)

    async def load(self) -> None:
        """Reads the files, some .2 s, if that has not happened yet; otherwise the first call that needs them does."""
        if self._loaded is None:
            await self._off_loop.run(self._model)

    async def embed(self, *, texts: Sequence[str]) -> Vector:
        """See the port. Of a text the first 16,384 characters count."""
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        encodings = await self._off_loop.run(self._encoded, [text[:MAX_CHARS] for text in texts])
        return np.stack(await self._off_loop.map(self._embedded, encodings))

    async def embed_query(self, *, text: str, weights: Mapping[str, float]) -> Vector:
        """See the port. Without weights the question is embedded like a text."""
        if not weights:
            vector: Vector = (await self.embed(texts=[text]))[0]
            return vector
        await self.load()
        # Texts are embedded as they were written, and names have pieces of their own only with their capital.
        written = {word.lower(): word for word in reversed(_WORDS.findall(text[:MAX_CHARS]))}
        # Some 10 µs a new word: less than a hop to another thread.
        total = np.zeros(self.dimensions, dtype=np.float32)
        for word, weight in itertools.islice(weights.items(), _MAX_QUERY_WORDS):
            total += np.float32(weight) * self._word_vector(written.get(word, word))
        return _unit(total)

    def knows(self, *, word: str) -> bool:
        """See the port. A word counts in lower case or as a name is written."""
        if not word:
            return False
        tokenizer = self._model().tokenizer
        return any(
            tokenizer.token_to_id(_WORD_START + form) is not None for form in (word, word.lower(), word.capitalize())
        )

    def _model(self) -> _Model:
        if self._loaded is None:
            with self._loading:
                if self._loaded is None:
                    self._loaded = _load(self._folder)
        return self._loaded

    def _encoded(self, texts: Sequence[str]) -> list[Sequence[int]]:
        encodings = self._model().tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def _embedded(self, pieces: Sequence[int]) -> Vector:
        return _unit(_mean(self._model().table, pieces))

    def _make_word_vector(self, word: str) -> Vector:
        """√|x| · x/|x|: a telling word has a longer vector, by too much."""
        model = self._model()
        mean = _mean(model.table, model.tokenizer.encode(word, add_special_tokens=False).ids)
        length = float(np.linalg.norm(mean))
        vector = mean / np.float32(length**0.5) if length else mean
        vector.setflags(write=False)
        return vector


def _mean(table: npt.NDArray[np.float32], pieces: Sequence[int]) -> Vector:
    if not pieces:
        return np.zeros(table.shape[1], dtype=np.float32)
    mean: Vector = table[pieces].mean(axis=0)
    return mean


def _unit(vector: Vector) -> Vector:
    length = np.float32(np.linalg.norm(vector))
    unit: Vector = vector / length if length else vector
    return unit


def _package_folder() -> pathlib.Path:
    folder, *_ = [_folder_of(package) for package in (_PACKAGE, "tokenizers", "safetensors")]
    for file in (_WEIGHTS, _TOKENIZER):
        if not (folder / file).is_file():
            raise ConfigurationError(
                f"the installed {_PACKAGE} does not hold {file.as_posix()}: {_INSTALL} installs a version that does"
            )
    return folder


def _folder_of(package: str) -> pathlib.Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError(f"the static embedder needs the package {package}: {_INSTALL}")
    return pathlib.Path(spec.submodule_search_locations[0])


def _load(folder: pathlib.Path) -> _Model:
    import tokenizers
    from safetensors.numpy import load_file

    tokenizer = tokenizers.Tokenizer.from_file(str(folder / _TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return _Model(table=load_file(folder / _WEIGHTS)[_TENSOR].astype(np.float32), tokenizer=tokenizer)
