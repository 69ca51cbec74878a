"""The answers of a reference as a classifier looks at them: whole, and not channel by channel."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from guards import channels, words
from guards.layout import Layout


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UsualAnswers:
    """Reference answers in random order.

    Args:
        names: channels of `scores`; of a signal with two channels only one is needed.
        scores: (n, names), NaN is unknown.
        words: features of each text, as `words.packed_all` gives them.
        key: under which words are hashed; secret, up to 64 bytes.
        categories: (n,), of the answers' prompts; empty if there is only one.
    """

    names: tuple[str, ...]
    scores: NDArray[np.float64]
    words: tuple[bytes, ...]
    key: bytes = field(default=b"", repr=False)
    categories: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        scores: Mapping[str, NDArray[np.float64]],
        order: NDArray[np.int64],
        key: bytes,
        categories: NDArray[np.int64] | None = None,
    ) -> Self:
        """Return the answers with these scores (n,) by channel, put into this order.

        The outlier channel is left out: it was fitted on a part of the reference.
        """
        names = tuple(sorted(name for name in scores if _is_needed(name, scores)))
        columns = [scores[name][order] for name in names]
        return cls(
            names=names,
            scores=np.column_stack(columns) if columns else np.empty((len(texts), 0)),
            words=tuple(words.packed_all(Layout.of([texts[row] for row in order.tolist()]), key)),
            key=key,
            categories=np.empty(0, dtype=np.int64) if categories is None else categories[order],
        )

    def rows_by_category(self) -> list[list[int]]:
        """Return which answers there are of each category, in their order."""
        if not len(self.categories):
            return [list(range(len(self)))]
        last = int(self.categories.max())
        return [np.flatnonzero(self.categories == each).tolist() for each in range(last + 1)]

    def digest(self) -> str:
        """Return a name of the answers: equal for equal answers in equal order."""
        hasher = hashlib.blake2b(digest_size=16)
        for name, array in sorted(self.to_arrays().items()):
            hasher.update(f"{name} {array.dtype.str} {array.shape}".encode())
            hasher.update(np.ascontiguousarray(array).tobytes())
        return hasher.hexdigest()

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` needs."""
        return {
            "names": np.array(self.names, dtype=np.str_),
            "scores": self.scores,
            "sizes": np.array([len(each) for each in self.words], dtype=np.int64),
            "words": np.frombuffer(b"".join(self.words), dtype=np.uint8),
            "key": np.frombuffer(self.key, dtype=np.uint8),
            "categories": self.categories,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the answers that gave the arrays."""
        joined, ends = arrays["words"].tobytes(), np.cumsum(arrays["sizes"]).tolist()
        starts = [0, *ends[:-1]]
        return cls(
            names=tuple(arrays["names"].tolist()),
            scores=arrays["scores"],
            words=tuple(joined[a:b] for a, b in zip(starts, ends, strict=True)) if ends else (),
            key=arrays["key"].tobytes(),
            categories=arrays.get("categories", np.empty(0, dtype=np.int64)),
        )


def _is_needed(name: str, scores: Mapping[str, NDArray[np.float64]]) -> bool:
    if name == channels.OUTLIER:
        return False
    signal, _, side = name.rpartition("_")
    return side != "low" or f"{signal}_high" not in scores
