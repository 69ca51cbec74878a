"""Outliers among signals: any detector over values that differ in unit, tail and presence."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from guards import archive
from guards.outliers.detector import Arrays, StoredDetector
from guards.outliers.mahalanobis import Mahalanobis

_FAR = 10.0  # spreads beyond which farther is no odder: one wild signal must not hide the others
_NORMAL = 1.349  # quartiles of a normal distribution lie so many standard deviations apart


class SignalOutliers:
    """Standardises signals by median and quartiles, then asks a detector of vectors.

    A signal that is undefined (NaN) stands at the median, and a second column for each signal says
    whether it is undefined, in units of how usual that is: where a signal is always there, to lack
    it is odd. The service does not use this but `guards.surprise`, whose p-values by rank need no
    fitting and name the signals that are odd; this one also finds odd combinations of usual values.

    Args:
        detector: Mahalanobis distance unless told otherwise.

    Attributes:
        middle_, spread_: of each signal, shape (signals,). missing_: share of undefined values.
    """

    def __init__(self, detector: StoredDetector | None = None) -> None:
        self.detector = Mahalanobis() if detector is None else detector

    def fit(self, signals: NDArray[Any], labels: NDArray[Any] | None = None) -> Self:
        """Learn from signals of shape (n, signals), NaN where undefined, n at least 10."""
        values = np.asarray(signals, dtype=np.float64)
        columns = [column[~np.isnan(column)] for column in values.T]
        quartiles = np.stack([_quartiles(column) for column in columns])
        self.middle_ = quartiles[:, 1]
        spread = (quartiles[:, 2] - quartiles[:, 0]) / _NORMAL
        deviation = np.array([column.std() if len(column) else 0.0 for column in columns])
        self.spread_ = np.where(spread > 0, spread, np.where(deviation > 0, deviation, 1.0))
        self.missing_ = np.isnan(values).mean(axis=0)
        self._count = len(values)
        if labels is None:
            self.detector.fit(self.standardised(values))
        else:
            self.detector.fit(self.standardised(values), labels)
        return self

    def standardised(self, signals: NDArray[Any]) -> NDArray[np.float64]:
        """Return vectors without NaN, shape (n, 2 · signals)."""
        values = np.asarray(signals, dtype=np.float64)
        undefined = np.isnan(values)
        scaled = np.where(undefined, 0.0, (values - self.middle_) / self.spread_)
        share = (self.missing_ * self._count + 1) / (self._count + 2)
        absent = (undefined - share) / np.sqrt(share * (1 - share))
        return np.hstack([np.clip(scaled, -_FAR, _FAR), np.clip(absent, -_FAR, _FAR)])

    def score_samples(self, signals: NDArray[Any]) -> NDArray[np.float64]:
        """Return scores of shape (n,); the lower, the odder."""
        found = self.detector.score_samples(self.standardised(signals))
        return np.asarray(found, dtype=np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` needs."""
        return {
            "middle": self.middle_,
            "spread": self.spread_,
            "missing": self.missing_,
            "count": np.array(self._count),
            **archive.prefixed("detector", self.detector.to_arrays()),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays, kind: type[StoredDetector] = Mahalanobis) -> Self:
        """Return the detector that gave the arrays; `kind` is that of the one inside."""
        found = cls(kind.from_arrays(archive.under("detector", arrays)))
        found.middle_, found.spread_ = arrays["middle"], arrays["spread"]
        found.missing_, found._count = arrays["missing"], int(arrays["count"])
        return found


def _quartiles(column: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.quantile(column, [0.25, 0.5, 0.75]) if len(column) else np.zeros(3)
