"""Which words stand in a text, hashed with a key into a fixed number of features.

Features are kept where texts are not: without the key nobody can tell which words they are of.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from guards.layout import Hashes, Layout, Places

FEATURES = 1024
_LONGEST_TEXT = 4_000  # characters that are looked at
_TOKEN = re.compile(r"\w+|[^\w\s]|\n+")
_SLOTS = 1 << 17  # for parts of texts whose features are remembered
_SHIFT = 64 - 17  # of a hash, to its slot
_PROBES = 6  # slots in which a part may lie
_TOKENS = 4  # of a part that is remembered, at most


def packed(text: str, key: bytes) -> bytes:
    """Return the features of a text: sorted numbers below `FEATURES`, 16 bits each, little-endian.

    Words in small letters, single signs and runs of line ends are what is looked for; how often
    they stand there is not.

    Args:
        key: up to 64 secret bytes; texts are alike in features only under the same key.

    >>> len(unpacked(packed("Yes, yes.", b"secret")))
    3
    """
    return packed_all(Layout.of([text]), key)[0]


def packed_all(layout: Layout, key: bytes) -> list[bytes]:
    """Return the features of each text, as `packed` does."""
    if any(len(text) > _LONGEST_TEXT for text in layout.texts):
        layout = Layout.of([text[:_LONGEST_TEXT] for text in layout.texts])
    is_there = np.zeros((len(layout.texts), FEATURES + 1), dtype=bool)  # the last column is of none
    _memory(key).mark(layout, is_there)
    breaks = layout.breaks
    for length in set(breaks.hashes.tolist()):
        is_there[breaks.rows[breaks.hashes == length], _feature("\n" * length, key)] = True
    rows, features = is_there[:, :FEATURES].nonzero()
    content = features.astype("<u2").tobytes()
    ends = (2 * np.searchsorted(rows, np.arange(len(is_there) + 1))).tolist()
    return [content[start:end] for start, end in pairwise(ends)]


def unpacked(features: bytes) -> NDArray[np.int64]:
    """Return the numbers of the features."""
    return np.frombuffer(features, dtype="<u2").astype(np.int64)


class _Memory:
    """The features of the parts of texts that came before, under one key: a hash table in columns.

    No token but line ends has white space in it, so a word of the layout is looked up as a whole.
    It lies in one of a few slots from its own on; once half of all are taken, all are given up.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._forget()

    def _forget(self) -> None:
        self._words = np.zeros(_SLOTS + _PROBES, dtype=np.uint64)  # hashes; 0 is a free slot
        self._features = np.full((len(self._words), _TOKENS), FEATURES, dtype=np.int16)
        self._taken = 0

    def mark(self, layout: Layout, is_there: NDArray[np.bool_]) -> None:
        """Mark the features of words, the rows of `is_there` being texts."""
        hashes, rows = layout.words.hashes, layout.words.rows
        slots = _slots(hashes)
        unknown = np.flatnonzero(self._words[slots] != hashes)
        for _ in range(_PROBES - 1):
            slots[unknown] += 1
            unknown = unknown[self._words[slots[unknown]] != hashes[unknown]]
        features = self._features[slots]
        features[unknown] = FEATURES
        for column in features.T:
            is_there[rows, column] = True
        met: dict[int, list[int]] = {}
        for hashed, (row, part) in zip(
            hashes[unknown].tolist(), layout.texts_of(layout.words, unknown), strict=True
        ):
            if hashed not in met:
                met[hashed] = self._met(hashed, part)
            is_there[row, met[hashed]] = True

    def _met(self, hashed: int, part: str) -> list[int]:
        """Return the features of a new part, and remember it if it has few."""
        found = list({_feature(token, self._key) for token in _TOKEN.findall(part.lower())})
        if len(found) <= _TOKENS:
            if self._taken == _SLOTS // 2:
                self._forget()
            start = hashed >> _SHIFT
            free = np.flatnonzero(self._words[start : start + _PROBES] == 0)
            if len(free):
                slot = start + int(free[0])
                self._words[slot] = hashed
                self._features[slot, : len(found)] = found
                self._taken += 1
        return found


def _slots(hashes: Hashes) -> Places:
    return (hashes >> np.uint64(_SHIFT)).astype(np.int64)


@lru_cache(maxsize=16)
def _memory(key: bytes) -> _Memory:
    return _Memory(key)


@lru_cache(maxsize=65_536)
def _feature(token: str, key: bytes) -> int:
    content = token.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(content, digest_size=4, key=key).digest()) % FEATURES
