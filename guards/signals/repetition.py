"""Signals of repetition: an answer that says the same thing over and over."""

from __future__ import annotations

import math
import operator
from collections.abc import Hashable, Sequence
from itertools import groupby

from guards.signals.signal import Family, Signal, Tail, of_text
from guards.signals.view import TextView

NGRAM = 4


def repeated_share(items: Sequence[Hashable]) -> float:
    """Return the share of items that occurred before; NaN without items.

    >>> repeated_share(["a", "b", "a", "a"])
    0.5
    """
    return 1 - len(set(items)) / len(items) if items else math.nan


def repeated_ngrams(view: TextView) -> float:
    """Return the share of n-grams of words that occurred before; NaN for fewer than n words."""
    parts, second = view.units, view.following
    ngrams = len(parts) - NGRAM + 1
    if ngrams < 1:
        return math.nan
    return 1 - len(set(zip(parts, second, parts[2:], parts[3:], strict=False))) / ngrams


def repeated_lines(view: TextView) -> float:
    """Return the share of non-blank lines that occurred before; NaN without any."""
    return repeated_share(view.lines)


def longest_run(view: TextView) -> float:
    """Return the length of the longest run of one word (or character, without spaces)."""
    parts = view.units
    if not any(map(operator.eq, parts, view.following)):  # most texts, in a tenth of the time
        return float(min(len(parts), 1))
    return float(max(sum(1 for _ in run) for _, run in groupby(parts)))


SIGNALS = (
    Signal(
        name="repeated_ngrams",
        unit="",
        low=0,
        high=1,
        meaning=f"share of repeated {NGRAM}-grams",
        tail=Tail.UPPER,
        compute=of_text(repeated_ngrams),
        family=Family.REPETITION,
    ),
    Signal(
        name="repeated_lines",
        unit="",
        low=0,
        high=1,
        meaning="share of repeated lines",
        tail=Tail.UPPER,
        compute=of_text(repeated_lines),
        family=Family.REPETITION,
    ),
    Signal(
        name="longest_run",
        unit="times",
        low=0,
        high=math.inf,
        meaning="longest run of one word",
        tail=Tail.UPPER,
        compute=of_text(longest_run),
        family=Family.REPETITION,
    ),
)
