"""Channels of drift: each orders answers from usual to odd by one score, large for odd ones.

A signal whose both sides are odd becomes two channels, one for each direction. Folded into one by
the distance from the middle, a shift to one side would hardly show; and a score that is the signal
itself needs nothing fitted, so its ranks among the reference answers are exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from guards.signals.catalogue import CATALOGUE, SignalTable
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

    def scores(self, table: SignalTable) -> Values:
        """Return scores of shape (n,): large is odd, NaN where the signal is undefined."""
        return self.sign * table.column(self.signal.name)


def _channels(signal: Signal) -> tuple[Channel, ...]:
    upper = Channel(name=f"{signal.name}_high", signal=signal, sign=1)
    lower = Channel(name=f"{signal.name}_low", signal=signal, sign=-1)
    return {Tail.BOTH: (upper, lower), Tail.UPPER: (upper,), Tail.LOWER: (lower,)}[signal.tail]


CHANNELS = tuple(
    channel for signal in CATALOGUE if signal.behavioural for channel in _channels(signal)
)
BY_NAME = {channel.name: channel for channel in CHANNELS}


def signal_scores(table: SignalTable) -> dict[str, Values]:
    """Return the scores of every signal channel by name, shape (n,) each."""
    return {channel.name: channel.scores(table) for channel in CHANNELS}


def p_values(usual: NDArray[np.float64], scores: Values, *, own: bool = False) -> Values:
    """Return p-values of shape (n,) by rank among sorted usual scores; NaN stays NaN.

    Args:
        own: whether the scores are among the usual ones, so that each already counts itself.

    >>> p_values(np.array([1.0, 2.0, 3.0]), np.array([0.0, 3.0, 4.0])).tolist()
    [1.0, 0.5, 0.25]
    """
    as_odd = len(usual) - np.searchsorted(usual, scores, side="left")
    return np.where(np.isnan(scores), np.nan, (as_odd + (not own)) / (1 + len(usual)))
