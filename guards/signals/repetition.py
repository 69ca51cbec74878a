"""Signals of repetition: an answer that says the same thing over and over."""

from __future__ import annotations

import math
import operator
from collections.abc import Hashable, Sequence
from itertools import groupby, islice

from guards.signals.signal import Signal, Tail, of_text

NGRAM = 4
_LONGEST_WORD = 24  # mean word length above which a text is taken to have no spaces between words


def units(text: str) -> Sequence[str]:
    """Return the words of a text, or its characters where words are not set apart by spaces."""
    parts = text.split()
    solid = sum(map(len, parts))
    return parts if solid <= _LONGEST_WORD * len(parts) else "".join(parts)


def repeated_share(items: Sequence[Hashable]) -> float:
    """Return the share of items that occurred before; NaN without items.

    >>> repeated_share(["a", "b", "a", "a"])
    0.5
    """
    return 1 - len(set(items)) / len(items) if items else math.nan


def repeated_ngrams(text: str) -> float:
    """Return the share of n-grams of words that occurred before; NaN for fewer than n words."""
    parts = units(text)
    return repeated_share(list(zip(*(parts[start:] for start in range(NGRAM)), strict=False)))


def repeated_lines(text: str) -> float:
    """Return the share of non-blank lines that occurred before; NaN without any."""
    return repeated_share([line for line in map(str.strip, text.split("\n")) if line])


def longest_run(text: str) -> float:
    """Return the length of the longest run of one word (or character, without spaces)."""
    parts = units(text)
    if not any(
        map(operator.eq, parts, islice(parts, 1, None))
    ):  # most texts, in a tenth of the time
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
    ),
    Signal(
        name="repeated_lines",
        unit="",
        low=0,
        high=1,
        meaning="share of repeated lines",
        tail=Tail.UPPER,
        compute=of_text(repeated_lines),
    ),
    Signal(
        name="longest_run",
        unit="times",
        low=0,
        high=math.inf,
        meaning="longest run of one word",
        tail=Tail.UPPER,
        compute=of_text(longest_run),
    ),
)
