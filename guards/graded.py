"""Harm shown by graded answers without a pair: the rate is compared with the reference's grades.

The baseline's mean μ is not known, only n reference grades of it. So each possible μ is taken in
turn: a bet on the reference grades against "their mean is m" times a bet on the new grades against
"their mean is at least m - margin" is fair if m is the true mean; the least over all m is then at
most a fair bet, and the error of estimation is paid in full (Wasserman, Ramdas, Balakrishnan,
*Universal inference*, 2020, with bets in the place of likelihoods).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guards.edetector import E_CAP, ShiryaevRoberts

SMALLEST = 20  # reference grades; fewer say too little for anything to be won
_MEANS = np.linspace(0.0, 1.0, 101)  # the least over all means is found on this grid, from below
# Stakes as parts of what can be lost, on the new grades and on the reference's.
_STAKES = np.array([0.08, 0.17, 0.27, 0.4, 0.6, 0.85])
_STAKE_WEIGHTS = np.array([0.15, 0.2, 0.2, 0.2, 0.15, 0.1])
_REFERENCE_STAKES = np.array([0.04, 0.08, 0.14, 0.25, 0.5])
_REFERENCE_WEIGHTS = np.array([0.25, 0.25, 0.2, 0.2, 0.1])


class GradeDetector:
    """E-detector for H₀: E[grade | past] ≥ mean of the baseline - `margin`.

    Given the reference the sum is at most A times an e-detector, with A fixed by the reference and
    E[A] ≤ 1 over its draw. So the average run length is at least E[c/A] ≥ c, and
    P(value ≥ c within n grades) ≤ n/c. Assumes that reference grades are independent draws.

    Args:
        reference: grades in [0, 1] of the baseline; with fewer than `SMALLEST` nothing is won ever.
        margin: in [0, 1), how much worse is tolerated.

    Raises:
        ValueError: if `margin` is not in [0, 1), or a grade not in [0, 1].

    >>> detector = GradeDetector([1.0] * 200, 0.05)
    >>> bool(detector.update([0.0] * 20)[-1] > 1e4)
    True
    """

    def __init__(self, reference: Sequence[float] | NDArray[np.float64], margin: float) -> None:
        if not 0.0 <= margin < 1.0:
            raise ValueError(f"margin {margin} must be at least 0 and below 1")
        grades = np.asarray(reference, dtype=np.float64)
        _check(grades)
        self._nulls = _MEANS[:-1] - margin
        self._is_used = len(grades) >= SMALLEST
        # A of the upper end of each cell with the sum of its lower end: below both within it.
        self._log_reference = _log_reference(grades)[1:] if self._is_used else np.array([])
        rows = len(self._nulls) if self._is_used else 0
        self._sums = ShiryaevRoberts(_STAKE_WEIGHTS, rows=rows)

    @property
    def is_used(self) -> bool:
        """Whether there are enough reference grades."""
        return self._is_used

    @property
    def value(self) -> float:
        """The least product: ≥ 1/α is an alarm with average run length ≥ 1/α."""
        return float(self._least(self._sums.values[None])[0]) if self._is_used else 0.0

    def update(self, grades: Sequence[float | None]) -> NDArray[np.float64]:
        """Take in the next n answers' grades; return the values (n,) after each.

        `None` is an answer without a grade: the value stands still.
        """
        known = np.array([each for each in grades if each is not None], dtype=np.float64)
        _check(known)
        values = np.full(len(grades), self.value)
        if not self._is_used or not len(known):
            return values
        won = self._least(self._sums.update(self._log_bets(known)))
        seen = np.cumsum([each is not None for each in grades])
        values[seen > 0] = won[seen[seen > 0] - 1]
        return values

    def state(self) -> dict[str, Any]:
        """Return where the sums stand and what the reference says, as JSON."""
        return {"reference": self._log_reference.tolist(), "sums": self._sums.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state` was taken, beside the reference of then."""
        self._log_reference = np.asarray(state["reference"], dtype=np.float64)
        self._is_used = len(self._log_reference) > 0
        rows = len(self._nulls) if self._is_used else 0
        self._sums = ShiryaevRoberts(_STAKE_WEIGHTS, rows=rows)
        self._sums.restore(state["sums"])

    def _log_bets(self, grades: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the logarithms (n, nulls, stakes) of the bets on grades (n,)."""
        nulls = np.maximum(self._nulls, 0.0)[None, :, None]
        return np.asarray(np.log1p(_STAKES * (nulls - grades[:, None, None]) / (1.0 - nulls)))

    def _least(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(divide="ignore"):
            logs = np.log(sums) + self._log_reference
        return np.asarray(np.exp(np.minimum(logs.min(axis=1), np.log(E_CAP))))


def _log_reference(grades: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (means,) what is won on the reference against each mean, by betting on more.

    A mean of 0 allows no grade above 0.
    """
    means = np.maximum(_MEANS, 1e-12)[:, None, None]
    moves = np.log1p(_REFERENCE_STAKES[None, :, None] * (grades / means - 1.0)).sum(axis=2)
    return np.asarray(np.logaddexp.reduce(moves + np.log(_REFERENCE_WEIGHTS), axis=1))


def _check(grades: NDArray[np.float64]) -> None:
    if not ((grades >= 0.0) & (grades <= 1.0)).all():
        raise ValueError("every grade must lie between 0 and 1")
