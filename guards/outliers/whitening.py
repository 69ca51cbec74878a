"""Whitening: the space in which directions that usually vary little count as much as the others."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from guards.outliers.detector import Arrays

_FLAT = 1e-12  # of the mean variance; a direction that never varies is not divided by 0


class Whitening:
    """Centres vectors and divides each principal direction by its usual spread.

    The squared length of what comes out is the squared Mahalanobis distance. The covariance is
    drawn towards a multiple of the identity, by as much as Ledoit and Wolf (2004) find best for
    the number of vectors and dimensions, or by a share that is given.

    Args:
        shrinkage: share of the identity, in [0, 1]; `None` lets the vectors decide.

    Attributes:
        mean_: shape (dimensions,). directions_: columns that whiten, (dimensions, dimensions).
        shrinkage_: share that is used.
    """

    def __init__(self, *, shrinkage: float | None = None) -> None:
        self.shrinkage = shrinkage

    def fit(self, vectors: NDArray[Any], labels: NDArray[Any] | None = None) -> Self:
        """Learn from vectors of shape (n, dimensions), n at least 2.

        With labels (n,) the spread is that within the classes, around each one's own mean.
        """
        rows = np.asarray(vectors, dtype=np.float64)
        self.mean_ = rows.mean(axis=0)
        centred = rows - (self.mean_ if labels is None else class_means(rows, labels)[1])
        self.shrinkage_ = best_shrinkage(centred) if self.shrinkage is None else self.shrinkage
        self.directions_ = _whitening(centred.T @ centred / len(rows), self.shrinkage_)
        return self

    def transform(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Return vectors of shape (n, dimensions) in which every direction usually varies alike."""
        centred = np.asarray(vectors, dtype=np.float64) - self.mean_
        # Unlike a matrix product, this gives the same digits however many vectors come at once.
        return np.asarray(np.einsum("ik,kj->ij", centred, self.directions_))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` needs."""
        return {
            "mean": self.mean_,
            "directions": self.directions_,
            "shrinkage": np.array(self.shrinkage_),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return the whitening that gave the arrays."""
        whitening = cls(shrinkage=float(arrays["shrinkage"]))
        whitening.shrinkage_ = float(arrays["shrinkage"])
        whitening.mean_, whitening.directions_ = arrays["mean"], arrays["directions"]
        return whitening


def best_shrinkage(centred: NDArray[np.float64]) -> float:
    """Return the share of the identity, in [0, 1], that Ledoit and Wolf (2004) find best.

    Args:
        centred: vectors (n, dimensions) whose mean is 0.
    """
    count, dimensions = centred.shape
    covariance = centred.T @ centred / count
    average = float(np.trace(covariance)) / dimensions
    total = float((covariance**2).sum())
    apart = (total - dimensions * average**2) / dimensions
    noise = float(((centred**2).T @ (centred**2)).sum()) / count - total
    if apart <= 0 or noise <= 0:
        return 0.0
    return float(min(noise / (dimensions * count) / apart, 1.0))


def class_means(
    rows: NDArray[np.float64], labels: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the classes' means (classes, dimensions), and for each row that of its class."""
    _, index = np.unique(labels, return_inverse=True)
    sums = np.zeros((int(index.max()) + 1, rows.shape[1]))
    np.add.at(sums, index, rows)
    means = sums / np.bincount(index)[:, None]
    return means, means[index]


def _whitening(covariance: NDArray[np.float64], shrinkage: float) -> NDArray[np.float64]:
    variances, directions = np.linalg.eigh(covariance)
    average = float(variances.mean())
    shrunk = (1 - shrinkage) * variances + shrinkage * average
    return np.asarray(directions / np.sqrt(np.maximum(shrunk, _FLAT * average)))
