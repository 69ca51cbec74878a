"""Log-probabilities of the tokens of several answers, as one array."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]


class Tokens:
    """The answers of a batch that have log-probabilities, all of them finite.

    Args:
        answers: log-probabilities of each answer, `None` where the engine gave none.
    """

    def __init__(self, answers: Sequence[Sequence[float] | None]) -> None:
        self._answers = len(answers)
        self._places = [
            place for place, row in enumerate(answers) if row and math.isfinite(sum(row))
        ]
        self.rows: list[Sequence[float]] = [answers[place] or () for place in self._places]
        self.sizes: Places = np.fromiter(map(len, self.rows), dtype=np.int64)
        self.ends: Places = np.cumsum(self.sizes)
        self.starts: Places = self.ends - self.sizes
        self.flat: Numbers = np.fromiter(chain.from_iterable(self.rows), dtype=np.float64)

    def spread(self, values: Iterable[float]) -> Numbers:
        """Return one value for each row as (answers,), NaN for the answers that are no row."""
        found = np.full(self._answers, np.nan)
        found[self._places] = np.fromiter(values, dtype=np.float64, count=len(self.rows))
        return found

    def parts(self) -> Iterator[Numbers]:
        """Yield the log-probabilities of one row after the other."""
        for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True):
            yield self.flat[start:end]

    def counts(self, flags: NDArray[np.bool_]) -> Places:
        """Return how many tokens of each row have the flag."""
        totals = np.concatenate([[0], np.cumsum(flags, dtype=np.int64)])
        return np.asarray(totals[self.ends] - totals[self.starts])

    def longest_runs(self, flags: NDArray[np.bool_]) -> Numbers:
        """Return the longest run of tokens with the flag in each row."""
        clear = np.flatnonzero(~flags)
        before = np.searchsorted(clear, np.arange(len(flags)))
        last_clear = np.concatenate([[-1], clear])[before]  # of each token with the flag
        rows = np.repeat(np.arange(len(self.rows)), self.sizes)
        run = np.arange(len(flags)) - np.maximum(last_clear, self.starts[rows] - 1)
        longest = np.zeros(len(self.rows))
        np.maximum.at(longest, rows[flags], run[flags])
        return longest
