"""A signal: one named number computed from an exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from guards.exchange import Exchange

Values = NDArray[np.float64]


class Tail(Enum):
    """Which side of a signal's usual values is odd."""

    BOTH = "both"  # means that unusually large and unusually small values are odd
    UPPER = "upper"  # means that only large values are odd
    LOWER = "lower"  # means that only small values are odd


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A named number computed from an exchange.

    Args:
        name: unique, stable over releases: records and references are keyed by it.
        unit: what follows the number when people read it; empty for shares and ratios.
        low, high: range of the defined values; infinite where there is no bound.
        meaning: what the number says, in a few words for people.
        tail: which side is odd.
        behavioural: whether it tells of the model's behaviour. The others tell of the machine
            and its load, and are no drift: a slow machine is no adapter's fault.
        compute: exchanges to values of shape (n,), NaN where the signal is undefined.
    """

    name: str
    unit: str
    low: float
    high: float
    meaning: str
    tail: Tail
    compute: Callable[[Sequence[Exchange]], Values]
    behavioural: bool = True


def column(values: Iterable[float]) -> Values:
    """Return values as a float64 array of shape (n,)."""
    return np.fromiter(values, dtype=np.float64)


def of_text(measure: Callable[[str], float]) -> Callable[[Sequence[Exchange]], Values]:
    """Return the `compute` of a signal that looks at the answer's text alone."""
    return lambda exchanges: column(measure(exchange.output) for exchange in exchanges)
