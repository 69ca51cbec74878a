"""Evidence of golden runs that are repeated, night after night, on one set.

The hypothesis is about the set's *expected* mean difference: answers are noisy where the
temperature is above 0 or a kernel is not deterministic, so one unlucky run proves nothing.

A run is a bet of each stake (`betting.STAKE_WEIGHTS`); stakes have sums of their own, and are
mixed at the end, so that which stake is right is learnt once and not anew every night.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from guards.betting import STAKE_WEIGHTS, stake_capitals
from guards.edetector import E_CAP

# Most of the weight is left to a whole run; the rest is spread evenly over the cases before its last,
# so that a run may stop after any of them: gross harm doubles the capital with every case or two.
_EARLY = 0.2

Differences = Sequence[float] | NDArray[np.float64]


def bets(differences: Differences, margin: float, set_size: int) -> NDArray[np.float64]:
    """Return a run's e-values (…, 5) against H₀: E[mean difference of the set | past] ≥ -`margin`.

    Each is a weighted mean of a stake's capital after each case, the last of the set weighing
    most; what the run did not reach counts as nothing. Given all earlier runs, E ≤ 1 under H₀ for
    a run that stops by whatever rule: after n cases in random order with independent noise a
    product of bets of one stake has the expectation of an elementary symmetric mean of the cases'
    own expectations, which is at most the n-th power of their mean (Maclaurin's inequality), and
    leaving out terms only lowers it. So e-values of runs of one set may be multiplied.

    Args:
        differences: (…, n) in [-1, 1] of the first n cases, each row in an order that is drawn
            anew for the run.
        margin: in [0, 1). set_size: at least n and 1.

    Raises:
        ValueError: if a difference is outside [-1, 1], or there are more than `set_size`.
    """
    return _over_the_run(np.asarray(differences, dtype=np.float64), -margin, set_size)


def harm(differences: Differences, margin: float, set_size: int) -> NDArray[np.float64]:
    """Return the e-value (…) of a run by itself: its `bets`, mixed.

    >>> float(harm([0.0] * 40, 0.05, 40)) < 1.0 < float(harm([-0.5] * 40, 0.05, 40))
    True
    """
    return value(bets(differences, margin, set_size))


def noninferiority(differences: Differences, margin: float, set_size: int) -> NDArray[np.float64]:
    """Return the e-value (…) of a run against H₀: E[mean difference of the set | past] ≤ -`margin`.

    Arguments and errors are those of `bets`.
    """
    return value(_over_the_run(-np.asarray(differences, dtype=np.float64), margin, set_size))


def nothing() -> NDArray[np.float64]:
    """Return the sums (5,) before the first run."""
    return np.zeros(len(STAKE_WEIGHTS))


def accumulated(
    before: Sequence[float] | NDArray[np.float64], won: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the Shiryaev–Roberts sums (…, 5) after one more run's bets, at most `E_CAP`.

    P(their `value` reaches c within n runs) ≤ n/c while no run's hypothesis is wrong.

    Args:
        before: sums (…, 5) after the runs before; won: the run's bets (…, 5).
    """
    logs = np.log1p(np.asarray(before, dtype=np.float64)) + np.log(np.maximum(won, 1 / E_CAP))
    return np.asarray(np.exp(np.minimum(logs, np.log(E_CAP))))


def value(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mixture (…) of what the stakes (…, 5) have won."""
    return np.asarray((sums * STAKE_WEIGHTS).sum(axis=-1))


def _over_the_run(values: NDArray[np.float64], null: float, set_size: int) -> NDArray[np.float64]:
    seen = values.shape[-1]
    if seen > set_size:
        raise ValueError(f"{seen} differences for a set of {set_size} cases")
    logs = stake_capitals(values, null)
    capitals = np.exp(np.minimum(logs, np.log(E_CAP)))
    weights = np.full(set_size, _EARLY / max(1, set_size - 1))
    weights[-1] = 1.0 - weights[:-1].sum()
    return np.asarray((capitals * weights[:seen, None]).sum(axis=-2))
