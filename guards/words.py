"""Which words stand in a text, hashed into a fixed number of features."""

from __future__ import annotations

import re
import zlib

import numpy as np
from numpy.typing import NDArray

FEATURES = 1024
_LONGEST_TEXT = 4_000  # characters that are looked at
_TOKEN = re.compile(r"\w+|[^\w\s]|\n+")


def packed(text: str) -> bytes:
    """Return the features of a text: sorted numbers below `FEATURES`, 16 bits each, little-endian.

    Words in small letters, single signs and runs of line ends are what is looked for; how often
    they stand there is not.

    >>> unpacked(packed("Yes, yes.")).tolist()
    [64, 266, 687]
    """
    tokens = set(_TOKEN.findall(text[:_LONGEST_TEXT].lower()))
    found = {zlib.crc32(each.encode("utf-8", "surrogatepass")) % FEATURES for each in tokens}
    return np.array(sorted(found), dtype="<u2").tobytes()


def unpacked(features: bytes) -> NDArray[np.int64]:
    """Return the numbers of the features."""
    return np.frombuffer(features, dtype="<u2").astype(np.int64)
