"""Novelty of an answer: how far its text lies from the usual ones.

Texts are embedded by the weight-free embedder, which is fitted with the usual answers and kept with
them, or by a model elsewhere; then vectors are handed in, and the model's digest is kept. Vectors of
the weight-free one are short where a text has nothing in common with the usual ones: that says more
than their direction, so the distance to the nearest is all there is to score. Those of a model are
scored by `TextOutliers`, without clusters: answers of one task are one cluster (docs/outliers.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from guards import archive
from guards.embedding import Embedder
from guards.outliers.default import TextOutliers
from guards.outliers.detector import StoredDetector
from guards.outliers.neighbours import NearestNeighbours, products
from guards.signals.signal import Values

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedBy:
    """The model that made vectors.

    Args:
        name: for people.
        digest: of all that decides what vectors it makes; empty for the weight-free embedder.
    """

    name: str = "hashed"
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedded:
    """Vectors of texts, in their order.

    Args:
        vectors: of length 1, shape (n, dimensions); a row of NaN is of a text without a vector.
    """

    by: EmbeddedBy
    vectors: Vectors

    def rows(self, rows: Sequence[int]) -> Embedded:
        """Return the vectors of some of the texts."""
        return Embedded(by=self.by, vectors=self.vectors[list(rows)])


Embed = Callable[[Sequence[str]], Embedded | None]  # None: the model is away


class Novelty:
    """A fitted detector, the usual answers' vectors, and what embeds new ones.

    Args:
        detector: fitted on the vectors.
        vectors: of the usual answers, shape (n, dimensions).
        ids: of the usual answers; empty where they are not known.
        own: the embedder that is kept; `None` where a model makes the vectors.
        by: what made the vectors.
    """

    def __init__(
        self,
        detector: StoredDetector,
        vectors: Vectors,
        ids: Sequence[str],
        own: Embedder | None,
        by: EmbeddedBy,
    ) -> None:
        self._detector = detector
        self._vectors = vectors
        self._ids = tuple(ids)
        self._own = own
        self.by = by

    @classmethod
    def fit(cls, texts: Sequence[str], ids: Sequence[str] = ()) -> Self:
        """Learn what is usual from at least one text."""
        own = Embedder.fit(texts)
        vectors = own.transform(texts)
        return cls(NearestNeighbours().fit(vectors), vectors, ids, own, EmbeddedBy())

    @classmethod
    def fit_embedded(cls, usual: Embedded, ids: Sequence[str] = ()) -> Self:
        """Learn what is usual from vectors of at least 10 texts; none of them is NaN."""
        detector = TextOutliers(clustered=False).fit(usual.vectors)
        return cls(detector, usual.vectors, ids, None, usual.by)

    def scores(self, texts: Sequence[str], embedded: Embedded | None = None) -> Values:
        """Return scores of shape (n,): large is odd, NaN for a text without a vector.

        Vectors of another model than that of the usual answers count as none.
        """
        vectors = self._vectors_of(texts, embedded)
        known = ~np.isnan(vectors).any(axis=1)
        scores = np.full(len(texts), np.nan)
        if known.any():
            scores[known] = -self._detector.score_samples(vectors[known])
        return scores

    def nearest(
        self, text: str, embedded: Embedded | None = None, *, at_most: int = 3
    ) -> tuple[str, ...]:
        """Return the ids of the usual answers that lie nearest to a text, nearest first.

        Args:
            embedded: of this one text.
        """
        vectors = self._vectors_of([text], embedded)
        if not self._ids or np.isnan(vectors).any():
            return ()
        order = np.argsort(-products(vectors, self._vectors)[0], kind="stable")
        return tuple(self._ids[row] for row in order[:at_most])

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` needs."""
        known = {"vectors": self._vectors, "ids": np.array(self._ids, dtype=np.str_)}
        if self._own is not None:
            return {**known, **self._own.to_arrays()}
        return {
            **known,
            "by": np.array([self.by.name, self.by.digest]),
            **archive.prefixed("detector", self._detector.to_arrays()),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the novelty that gave the arrays."""
        vectors = arrays["vectors"]
        ids = tuple(arrays["ids"].tolist()) if "ids" in arrays else ()
        if "by" not in arrays:
            own = Embedder.from_arrays(arrays)
            return cls(NearestNeighbours().fit(vectors), vectors, ids, own, EmbeddedBy())
        name, digest = arrays["by"].tolist()
        detector = TextOutliers.from_arrays(archive.under("detector", arrays))
        return cls(detector, vectors, ids, None, EmbeddedBy(name=name, digest=digest))

    def _vectors_of(self, texts: Sequence[str], embedded: Embedded | None) -> Vectors:
        if self._own is not None:
            return self._own.transform(texts)
        if embedded is None or embedded.by.digest != self.by.digest:
            return np.full((len(texts), self._vectors.shape[1]), np.nan, dtype=np.float32)
        return embedded.vectors


def fit_split(
    proper: Sequence[str], calibration: Sequence[str], ids: Sequence[str], embed: Embed | None
) -> tuple[Novelty, Values]:
    """Return the novelty that the proper half is usual for, and the other half's scores by it.

    Args:
        ids: of the proper half.
        embed: a model's; without one, or while it is away, the weight-free embedder is fitted.
    """
    embedded = None if embed is None else embed([*proper, *calibration])
    if embedded is None:
        novelty = Novelty.fit(proper, ids)
        return novelty, novelty.scores(calibration)
    count = len(proper)
    novelty = Novelty.fit_embedded(embedded.rows(range(count)), ids)
    others = embedded.rows(range(count, count + len(calibration)))
    return novelty, novelty.scores(calibration, others)
