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
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

PRECISION = 0.005
_GROWTH = (1.0 + PRECISION) / (1.0 - PRECISION)
_LOG_GROWTH = math.log(_GROWTH)
_SMALLEST, _LARGEST = 1e-9, 1e12  # what lies outside is counted at the ends
_ZERO = -32_768  # the bin of what is smaller than the smallest
_BIN, _COUNT = np.dtype("<i2"), np.dtype("<u8")
_WIDTH = _BIN.itemsize + _COUNT.itemsize


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
        given = np.asarray(numbers, dtype=np.float64)
        given = np.clip(given[~np.isnan(given)], 0.0, _LARGEST)
        small = given < _SMALLEST
        logs = np.log(np.where(small, 1.0, given)) / _LOG_GROWTH
        bins, counts = np.unique(np.where(small, _ZERO, np.ceil(logs)), return_counts=True)
        return cls(bins.astype(_BIN), counts.astype(_COUNT))

    @classmethod
    def read(cls, content: bytes) -> Quantiles:
        """Return what `write` wrote. Raises `ValueError` for anything else."""
        try:
            plain = zlib.decompress(content)
        except zlib.error as error:
            raise ValueError(f"no sketch of quantiles: {error}") from error
        size, rest = divmod(len(plain), _WIDTH)
        if rest:
            raise ValueError(f"no sketch of quantiles: {len(plain)} bytes")
        split = size * _BIN.itemsize
        return cls(np.frombuffer(plain[:split], _BIN), np.frombuffer(plain[split:], _COUNT))

    def write(self) -> bytes:
        """Return the sketch as bytes; about two for each bin that is not empty."""
        return zlib.compress(self.bins.tobytes() + self.counts.tobytes(), 1)

    @property
    def size(self) -> int:
        """How many numbers it has counted."""
        return int(self.counts.sum())

    def merged(self, *others: Quantiles) -> Quantiles:
        """Return the sketch of all their numbers together."""
        parts = (self, *others)
        every = np.concatenate([part.bins for part in parts])
        bins, places = np.unique(every, return_inverse=True)
        counts = np.zeros(len(bins), _COUNT)
        np.add.at(counts, places, np.concatenate([part.counts for part in parts]))
        return Quantiles(bins, counts)

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


EMPTY = Quantiles(np.empty(0, _BIN), np.empty(0, _COUNT))
