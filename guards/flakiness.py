"""Flaky cases: those that one version answers now well, now badly; how much they weigh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_COIN = 0.25  # variance of a grade that is 0 or 1 by the toss of a coin: the largest there is
_LEAST = 0.25  # a flaky case still says something: how often it is right
_EXACT = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How the grades of one version for one case differ between its runs.

    Args:
        runs: how many there were; variance: of the grades, over n - 1; 0 for a single run.
    """

    case_id: str
    version: str
    runs: int
    variance: float


def weights(spreads: Sequence[Spread]) -> Mapping[str, float]:
    """Return the weight of each flaky case, in [0.25, 1); all others weigh 1.

    A case is flaky if any version was graded differently in two runs of its own. Its weight falls with the largest variance of a version with itself, so it never looks at which of
    two versions is better. From earlier runs only: then the weights are fixed before the first
    answer of the run that is weighed.

    >>> weights([Spread(case_id="a", version="v1", runs=2, variance=0.5)])
    {'a': 0.25}
    """
    largest: dict[str, float] = {}
    for each in spreads:
        if each.variance > _EXACT:
            largest[each.case_id] = max(largest.get(each.case_id, 0.0), each.variance)
    found = weight_of(np.array(list(largest.values())))
    return dict(zip(largest, found.tolist(), strict=True))


def weight_of(variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights (…) in [0.25, 1] for variances (…) of a version with itself."""
    return np.maximum(_LEAST, 1.0 - np.minimum(variance, _COIN) / _COIN)


def weighed(
    differences: Sequence[float] | NDArray[np.float64],
    weight: Sequence[float] | NDArray[np.float64],
    margin: float,
) -> NDArray[np.float64]:
    """Return values (n,) in [-1, 1] to bet on in place of differences (n,).

    A value is w·(d + margin) - margin: the mean of the values is at least -margin exactly where
    the weighted mean of the differences is, so bets on the values are fair for that hypothesis,
    whatever the weights, if these were fixed beforehand. A case of weight 0 would bet nothing.

    >>> weighed([-1.0, 0.5], [1.0, 0.0], 0.05).tolist()
    [-1.0, -0.05]
    """
    values = np.asarray(differences, dtype=np.float64) + margin
    return np.clip(np.asarray(weight, dtype=np.float64) * values - margin, -1.0, 1.0)
