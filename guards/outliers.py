"""Outliers among vectors: distance to the nearest neighbours.

Local distances work on text vectors where densities along the axes are near chance.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


class NearestNeighbours:
    """Mean distance 1 - a·b to the k nearest fitted vectors, in scikit-learn's conventions.

    On vectors of length 1 that is the cosine distance.

    Args:
        k: neighbours that are averaged; fewer if fewer vectors were fitted.

    Attributes:
        vectors_: fitted vectors, shape (n, dimensions).
    """

    def __init__(self, *, k: int = 3) -> None:
        self.k = k

    def fit(self, vectors: NDArray[Any]) -> Self:
        """Keep vectors of shape (n, dimensions), n at least 2, as the neighbours to come."""
        self.vectors_ = np.asarray(vectors)
        return self

    def score_samples(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Return scores of shape (n,); the lower, the odder."""
        return self._scores(1 - vectors @ self.vectors_.T)

    def leave_one_out(self) -> NDArray[np.float64]:
        """Return the scores of the fitted vectors, each without itself as a neighbour.

        They have one neighbour fewer to choose from than a new vector has. So they are not
        exchangeable with new scores, only close.
        """
        distances = 1 - self.vectors_ @ self.vectors_.T
        np.fill_diagonal(distances, np.inf)
        return self._scores(distances, among=len(distances) - 1)

    def _scores(self, distances: NDArray[Any], among: int | None = None) -> NDArray[np.float64]:
        k = min(self.k, distances.shape[1] if among is None else among)
        nearest = np.partition(distances, k - 1, axis=1)[:, :k]
        return -nearest.mean(axis=1).astype(np.float64)
