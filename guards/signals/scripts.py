"""Scripts: which writing systems the letters of a text belong to."""

from __future__ import annotations

import string
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

import numpy as np
import regex
from numpy.typing import NDArray

from guards.signals.view import TextView

LATIN, JAPANESE, OTHER = 0, 1, 2  # columns of counts; Japanese is kana and Han
_NO_LETTER = 3
_POINTS = 0x40000  # code points beyond the third plane are no letters
_ASCII_LETTERS = string.ascii_letters.encode()
_LATIN_LETTERS = regex.compile(r"\p{Latin}+")
_JAPANESE_LETTERS = regex.compile(r"[\p{Hiragana}\p{Katakana}\p{Han}\u30fc\uff70]+")

Counts = NDArray[np.int64]


def letter_counts(texts: Sequence[TextView]) -> Counts:
    """Return how many letters of each script each text has: (n, 3), Latin, Japanese, other.

    A letter is what `str.isalpha` calls one; Japanese stands for kana and Han, whoever writes them.

    >>> letter_counts([TextView("a1 \u3042\u6f22 \u0416")]).tolist()
    [[1, 2, 1]]
    """
    counts = np.zeros((len(texts), 3), dtype=np.int64)
    mixed = []
    for row, view in enumerate(texts):
        if view.text.isascii():
            counts[row, LATIN] = ascii_letters(view)
        else:
            mixed.append(row)
    if mixed:
        counts[mixed] = _mixed([texts[row].text for row in mixed])
    return counts


def shares(counts: Counts) -> NDArray[np.float64]:
    """Return counts (n, 3) as shares of all letters; NaN in rows without any."""
    totals = counts.sum(axis=1, keepdims=True)
    unknown = np.full(counts.shape, np.nan)
    return np.asarray(np.divide(counts, totals, out=unknown, where=totals > 0))


def ascii_letters(view: TextView) -> int:
    """Return how many letters a text of ASCII alone has."""
    return len(view.raw) - len(view.raw.translate(None, _ASCII_LETTERS))


def _mixed(texts: Sequence[str]) -> Counts:
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    kinds = _kinds()[np.minimum(codes, _POINTS - 1)]
    ends = np.fromiter(accumulate(map(len, texts)), dtype=np.int64)
    rows = np.repeat(np.arange(len(texts)), np.diff(ends, prepend=0))
    return np.bincount(rows * 4 + kinds, minlength=4 * len(texts)).reshape(-1, 4)[:, :3]


@lru_cache(maxsize=1)
def _kinds() -> NDArray[np.uint8]:
    """Return the column of each code point; 0.1 s once, where a text is not of ASCII alone."""
    every = "".join(map(chr, range(_POINTS)))
    kinds = np.full(_POINTS, OTHER, dtype=np.uint8)
    for letters, column in ((_LATIN_LETTERS, LATIN), (_JAPANESE_LETTERS, JAPANESE)):
        for run in letters.finditer(every):
            kinds[run.start() : run.end()] = column
    kinds[~np.fromiter(map(str.isalpha, every), dtype=bool, count=_POINTS)] = _NO_LETTER
    return kinds
