"""What is asked of a detector that others are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self

from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]


class Detector(Protocol):
    """Any of scikit-learn's novelty detectors, or one of ours."""

    def fit(self, vectors: NDArray[Any], labels: NDArray[Any] | None = None) -> object:
        """Learn what is usual."""

    def score_samples(self, vectors: NDArray[Any]) -> NDArray[Any]:
        """Return scores; the lower, the odder."""


class StoredDetector(Detector, Protocol):
    """A detector that arrays carry: what comes back gives the same scores, to the last bit."""

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` needs, of a fitted detector; no array holds objects."""

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return the fitted detector that gave the arrays. Raises `KeyError` if one is missing."""
