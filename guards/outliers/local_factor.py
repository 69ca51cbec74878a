"""The local outlier factor: how much thinner it is around a vector than around its neighbours."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from guards.outliers.detector import Arrays


class LocalOutlierFactor:
    """scikit-learn's LOF for new vectors (Breunig et al., 2000), as one of our detectors.

    Args:
        k: neighbours; fewer if fewer vectors were fitted.

    Attributes:
        vectors_: fitted vectors, shape (n, dimensions).
    """

    def __init__(self, *, k: int = 20) -> None:
        self.k = k

    def fit(self, vectors: NDArray[Any], labels: NDArray[Any] | None = None) -> Self:
        """Learn densities from vectors of shape (n, dimensions), n at least 3; labels are not used."""
        from sklearn.neighbors import LocalOutlierFactor as Factor  # half a second, SciPy with it

        self.vectors_ = np.asarray(vectors)
        k = min(self.k, len(vectors) - 1)
        self._factor = Factor(n_neighbors=k, novelty=True).fit(self.vectors_)
        return self

    def score_samples(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Return scores of shape (n,), about -1 for usual vectors; the lower, the odder."""
        return np.asarray(self._factor.score_samples(np.asarray(vectors)), dtype=np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` needs: the vectors, for the densities follow from them."""
        return {"vectors": self.vectors_, "k": np.array(self.k)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return the detector that gave the arrays, fitted again."""
        return cls(k=int(arrays["k"])).fit(arrays["vectors"])
