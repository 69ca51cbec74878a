"""Outlier scores as conformal p-values, with a stated rate of false alarms."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from guards.outliers.detector import Detector


class Calibrated:
    """A detector that is fitted on one part of the usual vectors and calibrated on the other.

    The p-value of a new vector is its rank among the calibration scores. If it is exchangeable with
    them, P(p ≤ α) ≤ α, whatever the detector and the distribution (Bates et al., 2023); where many
    vectors are judged by one calibration set this holds on average over such sets.

    Args:
        alpha: rate of false alarms of `predict`, in (0, 1).
        held_out: share of the vectors that calibrates, in (0, 1).
        random_state: seed of the split.

    Attributes:
        calibration_: sorted scores (m,) of the held-out vectors.
    """

    def __init__(
        self,
        detector: Detector,
        *,
        alpha: float = 0.01,
        held_out: float = 0.5,
        random_state: int = 0,
    ) -> None:
        self.detector = detector
        self.alpha = alpha
        self.held_out = held_out
        self.random_state = random_state

    def fit(self, vectors: NDArray[Any], labels: NDArray[Any] | None = None) -> Self:
        """Learn from vectors of shape (n, dimensions) and, if there are any, their classes (n,).

        Raises:
            ValueError: if too few are held out for a p-value as small as `alpha`.
        """
        order = np.random.default_rng(self.random_state).permutation(len(vectors))
        held = round(self.held_out * len(vectors))
        if (held + 1) * self.alpha < 1:
            raise ValueError(
                f"{held} calibration vectors allow no p-value of {self.alpha:g}: "
                f"at least {int(np.ceil(1 / self.alpha)) - 1} are needed"
            )
        calibration, proper = order[:held], order[held:]
        if labels is None:
            self.detector.fit(vectors[proper])
        else:
            self.detector.fit(vectors[proper], labels[proper])
        self.calibration_ = np.sort(self.detector.score_samples(vectors[calibration]))
        return self

    def score_samples(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Return the detector's scores of shape (n,); the lower, the odder."""
        return np.asarray(self.detector.score_samples(vectors), dtype=np.float64)

    def p_values(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Return p-values of shape (n,) in (0, 1]; small is odd."""
        as_odd = np.searchsorted(self.calibration_, self.score_samples(vectors), side="right")
        return np.asarray((as_odd + 1) / (len(self.calibration_) + 1))

    def predict(self, vectors: NDArray[Any]) -> NDArray[np.int_]:
        """Return 1 for usual vectors and -1 for outliers, shape (n,)."""
        return np.where(self.p_values(vectors) <= self.alpha, -1, 1)
