"""Nearest neighbours after whitening: local, and blind to directions that always vary."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from guards.outliers.whitening import Whitening


class WhitenedNeighbours:
    """Mean distance to the k nearest fitted vectors, each direction in units of its spread.

    Args:
        k: neighbours that are averaged; fewer if fewer vectors were fitted.
        shrinkage: share of the identity in the covariance; `None` is Ledoit and Wolf's.
    """

    def __init__(self, *, k: int = 3, shrinkage: float | None = None) -> None:
        self.k = k
        self.shrinkage = shrinkage

    def fit(self, vectors: NDArray[Any], labels: NDArray[Any] | None = None) -> Self:
        """Keep vectors of shape (n, dimensions), n at least 2; labels give the spread within them."""
        self._whitening = Whitening(shrinkage=self.shrinkage).fit(vectors, labels)
        k = min(self.k, len(vectors))
        self._index = NearestNeighbors(n_neighbors=k).fit(self._whitening.transform(vectors))
        return self

    def score_samples(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Return scores of shape (n,); the lower, the odder."""
        distances, _ = self._index.kneighbors(self._whitening.transform(vectors))
        return np.asarray(-distances.mean(axis=1))
