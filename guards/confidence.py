"""Time-uniform confidence sequences: intervals that hold at all times at once.

P(the truth is ever outside of its interval) ≤ α, however often somebody looks, and whenever they
stop. Each is what bets of an e-process have not disproved (Ville's inequality).

Sources: Waudby-Smith, Ramdas, *Estimating means of bounded random variables by betting* (2024), for
the hedged capital; Robbins, *Statistical methods related to the law of the iterated logarithm*
(1970), for the mixture.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

ALPHA = 0.05
_MEANS = np.linspace(0.0, 1.0, 201)  # ends are rounded outwards to this grid
# Stakes as parts of the largest that cannot lose everything.
_STAKES = np.array([0.02, 0.05, 0.1, 0.2, 0.4, 0.7])
_EDGE = 1e-12


class Interval(NamedTuple):
    """What is not disproved, ends included."""

    low: float
    high: float


class RateSequence:
    """Confidence sequence for P(event), the same at each step.

    A rate p is kept while the Beta(1/2, 1/2) mixture of all rates has not won 1/α against it.

    Args:
        alpha: in (0, 1).

    Raises:
        ValueError: if `alpha` is not in (0, 1).

    >>> sequence = RateSequence()
    >>> sequence.update([False] * 95 + [True] * 5)[-1].low < 0.05 < sequence.interval.high
    True
    """

    def __init__(self, alpha: float = ALPHA) -> None:
        self._alpha = _checked(alpha)
        self._events = 0
        self._size = 0

    @property
    def interval(self) -> Interval:
        """The interval now."""
        return rate_interval(self._events, self._size, self._alpha)

    def update(self, events: Sequence[bool]) -> list[Interval]:
        """Take in whether each of the next n steps had the event; return the intervals after each."""
        found = []
        for event in events:
            self._events += bool(event)
            self._size += 1
            found.append(self.interval)
        return found

    def state(self) -> dict[str, Any]:
        """Return what was counted, as JSON."""
        return {"events": self._events, "size": self._size}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state` was taken."""
        self._events, self._size = state["events"], state["size"]


def rate_interval(events: float, size: int, alpha: float = ALPHA) -> Interval:
    """Return the interval of a rate after `size` steps, of which `events` had the event.

    It holds for the mean of any values in [0, 1] too, `events` being their sum: what is won against a
    mean is convex in each value, so on average no more than on events of that rate.

    >>> [round(end, 3) for end in rate_interval(0, 100)]
    [0.0, 0.057]
    """
    if size == 0:
        return Interval(0.0, 1.0)
    from scipy.optimize import brentq  # half a second, and a report alone needs it
    from scipy.special import betaln, xlog1py, xlogy

    others = max(size - events, 0.0)
    won = betaln(events + 0.5, others + 0.5) - betaln(0.5, 0.5)

    def left(rate: float) -> float:
        """Return how far the mixture is from having won 1/α against a rate, as a logarithm."""
        return float(xlogy(events, rate) + xlog1py(others, -rate) - won - math.log(alpha))

    share = min(max(events / size, _EDGE), 1.0 - _EDGE)
    low = brentq(left, _EDGE, share) if left(_EDGE) < 0.0 else 0.0
    high = brentq(left, share, 1.0 - _EDGE) if left(1.0 - _EDGE) < 0.0 else 1.0
    return Interval(float(low), float(high))


class MeanSequence:
    """Confidence sequence for the mean of values in [low, high], each given the past.

    A mean m is kept while neither half of the capital has won 2/α against it: one bets on values above
    m, one on values below, in fixed mixtures of stakes that are parts of what can be lost.

    Args:
        low, high: bounds of the values; for differences of grades -1 and 1.
        alpha: in (0, 1).

    Raises:
        ValueError: if `alpha` is not in (0, 1), or a value out of its bounds.

    >>> sequence = MeanSequence()
    >>> interval = sequence.update([0.9, 1.0, 0.8, 1.0] * 25)[-1]
    >>> interval.low < 0.925 < interval.high < 1.0
    True
    """

    def __init__(self, low: float = 0.0, high: float = 1.0, alpha: float = ALPHA) -> None:
        self._low, self._width = low, high - low
        self._line = math.log(2.0 / _checked(alpha))
        self._capital = np.zeros((2, len(_MEANS), len(_STAKES)))  # logarithms: on more, on less
        self._ends = Interval(0.0, 1.0)

    @property
    def interval(self) -> Interval:
        """The interval now; all of the bounds if none is left, for then there is not one mean."""
        low, high = self._ends if self._ends.low <= self._ends.high else (0.0, 1.0)
        return Interval(self._low + self._width * low, self._low + self._width * high)

    def update(self, values: Sequence[float]) -> list[Interval]:
        """Take in the next n values; return the intervals after each. They never widen."""
        shown = (np.asarray(values, dtype=np.float64) - self._low) / self._width
        if not ((shown >= 0.0) & (shown <= 1.0)).all():
            raise ValueError(f"every value must lie in [{self._low}, {self._low + self._width}]")
        return [self._next(value) for value in shown.tolist()]

    def _next(self, value: float) -> Interval:
        self._capital += _log_bets(value)
        won = np.logaddexp.reduce(self._capital, axis=2) - math.log(len(_STAKES))
        more, less = won >= self._line
        # What is won on more falls with the mean that is bet against, so all below are disproved too.
        low = _MEANS[more].max(initial=self._ends.low)
        high = _MEANS[less].min(initial=self._ends.high)
        self._ends = Interval(float(low), float(high))
        return self.interval

    def state(self) -> dict[str, Any]:
        """Return the capitals and the ends, as JSON."""
        return {"capital": self._capital.tolist(), "ends": list(self._ends)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state` was taken."""
        self._capital = np.asarray(state["capital"], dtype=np.float64)
        self._ends = Interval(*state["ends"])


def pair_sequence(alpha: float = ALPHA) -> MeanSequence:
    """Return the sequence for the mean difference of pairs of grades, in [-1, 1]."""
    return MeanSequence(-1.0, 1.0, alpha)


def _log_bets(value: float) -> NDArray[np.float64]:
    """Return the logarithms (2, means, stakes) of the bets on a value in [0, 1]."""
    means = np.clip(_MEANS, _EDGE, 1.0 - _EDGE)
    ahead = np.stack([(value - means) / means, (means - value) / (1.0 - means)])
    return np.asarray(np.log1p(ahead[:, :, None] * _STAKES))


def _checked(alpha: float) -> float:
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha {alpha} must lie between 0 and 1")
    return alpha
