"""Outliers among vectors: distance to the nearest neighbours.

Local distances work on text vectors where densities along the axes are near chance.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from guards.outliers.detector import Arrays


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
        return -mean_of_least(1 - products(vectors, self.vectors_), self.k)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` needs."""
        return {"vectors": self.vectors_, "k": np.array(self.k)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return the detector that gave the arrays."""
        return cls(k=int(arrays["k"])).fit(arrays["vectors"])


def products(rows: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    """Return the inner products of rows (n, d) with others (m, d): (n, m).

    Unlike a matrix product, this gives the same digits however many rows come at once.
    """
    return np.asarray(np.einsum("ik,jk->ij", rows, others))


def mean_of_least(distances: NDArray[Any], k: int) -> NDArray[np.float64]:
    """Return the mean of the k least of each row, shape (n,); of all if there are fewer."""
    k = min(k, distances.shape[1])
    nearest = np.partition(distances, k - 1, axis=1)[:, :k]
    return np.asarray(nearest.mean(axis=1), dtype=np.float64)
