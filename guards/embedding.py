"""Embeddings of text without a model's weights: latent semantic analysis of hashed n-grams.

Deerwester et al., 1990, with inverse document frequency. What occurs in no fitted text has no
direction to go to: such a text gets a short vector. So vectors are not scaled to length 1 again,
and `1 - a·b` is large for what the fitted texts cannot express.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.preprocessing import normalize

Vectors = NDArray[np.float32]

FEATURES = 2**12
LONGEST_TEXT = 4_000  # characters that are looked at


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedder:
    """Maps texts to vectors of at most length 1.

    Args:
        weights: inverse document frequencies, shape (features,).
        components: orthonormal directions, shape (dimensions, features).
    """

    weights: Vectors
    components: Vectors

    @classmethod
    def fit(cls, texts: Sequence[str], *, dimensions: int = 64, seed: int = 0) -> Self:
        """Learn directions from at least two texts; the same seed gives the same ones."""
        counts = _counts(texts)
        frequency = np.bincount(counts.indices, minlength=FEATURES)
        weights = (np.log((1 + len(texts)) / (1 + frequency)) + 1).astype(np.float32)
        svd = TruncatedSVD(n_components=min(dimensions, len(texts) - 1), random_state=seed)
        # Texts that are all alike have no variance to explain; nobody asks for the share.
        with np.errstate(divide="ignore", invalid="ignore"):
            svd.fit(_weighted(counts, weights))
        return cls(weights=weights, components=svd.components_.astype(np.float32))

    def transform(self, texts: Sequence[str]) -> Vectors:
        """Return vectors of shape (n, dimensions)."""
        rows = _weighted(_counts(texts), self.weights)
        return np.asarray(rows @ self.components.T, dtype=np.float32)

    def to_arrays(self) -> dict[str, Vectors]:
        """Return what `from_arrays` needs."""
        return {"weights": self.weights, "components": self.components}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Vectors]) -> Self:
        """Return the embedder that gave the arrays."""
        return cls(weights=arrays["weights"], components=arrays["components"])


def _counts(texts: Sequence[str]) -> sparse.csr_matrix:
    vectorizer = HashingVectorizer(
        analyzer="char_wb", ngram_range=(3, 4), n_features=FEATURES, norm=None, alternate_sign=False
    )
    counts = vectorizer.transform([text[:LONGEST_TEXT] for text in texts])
    counts.data = np.sqrt(counts.data, dtype=np.float32)
    return counts


def _weighted(counts: sparse.csr_matrix, weights: Vectors) -> sparse.csr_matrix:
    counts.data *= weights[counts.indices]
    return normalize(counts, copy=False)
