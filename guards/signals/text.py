"""Signals of the answer's text: how long it is and what it is made of."""

from __future__ import annotations

import math
import string
import zlib

from guards.signals.signal import Signal, Tail, of_text

_ASCII_LETTERS = string.ascii_letters.encode()


def characters(text: str) -> float:
    """Return the number of Unicode code points."""
    return float(len(text))


def words(text: str) -> float:
    """Return the number of parts between white space."""
    return float(len(text.split()))


def lines(text: str) -> float:
    """Return the number of lines that are not blank."""
    return float(sum(1 for line in text.split("\n") if line.strip()))


def compression_ratio(text: str) -> float:
    """Return UTF-8 bytes over their zlib-compressed size: large for text that repeats itself."""
    if not text:
        return math.nan
    raw = text.encode("utf-8", "surrogatepass")
    return len(raw) / len(zlib.compress(raw, 1))


def word_length(text: str) -> float:
    """Return the mean number of characters in a word; NaN without words."""
    parts = text.split()
    return sum(map(len, parts)) / len(parts) if parts else math.nan


def letters(text: str) -> float:
    """Return the share of letters among the characters that are not blank."""
    solid = "".join(text.split())
    return _letters(solid) / len(solid) if solid else math.nan


def _letters(text: str) -> int:
    if text.isascii():  # a tenth of the time
        return len(text) - len(text.encode().translate(None, _ASCII_LETTERS))
    return sum(map(str.isalpha, text))


SIGNALS = (
    Signal(
        name="characters",
        unit="characters",
        low=0,
        high=math.inf,
        meaning="length",
        tail=Tail.BOTH,
        compute=of_text(characters),
    ),
    Signal(
        name="words",
        unit="words",
        low=0,
        high=math.inf,
        meaning="length",
        tail=Tail.BOTH,
        compute=of_text(words),
    ),
    Signal(
        name="lines",
        unit="lines",
        low=0,
        high=math.inf,
        meaning="length",
        tail=Tail.BOTH,
        compute=of_text(lines),
    ),
    Signal(
        name="compression_ratio",
        unit="",
        low=0,
        high=math.inf,
        meaning="compression ratio",
        tail=Tail.BOTH,
        compute=of_text(compression_ratio),
    ),
    Signal(
        name="word_length",
        unit="characters",
        low=1,
        high=math.inf,
        meaning="mean word length",
        tail=Tail.BOTH,
        compute=of_text(word_length),
    ),
    Signal(
        name="letters",
        unit="",
        low=0,
        high=1,
        meaning="share of letters",
        tail=Tail.BOTH,
        compute=of_text(letters),
    ),
)
