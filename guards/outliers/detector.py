"""What is asked of a detector that others are made of."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray


class Detector(Protocol):
    """Any of scikit-learn's novelty detectors, or one of ours."""

    def fit(self, vectors: NDArray[Any], labels: NDArray[Any] | None = None) -> object:
        """Learn what is usual."""

    def score_samples(self, vectors: NDArray[Any]) -> NDArray[Any]:
        """Return scores; the lower, the odder."""
