"""Counts of character n-grams, hashed into a fixed number of features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from guards.sparse import SparseRows, stacked

FEATURES = 2**12
LONGEST_TEXT = 4_000  # characters that are looked at
_SIZES = (3, 4)
_SPACE = ord(" ")
_AT_ONCE = 64  # texts whose counts are in memory as a full table: 1 MB
# Odd constants with well-mixed bits: the primes of xxHash (Collet, 2012), modulo 2**32.
_PLACES = np.array([0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F], dtype=np.uint32)
_MIX = np.uint32(0x165667B1)


def counts(texts: Sequence[str]) -> SparseRows:
    """Return how often each feature occurs in each text: (n, features), float32.

    An n-gram of 3 or 4 characters lies within a word, with the spaces around it, in small letters.
    Different n-grams may fall onto one feature.

    >>> float(counts(["a cat"]).values.sum())  # " a ", " ca", "cat", "at ", " cat", "cat "
    6.0
    """
    starts = range(0, max(len(texts), 1), _AT_ONCE)
    parts = [_counts(texts[start : start + _AT_ONCE]) for start in starts]
    return parts[0] if len(parts) == 1 else stacked(parts)


def _counts(texts: Sequence[str]) -> SparseRows:
    plain = [f" {' '.join(text[:LONGEST_TEXT].lower().split())} " for text in texts]
    codes = np.frombuffer("".join(plain).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    rows = np.repeat(np.arange(len(plain)), [len(text) for text in plain])
    cells = np.concatenate([_cells(codes, rows, size) for size in _SIZES])
    table = np.bincount(cells, minlength=len(plain) * FEATURES)
    occupied = np.flatnonzero(table)
    ends = np.searchsorted(occupied, np.arange(len(plain) + 1) * FEATURES)
    return SparseRows(
        values=table[occupied].astype(np.float32),
        features=occupied % FEATURES,
        ends=ends,
        width=FEATURES,
    )


def _cells(codes: NDArray[np.uint32], rows: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return the cell (row times features, and the feature) of each n-gram of one size."""
    last = max(len(codes) - size + 1, 0)
    inside = rows[:last] == rows[size - 1 :]
    for place in range(1, size - 1):
        inside &= codes[place : place + last] != _SPACE
    hashed = np.full(last, size, dtype=np.uint32)
    for place in range(size):
        hashed += codes[place : place + last] * _PLACES[place]
    hashed ^= hashed >> np.uint32(15)
    hashed *= _MIX
    hashed ^= hashed >> np.uint32(13)
    features = (hashed & np.uint32(FEATURES - 1)).astype(np.int64)
    return np.asarray((rows[:last] * FEATURES + features)[inside])
