"""Entropy of a string's characters: what is drawn at random has much, what people write less."""

from __future__ import annotations

import math
from collections import Counter


def bits(text: str) -> float:
    """Return Shannon's entropy of the characters, in bits a character, 0 for an empty text.

    Its highest value is log2 of the length, so thresholds suit one range of lengths.

    >>> bits("abab"), bits("abcd")
    (1.0, 2.0)
    """
    counts = Counter(text).values()
    return sum(-count / len(text) * math.log2(count / len(text)) for count in counts)
