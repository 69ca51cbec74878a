"""The detector to begin with: chosen by the geometry of the vectors and by what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from guards.outliers.detector import Detector
from guards.outliers.ensemble import Ensemble
from guards.outliers.logits import MaxLogit
from guards.outliers.mahalanobis import Mahalanobis
from guards.outliers.neighbours import NearestNeighbours
from guards.outliers.whitened import WhitenedNeighbours

# Mean vectors of this length, of at most 1, mean that all vectors lie in a narrow cone, as those of
# language models that were not trained for similarity do (Ethayarajh, 2019).
_NARROW = 0.7
_PER_CLUSTER = 60  # vectors, on average
_MOST_CLUSTERS = 200
_FEWEST_CLASSES = 3


class TextOutliers:
    """Outliers among embeddings of text, in scikit-learn's conventions.

    Where directions are comparable (sentence encoders), the mean of three views: the nearest
    neighbours, the relative distance to the nearest class, and how sure a classifier is of any.
    Without labels, clusters stand in for classes. Where all vectors lie in a narrow cone (mean
    embeddings of a language model), cosines say little: there, distances after whitening.

    Args:
        random_state: seed of clusters and splits.
    """

    def __init__(self, *, random_state: int = 0) -> None:
        self.random_state = random_state

    def fit(self, vectors: NDArray[Any], labels: NDArray[Any] | None = None) -> Self:
        """Learn from vectors of shape (n, dimensions), n at least 10, and classes (n,) if known."""
        units = unit(vectors)
        self.narrow_ = float(np.linalg.norm(units.mean(axis=0))) > _NARROW
        known = None if self.narrow_ else self._classes(units, labels)
        views = self._views(known is not None)
        self._ensemble = Ensemble(views, random_state=self.random_state)
        self._ensemble.fit(vectors if self.narrow_ else units, known)
        return self

    def score_samples(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Return scores of shape (n,); the lower, the odder."""
        return self._ensemble.score_samples(vectors if self.narrow_ else unit(vectors))

    def _views(self, classes_are_known: bool) -> Sequence[Detector]:
        if self.narrow_:
            return [Mahalanobis(), WhitenedNeighbours()]
        if classes_are_known:
            return [NearestNeighbours(), Mahalanobis(relative=True), MaxLogit()]
        return [NearestNeighbours(), Mahalanobis()]

    def _classes(
        self, units: NDArray[np.float64], labels: NDArray[Any] | None
    ) -> NDArray[Any] | None:
        """Return labels, or clusters in their place; `None` if there are too few of either."""
        if labels is not None:
            return labels if len(np.unique(labels)) >= _FEWEST_CLASSES else None
        count = min(_MOST_CLUSTERS, len(units) // _PER_CLUSTER)
        if count < _FEWEST_CLASSES:
            return None
        return np.asarray(
            KMeans(count, n_init=1, random_state=self.random_state).fit_predict(units)
        )


def unit(vectors: NDArray[Any]) -> NDArray[np.float64]:
    """Return vectors scaled to length 1; those of length 0 stay as they are."""
    rows = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1.0)
