"""The layout of texts: where their words and lines are, found in one pass over all code points.

Words and lines are told apart by 64-bit hashes, so that what asks which of them are equal looks at
numbers and never at strings. Two different ones are taken for equal with a chance of 2**-64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Self

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]

KANA = 0x3040  # code points from here on may be Japanese, those before are not
LONGEST_WORD = 24  # mean word length above which a text is taken to have no spaces between words
_AT_ONCE = 64  # texts whose code points are in memory together: half a megabyte for usual ones
_LINE_END = ord("\n")
_LAST_BLANK = 0x3000  # the ideographic space is the last code point of white space
# Polynomial hashes modulo 2**64 to an odd base (Karp and Rabin, 1987), and what mixes their bits
# (the finalizer of SplitMix64; Steele, Lea, Flood, 2014).
_BASE = 0x9E3779B97F4A7C15
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_FOLD = np.uint64(32)
_FEWEST_POWERS = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runs:
    """Things in a row, text after text.

    Args:
        hashes: (m,), equal for equal ones.
        ends: (texts + 1,): those of text i are the ones from `ends[i]` to `ends[i + 1]`.
    """

    hashes: Hashes
    ends: Places

    @property
    def counts(self) -> Places:
        """How many there are in each text."""
        return np.diff(self.ends)

    @property
    def rows(self) -> Places:
        """The text of each."""
        return np.repeat(np.arange(len(self.ends) - 1), self.counts)

    def sums(self, values: Places) -> Places:
        """Return the sums over each text of values (m,)."""
        totals = np.concatenate([[0], np.cumsum(values)])
        return np.asarray(totals[self.ends[1:]] - totals[self.ends[:-1]])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spans(Runs):
    """Words or lines of texts.

    Args:
        starts, stops: (m,), where each stands in its own text.
        first: (m,), code point at its start.
    """

    starts: Places
    stops: Places
    first: NDArray[np.uint32]


class Layout:
    """Texts and their parts.

    Args:
        words: the parts between white space.
        lines: the lines that are not blank, without white space at their ends.
        breaks: lengths of the runs of line ends, as hashes.
        highest: (texts,), the largest code point of each; 10 or more.
    """

    def __init__(
        self,
        texts: Sequence[str],
        words: Spans,
        lines: Spans,
        breaks: Runs,
        highest: NDArray[np.uint32],
    ) -> None:
        self.texts = texts
        self.highest = highest
        self.words = words
        self.lines = lines
        self.breaks = breaks

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """Return the layout of texts.

        >>> layout = Layout.of(["a b", "", "b"])
        >>> layout.words.counts.tolist(), bool(layout.words.hashes[1] == layout.words.hashes[2])
        ([2, 0, 1], True)
        """
        starts = range(0, max(len(texts), 1), _AT_ONCE)
        parts = [_found(texts[start : start + _AT_ONCE]) for start in starts]
        words, lines, breaks, highest = zip(*parts, strict=True)
        return cls(
            texts, _joined(words), _joined(lines), _joined_runs(breaks), np.concatenate(highest)
        )

    @cached_property
    def solid(self) -> Places:
        """The number of characters of each text that are not blank."""
        return self.words.sums(self.words.stops - self.words.starts)

    @cached_property
    def is_spaced(self) -> NDArray[np.bool_]:
        """Whether words are set apart in each text."""
        return np.asarray(self.solid <= LONGEST_WORD * self.words.counts)

    @cached_property
    def sizes(self) -> Places:
        """The number of units of each text: words, or characters where words are not set apart."""
        return np.where(self.is_spaced, self.words.counts, self.solid)

    @cached_property
    def units(self) -> Runs:
        """The units of each text."""
        solid = np.flatnonzero(~self.is_spaced).tolist()
        if not solid:
            return Runs(hashes=self.words.hashes, ends=self.words.ends)
        ends = self.words.ends.tolist()
        pieces, start = [], 0
        for row in solid:
            characters = _codes("".join(self.texts[row].split()))
            pieces += [self.words.hashes[start : ends[row]], characters.astype(np.uint64)]
            start = ends[row + 1]
        pieces.append(self.words.hashes[start:])
        return Runs(
            hashes=np.concatenate(pieces), ends=np.concatenate([[0], np.cumsum(self.sizes)])
        )

    def texts_of(self, spans: Spans, places: Places) -> list[tuple[int, str]]:
        """Return the text's number and the string of some of the words or lines of all texts."""
        rows = np.searchsorted(spans.ends, places, side="right") - 1
        columns = (rows.tolist(), spans.starts[places].tolist(), spans.stops[places].tolist())
        return [
            (row, self.texts[row][start:stop]) for row, start, stop in zip(*columns, strict=True)
        ]


def distinct(hashes: Hashes, rows: Places, count: int) -> Places:
    """Return how many distinct hashes (m,) there are in each of `count` rows, fewer than 65,536.

    48 bits of a hash count: of 150 things, two are taken for equal by mistake with a chance of 4e-11.
    """
    keys = (hashes >> np.uint64(16)) | (rows.astype(np.uint64) << np.uint64(48))
    keys.sort()
    is_new = np.ones(len(keys), dtype=bool)
    np.not_equal(keys[1:], keys[:-1], out=is_new[1:])
    return np.bincount((keys[is_new] >> np.uint64(48)).astype(np.int64), minlength=count)


def mixed(hashes: Hashes) -> Hashes:
    """Return hashes with every bit of theirs in every bit."""
    folded = (hashes ^ (hashes >> _FOLD)) * _MIX
    return np.asarray(folded ^ (folded >> _FOLD))


def _found(texts: Sequence[str]) -> tuple[Spans, Spans, Runs, NDArray[np.uint32]]:
    """Return words, lines, runs of line ends and largest code points of a few texts."""
    codes = _codes("\n".join([*texts, ""]))  # a line end behind each parts words and lines
    after = np.fromiter(accumulate([len(text) + 1 for text in texts], initial=0), dtype=np.int64)
    blank = np.empty(len(codes) + 1, dtype=bool)
    blank[0] = True
    np.take(_is_blank(), np.minimum(codes, _LAST_BLANK + 1), out=blank[1:])
    edges = np.flatnonzero(blank[1:] != blank[:-1])
    starts, stops = edges[::2], edges[1::2]
    line_ends = np.flatnonzero(codes == _LINE_END)
    last = np.searchsorted(starts, line_ends)  # words that began before each line's end
    first = np.concatenate([[0], last[:-1]])
    some = last > first
    hasher = _Hasher(codes)
    words = hasher.spans(starts, stops, after)
    lines = hasher.spans(starts[first[some]], stops[last[some] - 1], after)
    highest = np.maximum.reduceat(codes, after[:-1]) if len(texts) else codes[:0]
    return words, lines, _breaks(line_ends, after), highest


class _Hasher:
    """Hashes parts of a text: the sum of a part's code points times powers of the base."""

    def __init__(self, codes: NDArray[np.uint32]) -> None:
        self._codes = codes
        self._powers = _powers(max(_FEWEST_POWERS, 1 << len(codes).bit_length()))
        self._sums = np.empty(len(codes) + 1, dtype=np.uint64)
        self._sums[0] = 0
        terms = np.add(codes, 1, dtype=np.uint64)
        terms *= self._powers[0][: len(codes)]
        np.cumsum(terms, out=self._sums[1:])

    def spans(self, starts: Places, stops: Places, after: Places) -> Spans:
        """Return parts as spans of the texts that begin at `after`."""
        ends = np.searchsorted(starts, after)
        own = np.repeat(after[:-1], np.diff(ends))
        hashes = (self._sums[stops] - self._sums[starts]) * self._powers[1][starts]
        return Spans(
            hashes=mixed(hashes),
            starts=starts - own,
            stops=stops - own,
            first=self._codes[starts],
            ends=ends,
        )


def _breaks(line_ends: Places, after: Places) -> Runs:
    """Return the lengths of the runs of line ends; that behind each text is none of its own."""
    own = np.delete(line_ends, np.searchsorted(line_ends, after[1:] - 1))
    rows = np.searchsorted(after, own, side="right")
    is_first = np.ones(len(own), dtype=bool)
    is_first[1:] = (np.diff(own) > 1) | (np.diff(rows) > 0)
    firsts = np.flatnonzero(is_first)
    lengths = np.diff(firsts, append=len(own))
    return Runs(
        hashes=lengths.astype(np.uint64), ends=np.searchsorted(own[firsts], after, side="left")
    )


def _joined(parts: Sequence[Spans]) -> Spans:
    if len(parts) == 1:
        return parts[0]
    return Spans(
        hashes=np.concatenate([part.hashes for part in parts]),
        starts=np.concatenate([part.starts for part in parts]),
        stops=np.concatenate([part.stops for part in parts]),
        first=np.concatenate([part.first for part in parts]),
        ends=_joined_ends(parts),
    )


def _joined_runs(parts: Sequence[Runs]) -> Runs:
    hashes = np.concatenate([part.hashes for part in parts])
    return Runs(hashes=hashes, ends=_joined_ends(parts))


def _joined_ends(parts: Sequence[Spans | Runs]) -> Places:
    counts = np.concatenate([np.diff(part.ends) for part in parts])
    return np.concatenate([[0], np.cumsum(counts)])


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


@lru_cache(maxsize=1)
def _is_blank() -> NDArray[np.bool_]:
    return np.array([chr(code).isspace() for code in range(_LAST_BLANK + 1)] + [False])


@lru_cache(maxsize=2)
def _powers(count: int) -> tuple[Hashes, Hashes]:
    """Return the first powers of the base and of its inverse, modulo 2**64."""
    bases = (_BASE, pow(_BASE, -1, 2**64))
    powers = [np.full(count, base, dtype=np.uint64) for base in bases]
    for each in powers:
        each[0] = 1
        np.cumprod(each, out=each)
    return powers[0], powers[1]
