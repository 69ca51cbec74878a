"""Exact statements about how often something with a fixed rate happens."""

from __future__ import annotations

import math

import numpy as np

_HALVINGS = 60  # of an interval of length 1: beyond the last bit of its ends


def coin_tail(hits: int, trials: int) -> float:
    """Return the probability that a fair coin shows heads at most `hits` times, exactly rounded.

    >>> coin_tail(1, 3)
    0.5
    """
    ways = total = 1
    for count in range(1, hits + 1):
        ways = ways * (trials - count + 1) // count
        total += ways
    return total / (1 << trials)


def upper_bound(hits: int, trials: int, *, confidence: float) -> float:
    """Return the exact upper confidence bound of a rate (Clopper and Pearson, 1934).

    It is the rate at which so few hits have probability `1 - confidence`; 1 without a miss.

    >>> round(upper_bound(0, 100, confidence=0.95), 4)  # the rule of three
    0.0295
    """
    if hits == trials:
        return 1.0
    counts = np.arange(hits + 1)
    ways = np.concatenate([[0.0], np.cumsum(np.log((trials - counts[:-1]) / counts[1:]))])
    low, high = hits / trials, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        logs = ways + counts * math.log(middle) + (trials - counts) * math.log1p(-middle)
        if np.exp(logs).sum() > 1 - confidence:
            low = middle
        else:
            high = middle
    return (low + high) / 2
