"""Signals of repetition: an answer that says the same thing over and over."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import groupby

import numpy as np

from guards.layout import Layout, Places, distinct, mixed
from guards.signals.batch import Batch
from guards.signals.signal import Family, Signal, Tail, Values, ratio
from guards.signals.view import TextView

NGRAM = 4
_STEP = np.uint64(0x94D049BB133111EB)  # odd: an n-gram is hashed as a polynomial of its units


def repeated_ngrams(layout: Layout) -> Values:
    """Return the share of n-grams of words that occurred before; NaN for fewer than n words.

    >>> repeated_ngrams(Layout.of(["a a a a a", "a b c"])).tolist()
    [0.5, nan]
    """
    units, sizes = layout.units, layout.sizes
    last = max(len(units.hashes) - NGRAM + 1, 0)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    is_within = rows[:last] == rows[NGRAM - 1 :]
    hashed = units.hashes[:last]
    for place in range(1, NGRAM):
        hashed = hashed * _STEP + units.hashes[place : place + last]
    found = distinct(mixed(hashed[is_within]), rows[:last][is_within], len(sizes))
    return _repeated(found, np.maximum(sizes - NGRAM + 1, 0))


def repeated_lines(layout: Layout) -> Values:
    """Return the share of non-blank lines that occurred before; NaN without any."""
    lines = layout.lines
    return _repeated(distinct(lines.hashes, lines.rows, len(lines.counts)), lines.counts)


def longest_run(layout: Layout) -> Values:
    """Return the length of the longest run of one word (or character, without spaces)."""
    units, sizes = layout.units, layout.sizes
    is_again = np.zeros(len(units.hashes) + 1, dtype=bool)
    np.equal(units.hashes[1:], units.hashes[:-1], out=is_again[1:-1])
    is_again[units.ends] = False  # the first of each text has none before it
    longest = np.minimum(sizes, 1).astype(np.float64)
    for row in {*np.searchsorted(units.ends, np.flatnonzero(is_again), side="right").tolist()}:
        parts = TextView(layout.texts[row - 1]).units
        longest[row - 1] = max(sum(1 for _ in run) for _, run in groupby(parts))
    return longest


def _repeated(found: Places, counts: Places) -> Values:
    """Return the share of things (n,) that are no first ones, of which so many are distinct."""
    return 1 - ratio(found, counts)


def _of_layout(measure: Callable[[Layout], Values]) -> Callable[[Batch], Values]:
    return lambda batch: measure(batch.layout)


SIGNALS = (
    Signal(
        name="repeated_ngrams",
        unit="",
        low=0,
        high=1,
        meaning=f"share of repeated {NGRAM}-grams",
        tail=Tail.UPPER,
        compute=_of_layout(repeated_ngrams),
        family=Family.REPETITION,
    ),
    Signal(
        name="repeated_lines",
        unit="",
        low=0,
        high=1,
        meaning="share of repeated lines",
        tail=Tail.UPPER,
        compute=_of_layout(repeated_lines),
        family=Family.REPETITION,
    ),
    Signal(
        name="longest_run",
        unit="times",
        low=0,
        high=math.inf,
        meaning="longest run of one word",
        tail=Tail.UPPER,
        compute=_of_layout(longest_run),
        family=Family.REPETITION,
    ),
)
