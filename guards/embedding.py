"""Embeddings of text without a model's weights: latent semantic analysis of hashed n-grams.

Deerwester et al., 1990, with inverse document frequency. What occurs in no fitted text has no
direction to go to: such a text gets a short vector. So vectors are not scaled to length 1 again,
and `1 - a·b` is large for what the fitted texts cannot express.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from guards import ngrams
from guards.sparse import SparseRows

Vectors = NDArray[np.float32]

_NO_VARIANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedder:
    """Maps texts to vectors of at most length 1.

    Args:
        weights: inverse document frequencies, shape (features,).
        components: orthonormal directions as columns, shape (features, dimensions).
    """

    weights: Vectors
    components: Vectors

    @classmethod
    def fit(cls, texts: Sequence[str], *, dimensions: int = 64) -> Self:
        """Learn directions from texts; the time grows with the cube of their number."""
        counts = _dampened(texts)
        frequency = np.bincount(counts.features, minlength=ngrams.FEATURES)
        weights = (np.log((1 + len(texts)) / (1 + frequency)) + 1).astype(np.float32)
        return cls(weights=weights, components=_directions(_weighted(counts, weights), dimensions))

    def transform(self, texts: Sequence[str]) -> Vectors:
        """Return vectors of shape (n, dimensions)."""
        return _weighted(_dampened(texts), self.weights).times(self.components)

    def to_arrays(self) -> dict[str, Vectors]:
        """Return what `from_arrays` needs."""
        return {"weights": self.weights, "components": self.components}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Vectors]) -> Self:
        """Return the embedder that gave the arrays."""
        return cls(weights=arrays["weights"], components=arrays["components"])


def _directions(rows: SparseRows, dimensions: int) -> Vectors:
    """Return the right singular vectors of the largest singular values as columns.

    By way of the small matrix of inner products of rows: exact, without a random start.
    """
    values, left = np.linalg.eigh(rows.gram())
    largest = [index for index in np.argsort(-values)[:dimensions] if values[index] > _NO_VARIANCE]
    right = rows.transposed_times(left[:, largest] / np.sqrt(values[largest]))
    return np.ascontiguousarray(right, dtype=np.float32)


def _dampened(texts: Sequence[str]) -> SparseRows:
    """Return the square roots of the counts: the tenth occurrence says less than the first."""
    counts = ngrams.counts(texts)
    return replace(counts, values=np.sqrt(counts.values))


def _weighted(counts: SparseRows, weights: Vectors) -> SparseRows:
    """Return the rows weighted and scaled to length 1; rows without any feature stay 0."""
    row = counts.row_of_cells()
    values = counts.values * weights[counts.features]
    lengths = np.sqrt(np.bincount(row, weights=values**2, minlength=counts.shape[0]))
    return replace(counts, values=(values / lengths[row]).astype(np.float32))
