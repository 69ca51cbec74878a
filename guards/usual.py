"""The answers of a reference as a classifier looks at them: whole, and not channel by channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from guards import channels, words


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UsualAnswers:
    """Reference answers in random order.

    Args:
        names: channels of `scores`; of a signal with two channels only one is needed.
        scores: (n, names), NaN is unknown.
        words: features of each text, as `words.packed` gives them.
    """

    names: tuple[str, ...]
    scores: NDArray[np.float64]
    words: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        scores: Mapping[str, NDArray[np.float64]],
        order: NDArray[np.int64],
    ) -> Self:
        """Return the answers with these scores (n,) by channel, put into this order.

        The outlier channel is left out: it was fitted on a part of the reference.
        """
        names = tuple(sorted(name for name in scores if _is_needed(name, scores)))
        columns = [scores[name][order] for name in names]
        return cls(
            names=names,
            scores=np.column_stack(columns) if columns else np.empty((len(texts), 0)),
            words=tuple(words.packed(texts[row]) for row in order.tolist()),
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` needs."""
        return {
            "names": np.array(self.names, dtype=np.str_),
            "scores": self.scores,
            "sizes": np.array([len(each) for each in self.words], dtype=np.int64),
            "words": np.frombuffer(b"".join(self.words), dtype=np.uint8),
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
        )


def _is_needed(name: str, scores: Mapping[str, NDArray[np.float64]]) -> bool:
    if name == channels.OUTLIER:
        return False
    signal, _, side = name.rpartition("_")
    return side != "low" or f"{signal}_high" not in scores
