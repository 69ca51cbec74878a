"""Bets on rates and on means of bounded differences.

Every bet multiplies a capital that starts at 1 by a factor whose expectation is at most 1 under
the null hypothesis, so the capital is an e-process: P(it ever reaches c) ≤ 1/c.

Source: Waudby-Smith, Ramdas, *Estimating means of bounded random variables by betting* (2024),
with and without replacement; mixtures over fixed bets instead of a plug-in, so that nothing has
to be learnt before the first case counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from guards.edetector import E_CAP, ShiryaevRoberts

# Alternatives to a tolerated rate, as parts of the way from it to 1; most weight on gross faults.
_RATE_STEPS = np.array([0.06, 0.2, 0.5, 0.8, 0.97])
_RATE_WEIGHTS = np.array([0.1, 0.15, 0.3, 0.3, 0.15])

# Stakes, as parts of the largest stake that cannot lose everything.
_STAKES = np.array([0.05, 0.15, 0.35, 0.65, 0.95])
STAKE_WEIGHTS = np.array([0.15, 0.2, 0.2, 0.2, 0.25])

_EXACT = 1e-9  # sums of grades closer than this are equal


class RateDetector:
    """E-detector for H₀: P(fault | past) ≤ `tolerated`.

    Args:
        tolerated: in (0, 1).

    Raises:
        ValueError: if `tolerated` is not in (0, 1).

    >>> detector = RateDetector(0.05)
    >>> bool(detector.update([True] * 6)[-1] > 1e6)
    True
    """

    def __init__(self, tolerated: float) -> None:
        if not 0.0 < tolerated < 1.0:
            raise ValueError(f"tolerated rate {tolerated} must lie between 0 and 1")
        rates = tolerated + (1.0 - tolerated) * _RATE_STEPS
        self._without = np.log((1.0 - rates) / (1.0 - tolerated))[None, :]
        self._with = np.log(rates / tolerated)[None, :]
        self._sums = ShiryaevRoberts(_RATE_WEIGHTS)

    @property
    def value(self) -> float:
        """The Shiryaev–Roberts sum: ≥ 1/α is an alarm with average run length ≥ 1/α."""
        return float(self._sums.values[0])

    def update(self, faults: Sequence[bool | None]) -> NDArray[np.float64]:
        """Take in whether each of the next n answers was a fault; return the values (n,) after each.

        `None` is no answer: the sum stands still.
        """
        seen = np.array([each is not None for each in faults], dtype=bool)
        shown = np.array([bool(each) for each in faults], dtype=bool)[:, None, None]
        bets = np.where(shown, self._with, self._without)
        return self._sums.update(bets, seen[:, None])[:, 0]

    def state(self) -> list[list[float]]:
        """Return where the sums stand, as JSON."""
        return self._sums.state()

    def restore(self, state: Sequence[Sequence[float]]) -> None:
        """Go on from where `state` was taken."""
        self._sums.restore(state)


class MeanDetector:
    """E-detector for H₀: E[difference | past] ≥ -`margin`, differences in [-1, 1].

    Args:
        margin: in [0, 1), how much worse is tolerated.

    Raises:
        ValueError: if `margin` is not in [0, 1), or a difference not in [-1, 1].

    >>> detector = MeanDetector(0.05)
    >>> bool(detector.update([-1.0] * 20)[-1] > 1e4)
    True
    """

    def __init__(self, margin: float) -> None:
        if not 0.0 <= margin < 1.0:
            raise ValueError(f"margin {margin} must be at least 0 and below 1")
        self._margin = margin
        self._sums = ShiryaevRoberts(STAKE_WEIGHTS)

    @property
    def value(self) -> float:
        """The Shiryaev–Roberts sum: ≥ 1/α is an alarm with average run length ≥ 1/α."""
        return float(self._sums.values[0])

    def update(self, differences: Sequence[float | None]) -> NDArray[np.float64]:
        """Take in the next n pairs' differences, active less baseline; return the values after each.

        `None` is an answer without a pair: the sum stands still.
        """
        seen = np.array([each is not None for each in differences], dtype=bool)
        values = np.array([each or 0.0 for each in differences], dtype=np.float64)
        _check(values)
        bets = _log_bets(values[:, None], -self._margin)
        return self._sums.update(bets[:, None, :], seen[:, None])[:, 0]

    def state(self) -> list[list[float]]:
        """Return where the sums stand, as JSON."""
        return self._sums.state()

    def restore(self, state: Sequence[Sequence[float]]) -> None:
        """Go on from where `state` was taken."""
        self._sums.restore(state)


def evidence_of_harm(
    differences: Sequence[float] | NDArray[np.float64], margin: float, set_size: int | None
) -> NDArray[np.float64]:
    """Return the capital (…, n) won against H₀: the mean difference is at least -`margin`.

    Args:
        differences: (…, n) in [-1, 1], subject less the other version; each row in random order.
        margin: in [0, 1).
        set_size: cases of the finite set that the mean is over, drawn without replacement;
            `None` if the cases are a sample of something endless.

    Raises:
        ValueError: if a difference is outside [-1, 1], or there are more than `set_size`.

    >>> bool(evidence_of_harm([-1.0] * 20, margin=0.05, set_size=60)[-1] > 1e4)
    True
    """
    return _capital(np.asarray(differences, dtype=np.float64), -margin, set_size)


def evidence_of_noninferiority(
    differences: Sequence[float] | NDArray[np.float64], margin: float, set_size: int | None
) -> NDArray[np.float64]:
    """Return the capital (…, n) won against H₀: the mean difference is at most -`margin`.

    Arguments and errors are those of `evidence_of_harm`.
    """
    return _capital(-np.asarray(differences, dtype=np.float64), margin, set_size)


def stake_capitals(values: NDArray[np.float64], null: float) -> NDArray[np.float64]:
    """Return the logarithms (…, n, 5) of what each stake has won against H₀: the mean is `null` or more.

    Args:
        values: (…, n) in [-1, 1], of something endless; null: above -1 and below 1.

    Raises:
        ValueError: if a value is outside [-1, 1].
    """
    _check(values.ravel())
    return np.asarray(np.cumsum(_log_bets(values[..., None], null), axis=-2))


def mixed(log_capitals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the capital (…) of the fixed mixture of stakes (…, 5), at most `E_CAP`."""
    logs = np.logaddexp.reduce(log_capitals + np.log(STAKE_WEIGHTS), axis=-1)
    return np.asarray(np.exp(np.minimum(logs, math.log(E_CAP))))


def _capital(values: NDArray[np.float64], null: float, set_size: int | None) -> NDArray[np.float64]:
    """Return the capital (…, n) against H₀: the mean of values in [-1, 1] is at least `null`."""
    _check(values.ravel())
    seen = values.shape[-1]
    if set_size is not None and seen > set_size:
        raise ValueError(f"{seen} differences for a set of {set_size} cases")
    if set_size is None:
        return mixed(stake_capitals(values, null))
    # What the cases that are left must average if the null is true.
    left = set_size - np.arange(seen)
    owed = set_size * null - (np.cumsum(values, axis=-1) - values)
    ahead = owed / left
    bettable = (ahead > -1.0) & (ahead < 1.0 - _EXACT)
    bets = _log_bets(values[..., None], np.where(bettable, ahead, 0.0)[..., None])
    path = mixed(np.cumsum(np.where(bettable[..., None], bets, 0.0), axis=-2))
    # Where the cases that are left cannot make the null true any more.
    settled = np.maximum.accumulate(owed - values > left - 1 + _EXACT, axis=-1)
    return np.where(settled, E_CAP, path)


def _log_bets(value: NDArray[np.float64], null: float | NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.log1p(_STAKES * ((null - value) / (1.0 - null))))


def _check(values: NDArray[np.float64]) -> None:
    beyond = values[~((values >= -1.0) & (values <= 1.0))]
    if len(beyond):
        raise ValueError(f"difference {beyond[0]} must lie between -1 and 1")
