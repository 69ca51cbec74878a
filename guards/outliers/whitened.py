"""Nearest neighbours after whitening: local, and blind to directions that always vary."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from guards import archive
from guards.outliers.detector import Arrays
from guards.outliers.neighbours import mean_of_least, products
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
        self._fitted = self._whitening.transform(vectors)
        return self

    def score_samples(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Return scores of shape (n,); the lower, the odder."""
        white = self._whitening.transform(vectors)
        lengths = (white**2).sum(axis=1)[:, None] + (self._fitted**2).sum(axis=1)
        squares = np.maximum(lengths - 2 * products(white, self._fitted), 0.0)
        return -mean_of_least(np.sqrt(squares), self.k)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` needs."""
        whitening = archive.prefixed("whitening", self._whitening.to_arrays())
        return {"fitted": self._fitted, "k": np.array(self.k), **whitening}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return the detector that gave the arrays."""
        detector = cls(k=int(arrays["k"]))
        detector._whitening = Whitening.from_arrays(archive.under("whitening", arrays))
        detector._fitted = arrays["fitted"]
        return detector
