"""Bets of a classifier that learns, as answers come, what tells them from the reference.

Each new answer is laid among k reference answers that were not shown before. The classifier, which
knows what was shown before and nothing else, says which of the k + 1 is the new one: its softmax
probability of the truth times k + 1 is the bet. If all k + 1 are alike in distribution given what
was shown before, each is the new one with probability 1 / (k + 1), so the bet's expectation is 1
whatever the classifier has learnt. Source: Podkopaev, Ramdas, *Sequential predictive two-sample
and independence testing* (2023); Pandeva et al., *E-valuating classifier two-sample tests* (2024).

With categories of prompts, a new answer is laid among reference answers of its own category alone,
so that a change in the mix of prompts wins nothing.

Reference answers must not be shown twice, and they come to an end. Then everything starts anew:
the classifier from nothing, the sum from 0. Each such segment is an e-detector of its own.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guards import named, words
from guards.discriminant import Direction, Scale, direction
from guards.edetector import ShiryaevRoberts
from guards.spots import Spots
from guards.usual import UsualAnswers

SMALLEST = 100  # reference answers; with fewer, a segment ends before anything is learnt
# Reference answers beside each new one, up to a share of them: many at first, so that gross changes
# are found early; few later, so that a segment is long enough for slight ones.
_BESIDE = ((0.4, 3), (0.7, 2), (1.0, 1))
_FEWEST = 10  # reference answers of a category; answers to prompts of smaller ones are not bet on
# A segment ends when more answers than this found no reference answers of their category left.
_LEFT_OUT = 10
_LEFT_OUT_SHARE = 0.1  # of those that did
# Answers before each fit: often at first, when each answer teaches most.
_FITS = (*range(3, 31, 3), 38, 48, 61, 77, 97, 122, 153, 192, 241, 302, 378, 473, 592, 741)
_SHARPNESS = np.array([0.5, 1.0, 2.0])  # of the softmax; a fixed mixture
_STEEPEST = 50.0


class OnlineClassifier:
    """E-detector by segments for H₀: answers come from the same distribution as the reference.

    P(value ≥ c within n answers) ≤ n/c: within a segment by the Shiryaev–Roberts sum, over the
    segments by the union bound. Assumes that reference and stream are independent draws.

    Args:
        usual: the reference answers, in random order; fewer than `SMALLEST` win nothing ever.

    >>> rng = np.random.default_rng(0)
    >>> usual = UsualAnswers(names=("a",), scores=rng.normal(size=(300, 1)), words=(b"",) * 300)
    >>> classifier = OnlineClassifier(usual)
    >>> bool(classifier.update([{"a": 4.0}] * 60, [b""] * 60)[-1] > 1e6)
    True
    """

    def __init__(self, usual: UsualAnswers) -> None:
        self._usual = usual
        # The last row, which no answer has, is where one was laid among fewer than others.
        self._spots = Spots.of([*usual.words, b""])
        self._usual_words = self._spots.dense()
        self._by_category = [
            rows if len(rows) >= _FEWEST else [] for rows in usual.rows_by_category()
        ]
        self._size = sum(map(len, self._by_category)) if len(usual) >= SMALLEST else 0
        self._begin()

    @property
    def names(self) -> tuple[str, ...]:
        """The channels that it looks at."""
        return self._usual.names

    @property
    def value(self) -> float:
        """The segment's Shiryaev–Roberts sum."""
        return float(self._sums.values[0])

    def update(
        self,
        scores: Sequence[Mapping[str, float]],
        features: Sequence[bytes | None],
        categories: Sequence[int] | None = None,
    ) -> NDArray[np.float64]:
        """Take in the next n answers; return the values (n,) after each.

        Args:
            scores: by channel; an answer without any known one stands still.
            features: of each text, as `words.packed` gives them; an answer of which they are not
                known (`None`) stands still too: no words would be a word of their own.
            categories: of the prompts, -1 for unknown; all 0 if left out. An answer stands still where
                no reference answers of its category are left.
        """
        return self.update_table(
            named.from_mappings(scores, self._usual.names), features, categories
        )

    def update_table(
        self,
        signals: NDArray[np.float64],
        features: Sequence[bytes | None],
        categories: Sequence[int] | None = None,
    ) -> NDArray[np.float64]:
        """Do as `update` does, with the scores (n, names) in columns; NaN is unknown."""
        values = np.full(len(signals), self.value)
        known = np.flatnonzero(
            ~np.isnan(signals).all(axis=1)
            & np.array([text is not None for text in features], dtype=bool)
        )
        if not len(known) or not self._size:
            return values
        texts = [text for text in (features[row] for row in known.tolist()) if text is not None]
        own = [0 if categories is None else categories[row] for row in known.tolist()]
        won = self._advance(signals[known], texts, own)
        values[known[0] :] = won[
            np.searchsorted(known, np.arange(known[0], len(signals)), side="right") - 1
        ]
        return values

    def state(self) -> dict[str, Any]:
        """Return everything that the next update depends on but the reference, as JSON."""
        count = len(self._texts)
        return {
            "sums": self._sums.state(),
            "signals": _squeezed(self._signals[:count].astype("<f8").tobytes()),
            "sizes": [len(each) for each in self._texts],
            "words": _squeezed(b"".join(self._texts)),
            "categories": list(self._categories),
            "left_out": self._left_out,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state` was taken, beside the same reference.

        What was learnt is learnt again from the answers that were shown.
        """
        self._begin()
        ends = np.cumsum([0, *state["sizes"]]).tolist()
        joined = _stretched(state["words"])
        texts = [joined[a:b] for a, b in pairwise(ends)]
        signals = np.frombuffer(_stretched(state["signals"]), dtype="<f8")
        shape = (len(texts), len(self._usual.names))
        self._advance(signals.reshape(shape), texts, state["categories"])
        self._left_out = state["left_out"]
        self._sums.restore(state["sums"])

    def _begin(self) -> None:
        """Start a segment."""
        self._sums = ShiryaevRoberts(np.full(len(_SHARPNESS), 1.0 / len(_SHARPNESS)))
        self._texts: list[bytes] = []
        self._categories: list[int] = []
        self._signals = np.empty((self._size, len(self._usual.names)))
        self._differences = np.empty((self._size, words.FEATURES), dtype=np.float32)
        self._inner = np.empty((self._size, self._size), dtype=np.float32)
        self._left = [len(rows) for rows in self._by_category]
        self._beside: list[int] = []  # reference answers that were shown, in their order
        self._counts: list[int] = []  # how many of them there were for each answer
        self._left_out = 0
        self._learnt = 0
        self._direction: Direction | None = None

    def _is_over(self) -> bool:
        """Whether the segment's reference answers have come to an end, by what is known before."""
        too_many = _LEFT_OUT + _LEFT_OUT_SHARE * len(self._counts)
        return len(self._beside) == self._size or self._left_out > too_many

    def _advance(
        self, signals: NDArray[np.float64], texts: Sequence[bytes], categories: Sequence[int]
    ) -> NDArray[np.float64]:
        """Bet on the next answers and learn from them; return the values (n,) after each."""
        won = np.empty(len(texts))
        start = 0
        while start < len(texts):
            if self._is_over():
                self._begin()
            laid, end = self._lay(categories, start)
            won[start:end] = self.value
            if laid:
                sums = self._bet(signals[laid], [texts[row] for row in laid])
                seen = np.searchsorted(laid, np.arange(laid[0], end), side="right")
                won[laid[0] : end] = sums[seen - 1]
            start = end
        return won

    def _lay(self, categories: Sequence[int], start: int) -> tuple[list[int], int]:
        """Lay the next answers among reference answers, until something is learnt from them.

        Returns which of them were laid, and the first that waits.
        """
        laid: list[int] = []
        room = next((fit - len(self._texts) for fit in _FITS if fit > len(self._texts)), self._size)
        for row in range(start, len(categories)):
            if len(laid) == room or self._is_over():
                return laid, row
            if self._take(categories[row]):
                laid.append(row)
                self._categories.append(categories[row])
        return laid, len(categories)

    def _take(self, category: int) -> bool:
        """Take the reference answers for an answer; False if there are none of its category."""
        if not 0 <= category < len(self._left) or not self._by_category[category]:
            return False
        rows, left = self._by_category[category], self._left[category]
        if not left:
            self._left_out += 1
            return False
        count = min(left, _beside_at(len(self._beside), self._size))
        self._counts.append(count)
        self._beside += rows[len(rows) - left :][:count]
        self._left[category] = left - count
        return True

    def _bet(self, signals: NDArray[np.float64], texts: Sequence[bytes]) -> NDArray[np.float64]:
        """Bet on answers that were laid, and learn from them; return the values (n,) after each."""
        first = len(self._texts)
        counts = np.array(self._counts[first:])[:, None]
        beside = self._latest_beside(counts)
        spots = Spots.of(texts)
        bets = self._log_bets(signals, spots, beside)
        rows = slice(first, first + len(texts))
        self._signals[rows] = signals
        theirs = self._usual_words[beside[:, 0]]
        for column in beside.T[1:]:
            theirs += self._usual_words[column]
        theirs /= counts.astype(np.float32)
        np.subtract(spots.dense(), theirs, out=self._differences[rows])
        self._texts += texts
        if len(self._texts) in _FITS:
            self._learn()
        return self._sums.update(bets[:, None, :])[:, 0]

    def _latest_beside(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the reference answers (n, k) that the latest answers were laid among.

        Args:
            counts: (n, 1), among how many each; the rest of a row is -1.
        """
        there = np.arange(int(counts.max())) < counts
        beside = np.full(there.shape, -1, dtype=np.int64)
        beside[there] = self._beside[-int(counts.sum()) :]
        return beside

    def _log_bets(
        self,
        signals: NDArray[np.float64],
        spots: Spots,
        beside: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """Return the logarithms (n, sharpnesses) of the bets on answers laid among `beside` (n, k)."""
        if self._direction is None:
            return np.zeros((len(signals), len(_SHARPNESS)))
        rows = beside.ravel()
        own = self._direction.score(signals, spots)
        theirs = self._direction.score(self._usual.scores[rows], self._spots.some(rows))
        ahead = (theirs.reshape(beside.shape) - own[:, None])[:, None, :] * _SHARPNESS[:, None]
        odds = np.exp(np.clip(ahead, -_STEEPEST, _STEEPEST))
        there = (beside >= 0)[:, None, :]
        rivals = np.where(there, odds, 0.0).sum(axis=2)
        return np.asarray(np.log((1 + there.sum(axis=2)) / (1.0 + rivals)))

    def _learn(self) -> None:
        """Learn from what was shown, by ridge regression (Fisher's discriminant, in effect)."""
        old, count = self._learnt, len(self._texts)
        products = self._differences[:count] @ self._differences[old:count].T
        self._inner[:count, old:count] = products
        self._inner[old:count, :count] = products.T
        self._learnt = count
        shown = self._usual.scores[self._beside]
        scale = Scale.of(shown)
        counts = np.array(self._counts)
        means = np.add.reduceat(scale.apply(shown), counts.cumsum() - counts, axis=0)
        means /= counts[:, None]
        self._direction = direction(
            scale,
            scale.apply(self._signals[:count]) - means,
            self._differences[:count],
            self._inner[:count, :count],
        )


def _beside_at(used: int, size: int) -> int:
    """Return how many of `size` reference answers the next answer is laid among."""
    return next(count for share, count in _BESIDE if used < share * size)


def _squeezed(content: bytes) -> str:
    return b64encode(zlib.compress(content, level=1)).decode()


def _stretched(packed: str) -> bytes:
    return zlib.decompress(b64decode(packed))
