"""Evidence of golden runs that are repeated, night after night, on one set.

The hypothesis is about the set's *expected* mean difference: answers are noisy where the
temperature is above 0 or a kernel is not deterministic, so one unlucky run proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from guards.betting import evidence_of_harm, evidence_of_noninferiority
from guards.edetector import E_CAP

# The parts of a set after which the capital counts; more of them would let a run stop at more
# places, and cost each a larger part of its evidence.
_CHECKPOINTS = (0.125, 0.25, 0.5, 1.0)


def harm(
    differences: Sequence[float] | NDArray[np.float64], margin: float, set_size: int
) -> NDArray[np.float64]:
    """Return the e-value (…) of a run against H₀: E[mean difference of the set | past] ≥ -`margin`.

    It is the mean of the capitals after an eighth, a quarter, a half and all of the set; those
    that the run did not reach count as nothing. Given all earlier runs, E ≤ 1 under H₀ for a run
    that stops by whatever rule: after n cases in random order with independent noise a product
    of bets has the expectation of an elementary symmetric mean of the cases' own expectations,
    which is at most the n-th power of their mean (Maclaurin's inequality), and leaving out
    terms only lowers it. So e-values of runs of one set may be multiplied.

    Args:
        differences: (…, n) in [-1, 1] of the first n cases, each row in an order that is drawn
            anew for the run.
        margin: in [0, 1). set_size: at least n and 1.

    Raises:
        ValueError: if a difference is outside [-1, 1], or there are more than `set_size`.

    >>> float(harm([0.0] * 40, 0.05, 40)) < 1.0 < float(harm([-0.5] * 40, 0.05, 40))
    True
    """
    values = np.asarray(differences, dtype=np.float64)
    return _at_checkpoints(evidence_of_harm(values, margin, None), set_size)


def noninferiority(
    differences: Sequence[float] | NDArray[np.float64], margin: float, set_size: int
) -> NDArray[np.float64]:
    """Return the e-value (…) of a run against H₀: E[mean difference of the set | past] ≤ -`margin`.

    Arguments and errors are those of `harm`.
    """
    values = np.asarray(differences, dtype=np.float64)
    return _at_checkpoints(evidence_of_noninferiority(values, margin, None), set_size)


def accumulated(before: float, e_value: float) -> float:
    """Return the Shiryaev–Roberts sum after one more run: (1 + before) · e, at most `E_CAP`.

    P(it reaches c within n runs) ≤ n/c while no run's hypothesis is wrong.
    """
    return min((1.0 + before) * e_value, E_CAP)


def accumulated_over(e_values: Iterable[float]) -> float:
    """Return the sum after runs, oldest first; 0 before the first."""
    total = 0.0
    for each in e_values:
        total = accumulated(total, each)
    return total


def _at_checkpoints(path: NDArray[np.float64], set_size: int) -> NDArray[np.float64]:
    seen = path.shape[-1]
    if seen > set_size:
        raise ValueError(f"{seen} differences for a set of {set_size} cases")
    places = [int(np.ceil(part * set_size)) - 1 for part in _CHECKPOINTS]
    reached = [place for place in places if place < seen]
    return np.asarray(path[..., reached].sum(axis=-1) / len(places))
