"""Online conformal p-values: how odd is a score among all that came before it?

Source: Vovk, Gammerman, Shafer, *Algorithmic Learning in a Random World* (2nd ed., 2022),
chapter 8: if reference and stream are exchangeable, smoothed p-values by rank among everything
seen so far are independent and uniform on (0, 1), whatever the distribution.
"""

from __future__ import annotations

import hashlib
import math
import zlib
from array import array
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Scores are ranked after rounding to 7 significant bits (0.8 %). The rounding is fixed before any
# data, so it keeps exchangeability, and ties are broken exactly; it bounds memory and saved state.
_STEPS = 128  # cells per octave
_OCTAVES = 24  # magnitudes from 2**-24 to 2**24; what is smaller is 0, what is larger is the most
_LARGEST = 2.0**_OCTAVES
_SMALLEST = 2.0**-_OCTAVES
_ZERO = (2 * _OCTAVES + 1) * _STEPS  # index of the cell that holds 0
_CELLS = 2 * _ZERO + 1


def theta_of(exchange_id: str, channel: str) -> float:
    """Return the tie-breaking number of an exchange in a channel, as if drawn uniformly from [0, 1).

    It comes from SHA-256, so that a replay breaks every tie in the same way.

    >>> round(theta_of("a1", "length"), 6)
    0.019083
    """
    return (_unit(exchange_id) + _unit(channel)) % 1.0


@lru_cache(maxsize=1024)
def _unit(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2.0**48


def two_sided(p_value: float) -> float:
    """Return a p-value that is small when `p_value` is near 0 or near 1; uniform if that is.

    >>> two_sided(0.25), two_sided(0.75)
    (0.5, 0.5)
    """
    return 2.0 * min(p_value, 1.0 - p_value)


class ConformalRanks:
    """Ranks of new scores among reference scores and everything seen since.

    Args:
        reference: nonconformity scores (n,), large is odd; may be empty.

    Raises:
        ValueError: if a score is NaN.

    >>> ranks = ConformalRanks([1.0, 2.0, 3.0])
    >>> ranks.p_value(10.0, theta=0.5), ranks.p_value(0.0, theta=0.5)
    (0.125, 0.9)
    """

    def __init__(self, reference: Sequence[float] | NDArray[np.float64] = ()) -> None:
        self._load(np.bincount(_cells(np.asarray(reference, dtype=np.float64)), minlength=_CELLS))

    @property
    def size(self) -> int:
        """How many scores a new one is ranked among."""
        return self._size

    def p_value(self, score: float, theta: float) -> float:
        """Return the p-value of a score (large score, small p), then count it among the past.

        Args:
            theta: in [0, 1], breaks ties.
        """
        cell = _cell(score)
        equal = self._counts[cell]
        greater = self._size - self._up_to(cell)
        self._add(cell)
        return (greater + theta * (equal + 1)) / self._size

    def state(self) -> dict[str, Any]:
        """Return what is remembered, as JSON: gaps between occupied cells, and their counts.

        The numbers are packed (little-endian 32-bit, zlib, base64): a state is saved many times a
        minute, and as plain lists it would cost more than the judging.
        """
        counts = np.frombuffer(self._counts, dtype=np.int64)
        cells = np.flatnonzero(counts)
        numbers = np.concatenate([np.diff(cells, prepend=0), counts[cells]]).astype("<u4")
        return {"packed": b64encode(zlib.compress(numbers.tobytes(), level=1)).decode()}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> ConformalRanks:
        """Return the ranks as they were saved by `state`."""
        ranks = cls()
        numbers = np.frombuffer(zlib.decompress(b64decode(state["packed"])), dtype="<u4")
        gaps, occupied = np.split(numbers.astype(np.int64), 2)
        counts = np.zeros(_CELLS, dtype=np.int64)
        counts[np.cumsum(gaps)] = occupied
        ranks._load(counts)
        return ranks

    def _load(self, counts: NDArray[np.int64]) -> None:
        self._counts = array("q", counts.astype(np.int64).tobytes())
        self._size = int(counts.sum())
        # A Fenwick tree: entry i holds the sum of the lowbit(i) cells that end at cell i - 1.
        sums = np.concatenate([[0], np.cumsum(counts)])
        ends = np.arange(_CELLS + 1)
        self._tree: list[int] = (sums - sums[ends - (ends & -ends)]).tolist()

    def _add(self, cell: int) -> None:
        self._counts[cell] += 1
        self._size += 1
        tree, i = self._tree, cell + 1
        while i <= _CELLS:
            tree[i] += 1
            i += i & -i

    def _up_to(self, cell: int) -> int:
        tree, i, total = self._tree, cell + 1, 0
        while i:
            total += tree[i]
            i &= i - 1
        return total


def _cell(score: float) -> int:
    if math.isnan(score):
        raise ValueError("a nonconformity score is NaN; leave the channel out instead")
    size = min(abs(score), _LARGEST)
    if size < _SMALLEST:
        return _ZERO
    mantissa, exponent = math.frexp(size)
    offset = (exponent + _OCTAVES) * _STEPS + int((mantissa - 0.5) * (2 * _STEPS))
    return _ZERO + offset if score > 0 else _ZERO - offset


def _cells(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.array([_cell(score) for score in scores.tolist()], dtype=np.int64)
