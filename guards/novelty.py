"""Novelty of an answer: how far its text lies from the nearest usual ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from guards.embedding import Embedder
from guards.outliers.neighbours import NearestNeighbours
from guards.signals.signal import Values


class Novelty:
    """An embedder and the neighbours to compare with, both from the same usual answers.

    Args:
        vectors: embeddings of the usual answers, shape (n, dimensions).
    """

    def __init__(self, embedder: Embedder, vectors: NDArray[np.float32]) -> None:
        self._embedder = embedder
        self._neighbours = NearestNeighbours().fit(vectors)

    @classmethod
    def fit(cls, texts: Sequence[str]) -> Self:
        """Learn what is usual from at least one text."""
        embedder = Embedder.fit(texts)
        return cls(embedder, embedder.transform(texts))

    def scores(self, texts: Sequence[str]) -> Values:
        """Return scores of shape (n,), about 0 to 1: large is odd."""
        return -self._neighbours.score_samples(self._embedder.transform(texts))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` needs."""
        return {"vectors": self._neighbours.vectors_, **self._embedder.to_arrays()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the novelty that gave the arrays."""
        return cls(Embedder.from_arrays(arrays), arrays["vectors"])
