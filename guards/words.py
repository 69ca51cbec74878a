"""Which words stand in a text, hashed with a key into a fixed number of features.

Features are kept where texts are not: without the key nobody can tell which words they are of.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

FEATURES = 1024
_LONGEST_TEXT = 4_000  # characters that are looked at
_REMEMBERED = 16_384  # words whose feature is remembered, as far as they are no longer than this:
_LONGEST_REMEMBERED = 32
_TOKEN = re.compile(r"\w+|[^\w\s]|\n+")


def packed(text: str, key: bytes) -> bytes:
    """Return the features of a text: sorted numbers below `FEATURES`, 16 bits each, little-endian.

    Words in small letters, single signs and runs of line ends are what is looked for; how often
    they stand there is not.

    Args:
        key: up to 64 secret bytes; texts are alike in features only under the same key.

    >>> len(unpacked(packed("Yes, yes.", b"secret")))
    3
    """
    tokens = set(_TOKEN.findall(text[:_LONGEST_TEXT].lower()))
    found = {
        _remembered(each, key) if len(each) <= _LONGEST_REMEMBERED else _feature(each, key)
        for each in tokens
    }
    return np.array(sorted(found), dtype="<u2").tobytes()


def unpacked(features: bytes) -> NDArray[np.int64]:
    """Return the numbers of the features."""
    return np.frombuffer(features, dtype="<u2").astype(np.int64)


def _feature(token: str, key: bytes) -> int:
    content = token.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(content, digest_size=4, key=key).digest()) % FEATURES


_remembered = lru_cache(_REMEMBERED)(_feature)
