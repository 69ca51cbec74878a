"""Cases that turned from right to wrong and back, and the regression rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from guards import binomial

RIGHT = 0.5  # a grade of at least this is a right answer
_EXACT = 1e-9


class Flip(Enum):
    """What became of a case; in the order in which people should look."""

    BROKEN = "broken"  # means that it was right with the other version, and is wrong now
    WORSE = "worse"  # means that its grade fell, and it is as right or wrong as before
    FIXED = "fixed"  # means that it was wrong with the other version, and is right now
    BETTER = "better"  # means that its grade rose, and it is as right or wrong as before
    SAME = "same"  # means that its grade is what it was


@dataclass(frozen=True, slots=True, kw_only=True)
class RegressionRate:
    """The share of cases that were right and are wrong now, with its exact 95 % interval."""

    broken: int
    right_before: int
    rate: float
    low: float
    high: float


def flip(subject: float, against: float) -> Flip:
    """Return what became of a case by its two grades, in [0, 1].

    >>> flip(0.0, 1.0), flip(0.6, 0.9)
    (<Flip.BROKEN: 'broken'>, <Flip.WORSE: 'worse'>)
    """
    if abs(subject - against) <= _EXACT:
        return Flip.SAME
    crossed = (subject >= RIGHT) != (against >= RIGHT)
    if subject < against:
        return Flip.BROKEN if crossed else Flip.WORSE
    return Flip.FIXED if crossed else Flip.BETTER


def regression_rate(subject: Sequence[float], against: Sequence[float]) -> RegressionRate:
    """Return how many of the other version's right answers are wrong now.

    The interval is Clopper and Pearson's, for cases that are a sample; 0 to 1 without any.

    Raises:
        ValueError: if the lengths differ.

    >>> regression_rate([0.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 0.0]).broken
    1
    """
    pairs = [(ours, theirs) for ours, theirs in zip(subject, against, strict=True)]
    right = sum(theirs >= RIGHT for _, theirs in pairs)
    broken = sum(flip(*pair) is Flip.BROKEN for pair in pairs)
    low, high = _interval(broken, right)
    return RegressionRate(
        broken=broken,
        right_before=right,
        rate=broken / right if right else 0.0,
        low=low,
        high=high,
    )


def _interval(hits: int, trials: int) -> tuple[float, float]:
    """Return the exact two-sided 95 % interval of a rate."""
    if not trials:
        return 0.0, 1.0
    low = 1.0 - binomial.upper_bound(trials - hits, trials, confidence=0.975)
    return low, binomial.upper_bound(hits, trials, confidence=0.975)
