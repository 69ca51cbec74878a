"""E-detectors: sums of bets against "nothing has changed", with a bound on false alarms.

If E[e_n | past] ≤ 1 as long as nothing has changed, the Shiryaev–Roberts sum
R_n = (1 + R_{n-1}) · e_n has E[R_τ] ≤ E[τ] for every stopping time τ. So an alarm at R ≥ 1/α has
an average run length of at least 1/α, and P(alarm within n) ≤ n·α.

Source: Shin, Ramdas, Rinaldo, *E-detectors: a nonparametric framework for sequential change
detection* (2024); Vovk, Wang, *E-values: calibration, combination and applications* (2021).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

E_CAP = 1e300  # evidence is cut here: near the end of the floats, far beyond any line
_LOG_CAP = math.log(E_CAP)
_LOG_MODERATE = 300.0  # products and sums below are far from the end of the floats

# A p-value is looked at by its normal score z, large for odd answers, and a bet e^(d·z - d²/2) says
# that scores have moved by d standard deviations: up (odder than the past) or down (more ordinary).
# Small d: slight and lasting; large d: rare and gross.
_QUANTILE = NormalDist().inv_cdf  # SciPy's is faster and takes 28 MB
_SHIFTS = np.array([-1.0, -0.5, 0.3, 0.6, 1.0, 1.5, 2.5])
# A p-value nearer to the ends wins no more: keeps bets finite. At the other end this adds less than
# this much to an expectation of 1, which is taken off again.
_TINY = 1e-12

_BINS = 10
_PRIOR = 0.5  # p-values that each bin is thought to have had before the first
_MEMORY = 0.97  # what is left of a count after the next p-value: about 33 p-values count


def shift_bets(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithms (…, 7) of the bets on p-values (…) in [0, 1] for each shift.

    Each bet has expectation 1 at most for a uniform p-value: it is the likelihood ratio of N(d, 1)
    against N(0, 1), taken at the p-value's normal score.
    """
    inner = np.clip(p_values, _TINY, 1.0 - _TINY).ravel().tolist()
    scores = -np.fromiter(map(_QUANTILE, inner), np.float64, len(inner)).reshape(p_values.shape)
    return np.asarray(scores[..., None] * _SHIFTS - (_SHIFTS**2 / 2.0 + _TINY))


class PValueBets:
    """Bets on the p-values of several channels: on shifts, and on a histogram of the latest ones.

    The histogram wins where p-values crowd anywhere, as they do when answers become alike.

    Args:
        rows: channels.
    """

    # Of the bets; sum 1. Shifts up have most: the other side of a signal is a channel of its own.
    WEIGHTS = np.append(0.85 * np.array([1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 1.0]) / 11.0, 0.15)

    def __init__(self, rows: int) -> None:
        self._rows = np.arange(rows)
        self._counts = np.zeros((rows, _BINS))

    def place(self, p_values: NDArray[np.float64], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the logarithms (n, rows, 8) of the bets on p-values (n, rows), and learn from them.

        Each bet knows the p-values of the steps before its own, and no others.

        Args:
            seen: (n, rows), where there is a p-value; nothing is learnt elsewhere.
        """
        bins = np.minimum((p_values * _BINS).astype(np.int64), _BINS - 1)
        shares = self._shares(bins, seen)
        self._learn(bins, seen)
        return np.concatenate([shift_bets(p_values), np.log(_BINS * shares)[:, :, None]], axis=2)

    def _shares(self, bins: NDArray[np.int64], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the share (n, rows) that each p-value's bin had before it."""
        counted = np.cumsum(seen, axis=0)
        left = _MEMORY ** np.arange(len(bins) + 1)  # of a count after so many p-values
        faded = left[counted - seen]  # what is left of the counts of before the batch
        since = np.where(seen, 1.0 / left[counted], 0.0)
        gained = np.zeros((len(bins) + 1, len(self._rows), _BINS))  # by bin, before each
        steps = np.arange(len(bins))[:, None]
        gained[steps + 1, self._rows, bins] = since
        gained = np.cumsum(gained, axis=0)[:-1]
        own = faded * (self._counts[self._rows, bins] + gained[steps, self._rows, bins])
        total = faded * (self._counts.sum(axis=1) + np.cumsum(since, axis=0) - since)
        return np.asarray((own + _PRIOR) / (total + _BINS * _PRIOR))

    def _learn(self, bins: NDArray[np.int64], seen: NDArray[np.bool_]) -> None:
        left = _MEMORY ** np.arange(len(bins) + 1)
        total = seen.sum(axis=0)
        later = total - np.cumsum(seen, axis=0)  # p-values that came after each
        self._counts *= left[total][:, None]
        places = (self._rows * _BINS + bins).ravel()
        np.add.at(self._counts.reshape(-1), places, np.where(seen, left[later], 0.0).ravel())

    def state(self) -> list[list[float]]:
        """Return what was learnt, as JSON."""
        return [list(map(float, row)) for row in self._counts]

    def restore(self, state: Sequence[Sequence[float]]) -> None:
        """Go on from where `state` was taken."""
        self._counts = np.asarray(state, dtype=np.float64).reshape(self._counts.shape)


class ShiryaevRoberts:
    """Shiryaev–Roberts sums of several bets, mixed with fixed weights; one row per channel.

    Args:
        weights: of the bets (k,), non-negative, sum 1.
        rows: channels, each with sums and a clock of its own.

    >>> detector = ShiryaevRoberts([1.0])
    >>> detector.update(np.log([[[2.0]], [[3.0]], [[0.1]]])).round(9).ravel().tolist()
    [2.0, 9.0, 1.0]
    """

    def __init__(self, weights: Sequence[float] | NDArray[np.float64], rows: int = 1) -> None:
        self._weights = np.asarray(weights, dtype=np.float64)
        self._log1p = np.zeros((rows, len(self._weights)))  # ln(1 + R): 0 at the start, finite
        self._values = np.zeros(rows)

    @property
    def values(self) -> NDArray[np.float64]:
        """The mixture of the sums R per channel (rows,), from 0 to `E_CAP`."""
        return self._values

    def update(
        self, log_bets: NDArray[np.float64], seen: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64]:
        """Take in the next n bets' logarithms (n, rows, k); return the values (n, rows) after each.

        R_n is what the sum at the start has become, and each bet since: with C_n the logarithm of
        the product of the bets up to n, R_n = e^(C_n) · (R_0 + Σ e^(-C_(i-1)) over i ≤ n).

        Args:
            seen: (n, rows), where there is something new; elsewhere the sums stand still.
        """
        if seen is None or seen.all():
            products = np.cumsum(log_bets, axis=0)
            begun = log_bets - products
        elif seen.any():
            moves = np.where(seen[:, :, None], log_bets, 0.0)
            products = np.cumsum(moves, axis=0)
            begun = np.where(seen[:, :, None], moves - products, -np.inf)
        else:
            return np.repeat(self._values[None], len(seen), axis=0)
        if max(np.abs(products).max(initial=0.0), self._log1p.max(initial=0.0)) < _LOG_MODERATE:
            sums = np.exp(products) * (np.expm1(self._log1p) + np.cumsum(np.exp(begun), axis=0))
            log1p = np.log1p(sums[-1:])
        else:
            logs = products + self._log_begun(begun)
            sums = np.exp(np.minimum(logs, _LOG_CAP))
            log1p = np.minimum(np.logaddexp(0.0, logs[-1:]), _LOG_CAP)
        values = sums @ self._weights
        if len(sums):
            self._log1p = log1p[0]
            self._values = values[-1] = self._mixture()
        return np.asarray(values)

    def _log_begun(self, begun: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the logarithms (n, rows, k) of what was there at the start and begun until each."""
        with np.errstate(divide="ignore"):  # a sum of 0 has the logarithm -inf
            at_start = np.log(np.expm1(self._log1p))
        return np.asarray(np.logaddexp.accumulate(np.concatenate([at_start[None], begun]))[1:])

    def state(self) -> list[list[float]]:
        """Return where the sums stand, as JSON."""
        return [list(map(float, row)) for row in self._log1p]

    def restore(self, state: Sequence[Sequence[float]]) -> None:
        """Go on from where `state` was taken.

        Raises:
            ValueError: if the state is of other channels or bets.
        """
        saved = np.asarray(state, dtype=np.float64).reshape(-1, len(self._weights))
        if saved.shape != self._log1p.shape:
            raise ValueError(f"saved sums are {saved.shape}, expected {self._log1p.shape}")
        self._log1p = saved
        self._values = self._mixture()

    def _mixture(self) -> NDArray[np.float64]:
        return np.asarray((np.expm1(self._log1p) * self._weights).sum(axis=1))
