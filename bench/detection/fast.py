"""The sums of pairs and grades, without logarithms: for thousands of orders that never come near a line.

They are what `MeanDetector` and `GradeDetector` give as long as nothing overflows, which an
improvement is far from; `tests/unit/bench` holds the two against each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from guards import betting, graded


def both(
    usual: NDArray[np.float64], stream: NDArray[np.float64], differences: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the mean (n,) of the values of pairs and of grades after each answer, without a margin."""
    pairs = _sums(1.0 - betting._STAKES * differences[:, None]) @ betting._STAKE_WEIGHTS
    means = graded._MEANS[:-1]
    nulls = means[:, None]
    # 1 + λ (m - g) / (1 - m), as a part that no grade changes and one for each grade.
    fixed = 1.0 + graded._STAKES * nulls / (1.0 - nulls)
    slopes = graded._STAKES / (1.0 - nulls)
    won = np.empty(len(stream))
    sums = np.zeros_like(fixed)
    with np.errstate(over="ignore"):
        reference = np.exp(graded._log_reference(usual)[1:])
        for n, grade in enumerate(stream.tolist()):
            sums = (1.0 + sums) * (fixed - slopes * grade)
            won[n] = ((sums @ graded._STAKE_WEIGHTS) * reference).min()
    return np.asarray((pairs + won) / 2.0)


def _sums(bets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Shiryaev–Roberts sums (n, k) of bets (n, k)."""
    path = np.empty_like(bets)
    sums = np.zeros(bets.shape[1])
    for n, bet in enumerate(bets):
        sums = path[n] = (1.0 + sums) * bet
    return path
