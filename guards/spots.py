"""Features of texts in rows, most of which are 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from guards import words


@dataclass(frozen=True, slots=True, eq=False)
class Spots:
    """Features of texts: those that each has, all with the same weight, so that its length is 1.

    Args:
        sizes: (n,), how many each text has.
        features: of text after text.
    """

    sizes: NDArray[np.int64]
    features: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[bytes]) -> Spots:
        """Return the features of texts as `words.packed` gives them."""
        sizes = np.array([len(each) // 2 for each in texts], dtype=np.int64)
        return cls(sizes, words.unpacked(b"".join(texts)))

    @property
    def _weights(self) -> NDArray[np.float32]:
        return np.float32(1.0) / np.sqrt(np.maximum(self.sizes, 1)).astype(np.float32)

    def some(self, rows: NDArray[np.int64]) -> Spots:
        """Return those of some of the texts."""
        sizes = self.sizes[rows]
        ends = np.cumsum(sizes)
        places = np.arange(sizes.sum()) + np.repeat(np.cumsum(self.sizes)[rows] - ends, sizes)
        return Spots(sizes, self.features[places])

    def dense(self) -> NDArray[np.float32]:
        """Return (n, features)."""
        rows = np.zeros((len(self.sizes), words.FEATURES), dtype=np.float32)
        own = np.repeat(np.arange(len(self.sizes)), self.sizes)
        rows[own, self.features] = self._weights[own]
        return rows

    def times(self, direction: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the products (n,) with a vector of all features."""
        totals = np.concatenate([[0.0], np.cumsum(direction[self.features])])
        ends = np.cumsum(self.sizes)
        return np.asarray(self._weights * (totals[ends] - totals[ends - self.sizes]))
