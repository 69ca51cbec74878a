"""Time-uniform confidence sequences: intervals that hold at all times at once.

P(the truth is ever outside of its interval) ≤ α, however often somebody looks, and whenever they
stop. It is what bets of an e-process have not disproved (Ville's inequality).

Source: Robbins, *Statistical methods related to the law of the iterated logarithm* (1970).
"""

from __future__ import annotations

import math
from typing import NamedTuple

ALPHA = 0.05
_EDGE = 1e-12


class Interval(NamedTuple):
    """What is not disproved, ends included."""

    low: float
    high: float


def rate_interval(events: float, size: int, alpha: float = ALPHA) -> Interval:
    """Return the interval of a rate after `size` steps, of which `events` had the event.

    A rate is kept while the Beta(1/2, 1/2) mixture of all rates has not won 1/alpha against it.
    It holds for the mean of any values in [0, 1] too, `events` being their sum: what is won against a
    mean is convex in each value, so on average no more than on events of that rate.

    Raises:
        ValueError: if `alpha` is not in (0, 1).

    >>> [round(end, 3) for end in rate_interval(0, 100)]
    [0.0, 0.057]
    """
    _check(alpha)
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


def _check(alpha: float) -> None:
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha {alpha} must lie between 0 and 1")
