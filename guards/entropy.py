"""Entropy of a token's distribution, of which only the likeliest tokens are known."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

ALTERNATIVES = 5  # what OpenAI's text completions give at most


def least(top: Sequence[float]) -> float:
    """Return a lower bound of the entropy in nats, from log-probabilities of the likeliest tokens.

    The five likeliest count as they are, and all others as one: to tell those apart could only add
    to it (the grouping property of entropy). More than five are cut to five, and fewer give NaN: a
    bound from more or fewer alternatives is another number, and callers ask for different ones.

    >>> round(least([math.log(0.2)] * 5), 3)  # ln 5: nothing is left for others
    1.609
    """
    if len(top) < ALTERNATIVES or math.isnan(sum(top)):
        return math.nan
    likeliest = sorted(top, reverse=True)[:ALTERNATIVES]
    known = math.fsum(map(math.exp, likeliest))
    own = -math.fsum(math.exp(each) * each for each in likeliest if each > -math.inf)
    return max(own + _surprise(1 - known), 0.0)


def of_tokens(tops: Iterable[Sequence[float]]) -> tuple[float, ...] | None:
    """Return the least entropy of each token, or `None` where it is known of none."""
    found = tuple(map(least, tops))
    return None if all(map(math.isnan, found)) else found


def _surprise(probability: float) -> float:
    """Return -p ln p of what is left for all other tokens; rounding may take it below 0."""
    return -probability * math.log(probability) if probability > 0 else 0.0
