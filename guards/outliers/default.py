"""The detector to begin with: chosen by the geometry of the vectors and by what is known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from guards.outliers.detector import Arrays, StoredDetector
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


class View(Enum):
    """How vectors are looked at."""

    CONE = "cone"  # means that all lie in a narrow cone, and are whitened
    CLASSES = "classes"  # means that directions are comparable, and classes or clusters are known
    PLAIN = "plain"  # means that directions are comparable, and no classes are known


_MEMBERS: Mapping[View, Sequence[type[StoredDetector]]] = {
    View.CONE: (Mahalanobis, WhitenedNeighbours),
    View.CLASSES: (NearestNeighbours, Mahalanobis, MaxLogit),
    View.PLAIN: (NearestNeighbours, Mahalanobis),
}


class TextOutliers:
    """Outliers among embeddings of text, in scikit-learn's conventions.

    Where directions are comparable (sentence encoders), the mean of three views: the nearest
    neighbours, the relative distance to the nearest class, and how sure a classifier is of any.
    Without labels, clusters stand in for classes. Where all vectors lie in a narrow cone (mean
    embeddings of a language model), cosines say little: there, distances after whitening.

    Only fitting with classes or clusters imports scikit-learn; scoring never does.

    Args:
        clustered: whether clusters stand in for classes that are not known.
        random_state: seed of clusters and splits.

    Attributes:
        view_: how the vectors are looked at.
    """

    def __init__(self, *, clustered: bool = True, random_state: int = 0) -> None:
        self.clustered = clustered
        self.random_state = random_state

    def fit(self, vectors: NDArray[Any], labels: NDArray[Any] | None = None) -> Self:
        """Learn from vectors of shape (n, dimensions), n at least 10, and classes (n,) if known."""
        units = unit(vectors)
        narrow = float(np.linalg.norm(units.mean(axis=0))) > _NARROW
        known = None if narrow else self._classes(units, labels)
        self.view_ = View.CONE if narrow else View.PLAIN if known is None else View.CLASSES
        self._ensemble = Ensemble(_members(self.view_), random_state=self.random_state)
        self._ensemble.fit(vectors if narrow else units, known)
        return self

    def score_samples(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Return scores of shape (n,); the lower, the odder."""
        return self._ensemble.score_samples(vectors if self.view_ is View.CONE else unit(vectors))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` needs."""
        return {"view": np.array(self.view_.value), **self._ensemble.to_arrays()}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return the detector that gave the arrays."""
        detector = cls()
        detector.view_ = View(str(arrays["view"]))
        detector._ensemble = Ensemble.from_arrays(arrays, _MEMBERS[detector.view_])
        return detector

    def _classes(
        self, units: NDArray[np.float64], labels: NDArray[Any] | None
    ) -> NDArray[Any] | None:
        """Return labels, or clusters in their place; `None` if there are too few of either."""
        if labels is not None:
            return labels if len(np.unique(labels)) >= _FEWEST_CLASSES else None
        count = min(_MOST_CLUSTERS, len(units) // _PER_CLUSTER)
        if not self.clustered or count < _FEWEST_CLASSES:
            return None
        from sklearn.cluster import KMeans  # half a second, and SciPy with it

        return np.asarray(
            KMeans(count, n_init=1, random_state=self.random_state).fit_predict(units)
        )


def _members(view: View) -> Sequence[StoredDetector]:
    if view is View.CLASSES:
        return [NearestNeighbours(), Mahalanobis(relative=True), MaxLogit()]
    return [kind() for kind in _MEMBERS[view]]


def unit(vectors: NDArray[Any]) -> NDArray[np.float64]:
    """Return vectors scaled to length 1; those of length 0 stay as they are."""
    rows = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1.0)
