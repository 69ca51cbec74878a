"""What tells new answers from reference answers: ridge regression over signals and words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from guards.spots import Spots

_RIDGE = 1.0
_SIGNAL_WEIGHT = 0.2  # of a standardised signal beside a text's words, which have length 1
_LIMIT = 3.0  # standard deviations
_FEW = 1e-6


class Scale:
    """Standardises signals by reference answers that were shown."""

    def __init__(self, mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> None:
        self._mean = mean
        self._deviation = deviation

    @classmethod
    def of(cls, shown: NDArray[np.float64]) -> Scale:
        """Return the scale of answers (n, signals); NaN is unknown."""
        known = ~np.isnan(shown)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, shown, 0.0).sum(axis=0) / count
        variance = np.where(known, (shown - mean) ** 2, 0.0).sum(axis=0) / count
        return cls(mean, np.sqrt(np.where(variance > _FEW**2, variance, 1.0)))

    def apply(self, signals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n, signals), weighed against words; unknown is ordinary."""
        standard = (signals - self._mean) / self._deviation
        known = np.where(np.isnan(standard), 0.0, standard)
        return np.asarray(_SIGNAL_WEIGHT * np.clip(known, -_LIMIT, _LIMIT))


class Direction:
    """What tells new answers from reference answers: a score, large for new ones."""

    def __init__(
        self, scale: Scale, signals: NDArray[np.float64], features: NDArray[np.float64]
    ) -> None:
        self._scale = scale
        self._signals = signals
        self._features = features

    def score(self, signals: NDArray[np.float64], spots: Spots) -> NDArray[np.float64]:
        """Return scores (n,)."""
        return np.asarray(self._scale.apply(signals) @ self._signals + spots.times(self._features))


def direction(
    scale: Scale,
    signals: NDArray[np.float64],
    differences: NDArray[np.float32],
    inner: NDArray[np.float32],
) -> Direction:
    """Return the ridge regression of 1 on the differences, in units of its errors left one out."""
    kernel = signals @ signals.T + inner
    inverse = np.linalg.inv(kernel + _RIDGE * np.eye(len(kernel)))
    weights = inverse.sum(axis=1)
    left_out = 1.0 - weights / np.diag(inverse)
    weights = weights / np.sqrt(np.mean(left_out**2) + _FEW)
    return Direction(scale, weights @ signals, weights @ differences.astype(np.float64))
