"""Mahalanobis distance with a shrunk covariance, also to the nearest of several classes."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from guards import archive
from guards.outliers.detector import Arrays
from guards.outliers.whitening import Whitening, class_means


class Mahalanobis:
    """Squared distance to the mean, or to the nearest class's mean, in scikit-learn's conventions.

    With labels the classes share one covariance, that within them (Lee et al., 2018). `relative`
    takes the distance to the mean of all vectors off again, which leaves what tells a vector from
    every class and not from text at large (Ren et al., 2021).

    Args:
        shrinkage: share of the identity in the covariance; `None` is Ledoit and Wolf's.
        relative: whether the distance to all vectors is taken off; needs labels.
    """

    def __init__(self, *, shrinkage: float | None = None, relative: bool = False) -> None:
        self.shrinkage = shrinkage
        self.relative = relative

    def fit(self, vectors: NDArray[Any], labels: NDArray[Any] | None = None) -> Self:
        """Learn from vectors of shape (n, dimensions) and, if there are any, their classes (n,).

        Raises:
            ValueError: if `relative` is asked for without labels.
        """
        if self.relative and labels is None:
            raise ValueError("a relative distance needs labels")
        self._own = Whitening(shrinkage=self.shrinkage).fit(vectors, labels)
        white = self._own.transform(vectors)
        self._means = (
            white.mean(axis=0, keepdims=True) if labels is None else class_means(white, labels)[0]
        )
        self._all = Whitening(shrinkage=self.shrinkage).fit(vectors) if self.relative else None
        return self

    def score_samples(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Return scores of shape (n,); the lower, the odder."""
        white = self._own.transform(vectors)
        nearest = np.stack([((white - mean) ** 2).sum(axis=1) for mean in self._means]).min(axis=0)
        if self._all is None:
            return np.asarray(-nearest)
        return np.asarray((self._all.transform(vectors) ** 2).sum(axis=1) - nearest)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` needs."""
        at_large = {} if self._all is None else archive.prefixed("all", self._all.to_arrays())
        own = archive.prefixed("own", self._own.to_arrays())
        return {"means": self._means, **own, **at_large}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return the detector that gave the arrays."""
        at_large = archive.under("all", arrays)
        detector = cls(relative=bool(at_large))
        detector._means = arrays["means"]
        detector._own = Whitening.from_arrays(archive.under("own", arrays))
        detector._all = Whitening.from_arrays(at_large) if at_large else None
        return detector
