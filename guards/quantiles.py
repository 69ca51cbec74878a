"""Quantiles of a stream of non-negative numbers, in little space and to a stated precision.

A number is counted in the bin whose bounds differ by one per cent, so every quantile is known to half a
per cent of its value, whatever the distribution and however many numbers there are. Sketches of
parts add up to exactly the sketch of the whole, in any order: work that is done again, and numbers
that come late, change no bit of it.

Source: Masson, Rim, Lee, *DDSketch: a fast and fully-mergeable quantile sketch with relative-error
guarantees* (VLDB 2019).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

PRECISION = 0.005
_GROWTH = (1.0 + PRECISION) / (1.0 - PRECISION)
_LOG_GROWTH = math.log(_GROWTH)
_SMALLEST, _LARGEST = 1e-9, 1e12  # what lies outside is counted at the ends
_ZERO = -32_768  # the bin of what is smaller than the smallest
_BINS = 1 << 16
_BIN = np.dtype("<i2")
_COUNTS = {width: np.dtype(f"<u{width}") for width in (1, 2, 4, 8)}  # the narrowest is written
_EVERY = _COUNTS[8]


@dataclass(frozen=True, slots=True, eq=False)
class Quantiles:
    """How many numbers fell into which bin.

    Args:
        bins: ascending, without repetition; shape (n,).
        counts: of each bin, at least 1; shape (n,).

    >>> seconds = Quantiles.of([1.0, 2.0]).merged(Quantiles.of([3.0, 4.0]))
    >>> seconds.size, round(seconds.value(0.5), 1)
    (4, 2.5)
    """

    bins: NDArray[np.int16]
    counts: NDArray[np.uint64]

    @classmethod
    def of(cls, numbers: ArrayLike) -> Quantiles:
        """Return the sketch of numbers; NaN is left out, and what is below zero is zero."""
        return each_of([np.asarray(numbers, dtype=np.float64)])[0]

    @classmethod
    def read(cls, content: bytes) -> Quantiles:
        """Return what `write` wrote. Raises `ValueError` for anything else."""
        counts = _COUNTS.get(content[0]) if content else None
        width = _BIN.itemsize + counts.itemsize if counts else 1
        size, rest = divmod(len(content) - 1, width)
        if counts is None or rest:
            raise ValueError(f"no sketch of quantiles: {content[:16]!r}")
        bins = np.frombuffer(content, _BIN, size, offset=1)
        own = np.frombuffer(content, counts, size, offset=1 + size * _BIN.itemsize)
        return cls(bins, own.astype(_EVERY))

    def write(self) -> bytes:
        """Return the sketch as bytes: three to ten for each bin that is not empty."""
        most = int(self.counts.max(initial=0))
        width = next(each for each in _COUNTS if most < 1 << 8 * each)
        counts = self.counts.astype(_COUNTS[width])
        return bytes((width,)) + self.bins.tobytes() + counts.tobytes()

    @property
    def size(self) -> int:
        """How many numbers it has counted."""
        return int(self.counts.sum())

    def merged(self, *others: Quantiles) -> Quantiles:
        """Return the sketch of all their numbers together."""
        return each_merged([(self, *others)])[0]

    def value(self, share: float) -> float:
        """Return the quantile of a share in [0, 1], NaN without numbers.

        Between two neighbours in rank it lies as far as the share does (as in Postgres'
        `percentile_cont`).
        """
        if not len(self.bins):
            return math.nan
        rank = share * (self.size - 1)
        ends = np.cumsum(self.counts)
        low, high = (self._middle(ends, step) for step in (math.floor(rank), math.ceil(rank)))
        return low + (high - low) * (rank - math.floor(rank))

    def _middle(self, ends: NDArray[Any], rank: int) -> float:
        """Return what stands for the number of a rank, counted from 0."""
        place = int(self.bins[int(np.searchsorted(ends, rank, side="right"))])
        if place == _ZERO:
            return 0.0
        return 2.0 * math.exp(place * _LOG_GROWTH) / (1.0 + _GROWTH)


EMPTY = Quantiles(np.empty(0, _BIN), np.empty(0, _EVERY))


def each_of(parts: Sequence[NDArray[np.float64]]) -> list[Quantiles]:
    """Return the sketch of each part's numbers: at once, for there may be many small ones."""
    given = np.concatenate([np.empty(0), *parts])
    small = given < _SMALLEST
    logs = np.log(np.clip(np.where(small, 1.0, given), None, _LARGEST)) / _LOG_GROWTH
    known = ~np.isnan(given)
    bins = np.where(small, _ZERO, np.ceil(np.where(known, logs, 0.0))).astype(np.int64)
    groups = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return _counted(groups[known], bins[known], np.ones(int(known.sum()), _EVERY), len(parts))


def each_merged(groups: Sequence[Sequence[Quantiles]]) -> list[Quantiles]:
    """Return the sketch of each group's numbers together."""
    parts = [EMPTY, *(part for group in groups for part in group)]
    bins = np.concatenate([part.bins for part in parts]).astype(np.int64)
    counts = np.concatenate([part.counts for part in parts])
    sizes = [sum(len(part.bins) for part in group) for group in groups]
    return _counted(np.repeat(np.arange(len(groups)), sizes), bins, counts, len(groups))


def _counted(
    groups: NDArray[np.int64], bins: NDArray[np.int64], counts: NDArray[np.uint64], size: int
) -> list[Quantiles]:
    """Return one sketch for each group; counts of one group and bin are added."""
    keys, places = np.unique(groups * _BINS + (bins - _ZERO), return_inverse=True)
    totals = np.zeros(len(keys), _EVERY)
    np.add.at(totals, places, counts)
    own = (keys % _BINS + _ZERO).astype(_BIN)
    ends = np.searchsorted(keys, np.arange(size + 1) * _BINS).tolist()
    return [Quantiles(own[start:end], totals[start:end]) for start, end in pairwise(ends)]
