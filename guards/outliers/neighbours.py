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

    def fit(self, vectors: NDArray[Any], labels: NDArray[Any] | None = None) -> Self:
        """Keep vectors of shape (n, dimensions), n at least 2, as the neighbours to come.

        Labels are taken, as by the other detectors, and make no difference.
        """
        self.vectors_ = np.asarray(vectors)
        return self

    def score_samples(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Return scores of shape (n,); the lower, the odder."""
        # Unlike a matrix product, this gives the same digits however many vectors come at once.
        distances = 1 - np.einsum("ik,jk->ij", vectors, self.vectors_)
        k = min(self.k, len(self.vectors_))
        nearest = np.partition(distances, k - 1, axis=1)[:, :k]
        return np.asarray(-nearest.mean(axis=1), dtype=np.float64)
