"""Channels of drift: each orders answers from usual to odd by one score, large for odd ones.

A signal whose both sides are odd becomes two channels, one for each direction. Folded into one by
the distance from the middle, a shift to one side would hardly show; and a score that is the signal
itself needs nothing fitted, so its ranks among the reference answers are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from guards.signals import catalogue
from guards.signals.catalogue import SignalTable
from guards.signals.signal import Signal, Tail, Values

OUTLIER = "outlier"  # distance of the answer's embedding to its nearest usual ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One direction of one signal.

    Args:
        sign: 1 if large values are odd, -1 if small ones are.
    """

    name: str
    signal: Signal
    sign: int


@lru_cache(maxsize=256)
def of_signal(signal: Signal) -> tuple[Channel, ...]:
    """Return the channels of a signal: none, one or two."""
    if not signal.is_channel:
        return ()
    upper = Channel(name=f"{signal.name}_high", signal=signal, sign=1)
    lower = Channel(name=f"{signal.name}_low", signal=signal, sign=-1)
    return {Tail.BOTH: (upper, lower), Tail.UPPER: (upper,), Tail.LOWER: (lower,)}[signal.tail]


def by_name() -> dict[str, Channel]:
    """Return every channel that there is by its name."""
    return {
        channel.name: channel for signal in catalogue.signals() for channel in of_signal(signal)
    }


class Scores(dict[str, Values]):
    """Scores by channel, shape (n,) each.

    A channel of a signal that is not there any more (an operator's own, say, whose distribution was
    removed after the reference was frozen) has no scores: NaN.
    """

    def __init__(self, rows: int) -> None:
        super().__init__()
        self._rows = rows

    def __missing__(self, name: str) -> Values:
        return np.full(self._rows, np.nan)


def signal_scores(table: SignalTable) -> Scores:
    """Return the scores of every signal channel of a table."""
    scores = Scores(len(table.values))
    for column, signal in enumerate(table.signals):
        for channel in of_signal(signal):
            scores[channel.name] = channel.sign * table.values[:, column]
    return scores


def p_values(usual: NDArray[np.float64], scores: Values, *, own: bool = False) -> Values:
    """Return p-values of shape (n,) by rank among sorted usual scores; NaN stays NaN.

    Args:
        own: whether the scores are among the usual ones, so that each already counts itself.

    >>> p_values(np.array([1.0, 2.0, 3.0]), np.array([0.0, 3.0, 4.0])).tolist()
    [1.0, 0.5, 0.25]
    """
    as_odd = len(usual) - np.searchsorted(usual, scores, side="left")
    return np.where(np.isnan(scores), np.nan, (as_odd + (not own)) / (1 + len(usual)))
