"""A signal: one named number computed from an exchange, and one computed from a pair of answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from guards.exchange import Exchange
from guards.signals.batch import Batch
from guards.signals.view import TextView

Values = NDArray[np.float64]


class Tail(Enum):
    """Which side of a signal's usual values is odd."""

    BOTH = "both"  # means that unusually large and unusually small values are odd
    UPPER = "upper"  # means that only large values are odd
    LOWER = "lower"  # means that only small values are odd


class Family(Enum):
    """What a signal looks at."""

    TEXT = "text"  # means the answer's text and what it is made of
    REPETITION = "repetition"  # means what the answer says again
    LIKELIHOOD = "likelihood"  # means the probabilities of its tokens, where the engine gives them
    STRUCTURE = "structure"  # means the form that was asked for
    GROUNDEDNESS = "groundedness"  # means the context that was supplied
    AGREEMENT = "agreement"  # means another version's answer to the same prompt
    OPERATIONS = "operations"  # means the machine: time and money
    OWN = "own"  # means whatever the operator's own signal looks at


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
        channel: whether drift looks at it, if it is behavioural. All channels share one weight,
            so one that says nearly what another says already only makes both slower.
        compute: exchanges to values of shape (n,), NaN where the signal is undefined. A `Batch` is
            a sequence of exchanges, so a function of a sequence will do.
    """

    name: str
    unit: str
    low: float
    high: float
    meaning: str
    tail: Tail
    compute: Callable[[Batch], Values]
    behavioural: bool = True
    channel: bool = True
    family: Family = Family.OWN

    @property
    def is_channel(self) -> bool:
        """Whether drift looks at it."""
        return self.behavioural and self.channel


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSignal:
    """A named number computed from two answers to one prompt: the version's and another's.

    It is no `Signal`: most exchanges have no other answer, and what it says is about two versions.

    Args:
        compute: pairs (answer, other) to values of shape (n,), NaN where undefined. The other is
            the shadow's answer, the base model's, or a reference answer.
    """

    name: str
    unit: str
    low: float
    high: float
    meaning: str
    tail: Tail
    compute: Callable[[Sequence[tuple[Exchange, Exchange]]], Values]
    family: Family = Family.AGREEMENT


def column(values: Iterable[float]) -> Values:
    """Return values as a float64 array of shape (n,)."""
    return np.fromiter(values, dtype=np.float64)


def of_text(measure: Callable[[TextView], float]) -> Callable[[Batch], Values]:
    """Return the `compute` of a signal that looks at the answer's text alone."""
    return lambda batch: column(map(measure, batch.answers))


def of_exchange(measure: Callable[[Exchange], float]) -> Callable[[Batch], Values]:
    """Return the `compute` of a signal that looks at one exchange after the other."""
    return lambda batch: column(map(measure, batch))


def ratio(parts: NDArray[np.int64], wholes: NDArray[np.int64]) -> Values:
    """Return counts (n,) over others; NaN over nothing."""
    unknown = np.full(len(parts), np.nan)
    return np.asarray(np.divide(parts, wholes, out=unknown, where=wholes > 0))
