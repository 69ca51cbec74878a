"""Which words stand in a text, hashed with a key into a fixed number of features.

Features are kept where texts are not: without the key nobody can tell which words they are of.
"""

from __future__ import annotations

import hashlib
import operator
import re
from functools import lru_cache, reduce

import numpy as np
from numpy.typing import NDArray

FEATURES = 1024
_LONGEST_TEXT = 4_000  # characters that are looked at
_REMEMBERED = 32_768  # parts whose features are remembered, as far as they are no longer than this:
_LONGEST_REMEMBERED = 32
_TOKEN = re.compile(r"\w+|[^\w\s]|\n+")
_LINE_ENDS = re.compile(r"\n+")
_BITS = tuple(1 << feature for feature in range(FEATURES))


def packed(text: str, key: bytes) -> bytes:
    """Return the features of a text: sorted numbers below `FEATURES`, 16 bits each, little-endian.

    Words in small letters, single signs and runs of line ends are what is looked for; how often
    they stand there is not.

    Args:
        key: up to 64 secret bytes; texts are alike in features only under the same key.

    >>> len(unpacked(packed("Yes, yes.", b"secret")))
    3
    """
    seen = text[:_LONGEST_TEXT]
    # No token but line ends has white space in it: most parts between it were met before.
    parts = {*seen.split(), *_LINE_ENDS.findall(seen)}
    found = reduce(operator.or_, map(_remembered(key).__getitem__, parts), 0)
    bits = np.frombuffer(found.to_bytes(FEATURES // 8, "little"), dtype=np.uint8)
    return np.unpackbits(bits, bitorder="little").nonzero()[0].astype("<u2").tobytes()


def unpacked(features: bytes) -> NDArray[np.int64]:
    """Return the numbers of the features."""
    return np.frombuffer(features, dtype="<u2").astype(np.int64)


class _Remembered(dict[str, int]):
    """Part of a text → the bits of its tokens' features, under one key."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._key = key

    def __missing__(self, part: str) -> int:
        features = {_feature(token, self._key) for token in _TOKEN.findall(part.lower())}
        bits = reduce(operator.or_, map(_BITS.__getitem__, features), 0)
        if len(part) <= _LONGEST_REMEMBERED:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[part] = bits
        return bits


@lru_cache(maxsize=16)
def _remembered(key: bytes) -> _Remembered:
    return _Remembered(key)


def _feature(token: str, key: bytes) -> int:
    content = token.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(content, digest_size=4, key=key).digest()) % FEATURES
