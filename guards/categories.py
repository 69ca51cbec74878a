"""Categories of prompts: clusters that are fixed by prompts alone, before any answer counts.

An answer is ranked among answers to prompts of its own category (Mondrian conformal prediction:
Vovk, Gammerman, Shafer, 2nd ed., 2022, chapter 4.6), so that a change in the mix of prompts is not
taken for a change of the model. Prompts are embedded without a model's weights, and clustered by
direction (spherical k-means); a prompt that lies far from every cluster is of the last category,
"unlike any".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from guards import archive
from guards.embedding import Embedder
from guards.signals.signal import Values

MIX = "prompt_category"  # channels of the traffic
DISTANCE = "prompt_distance"
_ANSWERS = 75  # reference answers to each cluster, at least on average
_MOST = 8  # clusters
_FEWEST = 20  # reference answers that a cluster must promise; smaller ones join the nearest
_DIMENSIONS = 16
_LOOKED_AT = 1_000  # characters of a prompt
_FITTED = 2 / 3  # of the proper half fixes the clusters, the rest says how far is far


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placed:
    """Where prompts lie.

    Args:
        categories: (n,), from 0 (the commonest) to `PromptClusters.count` - 1.
        distances: (n,), 1 less the cosine to the nearest cluster for texts of known n-grams: 0 is
            its middle, 1 or more is like nothing known.
    """

    categories: NDArray[np.int64]
    distances: Values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PromptClusters:
    """Clusters of prompts.

    Args:
        centres: (dimensions, clusters), of length 1, the commonest first.
        farthest: a prompt farther than this from all of them is unlike any.
    """

    embedder: Embedder
    centres: NDArray[np.float32]
    farthest: float

    @property
    def count(self) -> int:
        """The number of categories: the clusters, and "unlike any"."""
        return int(self.centres.shape[1]) + 1

    @classmethod
    def fit(cls, prompts: Sequence[str], *, size: int, seed: int) -> Self | None:
        """Return clusters of prompts in random order; `None` if there is only one.

        The first two thirds fix embedding and centres. The farthest of the others says how far is
        far: those that the centres were fitted to lie nearer to them than new ones do.

        Args:
            size: answers of the reference; there is a cluster for every 75 of them.
        """
        fitted = [prompt[:_LOOKED_AT] for prompt in prompts[: int(_FITTED * len(prompts))]]
        wanted = min(_MOST, size // _ANSWERS)
        if wanted < 2:
            return None
        embedder = Embedder.fit(fitted, dimensions=_DIMENSIONS)
        if not embedder.components.shape[1]:  # no prompt says anything
            return None
        vectors = _directions(embedder.transform(fitted))
        centres = _centres(vectors, wanted, fewest=_FEWEST / size, seed=seed)
        if centres.shape[1] < 2:
            return None
        clusters = cls(embedder=embedder, centres=centres, farthest=np.inf)
        held_out = clusters.place(prompts[len(fitted) :]).distances
        return cls(embedder=embedder, centres=centres, farthest=float(held_out.max()))

    def place(self, prompts: Sequence[str]) -> Placed:
        """Return where prompts lie."""
        vectors = self.embedder.transform([prompt[:_LOOKED_AT] for prompt in prompts])
        near = vectors @ self.centres
        distances = 1.0 - near.max(axis=1).astype(np.float64)
        categories = np.where(distances > self.farthest, self.count - 1, near.argmax(axis=1))
        return Placed(categories=categories, distances=distances)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` needs."""
        return {
            "centres": self.centres,
            "farthest": np.array(self.farthest),
            **archive.prefixed("embedder", self.embedder.to_arrays()),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the clusters that gave the arrays."""
        return cls(
            embedder=Embedder.from_arrays(archive.under("embedder", arrays)),
            centres=arrays["centres"],
            farthest=float(arrays["farthest"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Categories:
    """The categories of a reference.

    Args:
        of_scores: channel → category of each reference score, in the scores' (ascending) order.
        traffic: channel of the traffic → scores of the calibration half's prompts.
    """

    prompts: PromptClusters
    of_scores: Mapping[str, NDArray[np.int64]]
    traffic: Mapping[str, Values]

    @property
    def count(self) -> int:
        """The number of categories."""
        return self.prompts.count

    @classmethod
    def fit(
        cls,
        prompts: Sequence[str],
        scores: Mapping[str, Values],
        order: NDArray[np.int64],
        *,
        seed: int,
    ) -> tuple[Self | None, NDArray[np.int64] | None]:
        """Return the categories and that of each prompt (n,); `None` twice if there is only one.

        Args:
            scores: (n,) by channel; NaN is unknown.
            order: of the answers at random: the first half of it is the proper half.
        """
        half = len(order) // 2
        proper = [prompts[row] for row in order[:half].tolist()]
        clusters = PromptClusters.fit(proper, size=len(prompts), seed=seed)
        if clusters is None:
            return None, None
        placed = clusters.place(prompts)
        found = cls(
            prompts=clusters,
            of_scores={
                name: _by_score(values, placed.categories) for name, values in scores.items()
            },
            traffic={
                MIX: placed.categories[order[half:]].astype(np.float64),
                DISTANCE: placed.distances[order[half:]],
            },
        )
        return found, placed.categories

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` needs."""
        return {
            **archive.prefixed("prompts", self.prompts.to_arrays()),
            **archive.prefixed("of_scores", self.of_scores),
            **archive.prefixed("traffic", self.traffic),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self | None:
        """Return the categories that gave the arrays; `None` for no arrays: there is only one."""
        if not arrays:
            return None
        return cls(
            prompts=PromptClusters.from_arrays(archive.under("prompts", arrays)),
            of_scores=archive.under("of_scores", arrays),
            traffic=archive.under("traffic", arrays),
        )


def _centres(
    vectors: NDArray[np.float32], wanted: int, *, fewest: float, seed: int
) -> NDArray[np.float32]:
    """Return the centres (dimensions, clusters) of clusters of at least a share of the vectors."""
    from sklearn.cluster import KMeans  # half a second, and SciPy with it

    distinct = len(np.unique(vectors.round(4), axis=0))
    model = KMeans(min(wanted, distinct), n_init=4, random_state=seed).fit(vectors)
    sizes = np.bincount(model.labels_)
    large = [
        each for each in np.argsort(-sizes, kind="stable") if sizes[each] >= fewest * len(vectors)
    ]
    return np.ascontiguousarray(_directions(model.cluster_centers_[large]).T, dtype=np.float32)


def _directions(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.float32(1e-6)))


def _by_score(values: Values, categories: NDArray[np.int64]) -> NDArray[np.int64]:
    known = ~np.isnan(values)
    return np.asarray(categories[known][np.argsort(values[known], kind="stable")])
