"""Vectors of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt


class Embedder(Protocol):
    """Turns texts into vectors whose cosine says how alike they are in meaning.

    Attributes:
        fingerprint: names model and version; vectors of two fingerprints are never compared.
        dimensions: length of a vector.
    """

    fingerprint: str
    dimensions: int

    async def embed(self, *, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Vectors of stored texts, shape (len(texts), dimensions), in their order.

        Rows have unit length; a text of which the model knows nothing has a row of zeros.
        """
        ...

    async def embed_query(self, *, text: str, weights: Mapping[str, float]) -> npt.NDArray[np.float32]:
        """The vector of a question, shape (dimensions,), of unit length or all zeros.

        Args:
            weights: how telling each word of the question is in this user's archive (its idf), stop words left out;
                a model that reads whole sentences ignores them. Empty: unknown.
        """
        ...

    def knows(self, *, word: str) -> bool:
        """Whether the model has the word as a whole, so that it is hardly a typing error. Fast."""
        ...
