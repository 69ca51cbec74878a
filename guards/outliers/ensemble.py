"""Several detectors as one: their scores on a common scale, averaged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from guards import archive
from guards.outliers.detector import Arrays, Detector, StoredDetector

_MIDDLE, _LOW = 0.5, 0.1  # quantiles between which a score's scale is measured


class Ensemble:
    """The mean of detectors' scores, each in units of its own spread over usual vectors.

    The spread is that between median and lower decile, on the side of the odd ones; the far tail,
    which a few odd vectors among the usual ones would stretch, has no part in it. Scales come from
    vectors that no member was fitted on; then every member is fitted on all.

    Args:
        members: detectors with `fit(vectors, labels)` and `score_samples`.
        held_out: share of the vectors that the scales come from, in (0, 1).
        random_state: seed of the split.
    """

    def __init__(
        self, members: Sequence[Detector], *, held_out: float = 0.2, random_state: int = 0
    ) -> None:
        self.members = members
        self.held_out = held_out
        self.random_state = random_state

    def fit(self, vectors: NDArray[Any], labels: NDArray[Any] | None = None) -> Self:
        """Learn from vectors of shape (n, dimensions), n at least 10, and classes (n,) if known."""
        order = np.random.default_rng(self.random_state).permutation(len(vectors))
        held = max(2, round(self.held_out * len(vectors)))
        unseen, seen = order[:held], order[held:]
        usual = np.stack([self._fitted(m, vectors, labels, seen, unseen) for m in self.members])
        self._middle = np.quantile(usual, _MIDDLE, axis=1)[:, None]
        low = np.quantile(usual, _LOW, axis=1)[:, None]
        self._spread = np.where(self._middle > low, self._middle - low, 1.0)
        for member in self.members:
            _fit(member, vectors, labels)
        return self

    def score_samples(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Return scores of shape (n,); the lower, the odder."""
        scores = np.stack([member.score_samples(vectors) for member in self.members])
        return np.asarray(((scores - self._middle) / self._spread).mean(axis=0))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` needs; each member must be a `StoredDetector`."""
        found = {"middle": self._middle, "spread": self._spread}
        for place, member in enumerate(self.members):
            found |= archive.prefixed(f"member{place}", _stored(member).to_arrays())
        return found

    @classmethod
    def from_arrays(cls, arrays: Arrays, kinds: Sequence[type[StoredDetector]]) -> Self:
        """Return the ensemble that gave the arrays, of members of these kinds, in their order."""
        members = [
            kind.from_arrays(archive.under(f"member{place}", arrays))
            for place, kind in enumerate(kinds)
        ]
        ensemble = cls(members)
        ensemble._middle, ensemble._spread = arrays["middle"], arrays["spread"]
        return ensemble

    @staticmethod
    def _fitted(
        member: Detector,
        vectors: NDArray[Any],
        labels: NDArray[Any] | None,
        seen: NDArray[np.int_],
        unseen: NDArray[np.int_],
    ) -> NDArray[np.float64]:
        _fit(member, vectors[seen], None if labels is None else labels[seen])
        return np.asarray(member.score_samples(vectors[unseen]), dtype=np.float64)


def _fit(member: Detector, vectors: NDArray[Any], labels: NDArray[Any] | None) -> None:
    if labels is None:
        member.fit(vectors)
    else:
        member.fit(vectors, labels)


def _stored(member: Detector) -> StoredDetector:
    if not hasattr(member, "to_arrays"):
        raise TypeError(f"{type(member).__name__} cannot be stored: it has no to_arrays")
    return cast(StoredDetector, member)
