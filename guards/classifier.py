"""Bets of a classifier that learns, as answers come, what tells them from the reference.

Each new answer is laid among k reference answers that were not shown before. The classifier, which
knows what was shown before and nothing else, says which of the k + 1 is the new one: its softmax
probability of the truth times k + 1 is the bet. If all k + 1 are alike in distribution given what
was shown before, each is the new one with probability 1 / (k + 1), so the bet's expectation is 1
whatever the classifier has learnt. Source: Podkopaev, Ramdas, *Sequential predictive two-sample
and independence testing* (2023); Pandeva et al., *E-valuating classifier two-sample tests* (2024).

Reference answers must not be shown twice, and they come to an end. Then everything starts anew:
the classifier from nothing, the sum from 0. Each such segment is an e-detector of its own.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guards import words
from guards.edetector import ShiryaevRoberts
from guards.usual import UsualAnswers

SMALLEST = 100  # reference answers; with fewer, a segment ends before anything is learnt
# Reference answers beside each new one, up to a share of them: many at first, so that gross changes
# are found early; few later, so that a segment is long enough for slight ones.
_BESIDE = ((0.4, 3), (0.7, 2), (1.0, 1))
_FITS = (5, 10, 15, 20, 30, 45, 65, 95, 135, 190, 270, 380, 540, 760)  # answers before each fit
_RIDGE = 0.3
_SIGNAL_WEIGHT = 0.2  # of a standardised signal beside a text's words, which have length 1
_LIMIT = 3.0  # standard deviations
_SHARPNESS = np.array([0.5, 1.0, 2.0])  # of the softmax; a fixed mixture
_STEEPEST = 50.0
_FEW = 1e-6


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
        self._usual_words = _dense(usual.words)
        self._begin()

    @property
    def value(self) -> float:
        """The segment's Shiryaev–Roberts sum."""
        return float(self._sums.values[0])

    def update(
        self, scores: Sequence[Mapping[str, float]], features: Sequence[bytes]
    ) -> NDArray[np.float64]:
        """Take in the next n answers; return the values (n,) after each.

        Args:
            scores: by channel; an answer without any stands still.
            features: of each text, as `words.packed` gives them.
        """
        values = np.empty(len(scores))
        for row, (own, text) in enumerate(zip(scores, features, strict=True)):
            if own and len(self._usual) >= SMALLEST:
                signals = np.array([own.get(name, np.nan) for name in self._usual.names])
                self._show(signals, text)
            values[row] = self.value
        return values

    def state(self) -> dict[str, Any]:
        """Return everything that the next update depends on but the reference, as JSON."""
        signals = np.array(self._signals, dtype="<f8").tobytes()
        return {
            "sums": self._sums.state(),
            "signals": _squeezed(signals),
            "words": [_squeezed(each) for each in self._words],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state` was taken, beside the same reference.

        What was learnt is learnt again from the answers that were shown.
        """
        self._begin()
        self._words += [_stretched(each) for each in state["words"]]
        shown = np.frombuffer(_stretched(state["signals"]), dtype="<f8")
        self._signals += list(shown.reshape(len(self._words), len(self._usual.names)))
        for number in range(len(self._words)):
            beside = self._beside()
            assert beside is not None
            self._used.append((beside.start, beside.stop))
            self._differences[number] = self._difference(number)
        fits = [fit for fit in _FITS if fit <= len(self._words)]
        for fit in fits:
            self._fit(fit, already=fit < fits[-1])
        self._sums.restore(state["sums"])

    def _begin(self) -> None:
        """Start a segment."""
        longest = len(_segment(len(self._usual)))
        self._sums = ShiryaevRoberts(np.full(len(_SHARPNESS), 1.0 / len(_SHARPNESS)))
        self._signals: list[NDArray[np.float64]] = []
        self._words: list[bytes] = []
        self._used: list[tuple[int, int]] = []
        self._differences = np.empty((longest, words.FEATURES), dtype=np.float32)
        self._inner = np.empty((longest, longest), dtype=np.float32)
        self._inner_size = 0
        self._direction: _Direction | None = None

    def _beside(self) -> slice | None:
        """Return which reference answers are next; `None` if they have come to an end."""
        start = self._used[-1][1] if self._used else 0
        count = _beside_at(start, len(self._usual))
        return slice(start, start + count) if count else None

    def _show(self, signals: NDArray[np.float64], text: bytes) -> None:
        beside = self._beside()
        if beside is None:
            self._begin()
            beside = self._beside()
            assert beside is not None
        self._sums.update(self._log_bets(signals, text, beside)[None, None])
        self._signals.append(signals)
        self._words.append(text)
        self._used.append((beside.start, beside.stop))
        number = len(self._words)
        self._differences[number - 1] = self._difference(number - 1)
        if number in _FITS:
            self._fit(number)

    def _log_bets(
        self, signals: NDArray[np.float64], text: bytes, beside: slice
    ) -> NDArray[np.float64]:
        if self._direction is None:
            return np.zeros(len(_SHARPNESS))
        own = self._direction.score(signals[None], _dense([text]))
        theirs = self._direction.score(self._usual.scores[beside], self._usual_words[beside])
        apart = np.clip(np.outer(_SHARPNESS, theirs - own), -_STEEPEST, _STEEPEST)
        return np.asarray(np.log((1 + len(theirs)) / (1.0 + np.exp(apart).sum(axis=1))))

    def _difference(self, number: int) -> NDArray[np.float32]:
        """Return the words of an answer that was shown, less the mean of those beside it."""
        start, stop = self._used[number]
        own = _dense([self._words[number]])[0]
        return np.asarray(own - self._usual_words[start:stop].mean(axis=0))

    def _fit(self, count: int, *, already: bool = False) -> None:
        """Learn from the first `count` answers by ridge regression (as Fisher's discriminant).

        Args:
            already: whether a later fit follows at once, so that only inner products are needed.
        """
        old, self._inner_size = self._inner_size, count
        products = self._differences[:count] @ self._differences[old:count].T
        self._inner[:count, old:count] = products
        self._inner[old:count, :count] = products.T
        if not already:
            seen = self._usual.scores[: self._used[count - 1][1]]
            scale = _Scale.of(seen)
            signals = scale.apply(np.array(self._signals[:count])) - np.array(
                [
                    scale.apply(self._usual.scores[start:stop]).mean(axis=0)
                    for start, stop in self._used[:count]
                ]
            )
            self._direction = _direction(
                scale, signals, self._differences[:count], self._inner[:count, :count]
            )


class _Scale:
    """Standardises signals by reference answers that were shown."""

    def __init__(self, mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> None:
        self._mean = mean
        self._deviation = deviation

    @classmethod
    def of(cls, shown: NDArray[np.float64]) -> _Scale:
        known = ~np.isnan(shown)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, shown, 0.0).sum(axis=0) / count
        variance = np.where(known, (shown - mean) ** 2, 0.0).sum(axis=0) / count
        return cls(mean, np.sqrt(np.where(variance > _FEW**2, variance, 1.0)))

    def apply(self, signals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n, signals), weighed against words; unknown is ordinary."""
        standard = np.nan_to_num((signals - self._mean) / self._deviation, nan=0.0)
        return np.asarray(_SIGNAL_WEIGHT * np.clip(standard, -_LIMIT, _LIMIT))


class _Direction:
    """What tells new answers from reference answers: a score, large for new ones."""

    def __init__(
        self, scale: _Scale, signals: NDArray[np.float64], features: NDArray[np.float64]
    ) -> None:
        self._scale = scale
        self._signals = signals
        self._features = features

    def score(
        self, signals: NDArray[np.float64], features: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Return scores (n,)."""
        return np.asarray(self._scale.apply(signals) @ self._signals + features @ self._features)


def _direction(
    scale: _Scale,
    signals: NDArray[np.float64],
    differences: NDArray[np.float32],
    inner: NDArray[np.float32],
) -> _Direction:
    """Return the ridge regression of 1 on the differences, in units of its errors left one out."""
    kernel = signals @ signals.T + inner
    inverse = np.linalg.inv(kernel + _RIDGE * np.eye(len(kernel)))
    weights = inverse.sum(axis=1)
    left_out = 1.0 - weights / np.diag(inverse)
    weights = weights / np.sqrt(np.mean(left_out**2) + _FEW)
    return _Direction(scale, weights @ signals, weights @ differences.astype(np.float64))


def _beside_at(used: int, size: int) -> int:
    """Return how many reference answers the next answer is laid among; 0 at the end."""
    for share, count in _BESIDE:
        if used < share * size:
            return count if used + count <= size else 0
    return 0


def _segment(size: int) -> list[int]:
    """Return how many reference answers each answer of a segment is laid among."""
    counts: list[int] = []
    used = 0
    while count := _beside_at(used, size):
        counts.append(count)
        used += count
    return counts


def _dense(features: Sequence[bytes]) -> NDArray[np.float32]:
    """Return (n, features) of length 1 each, or 0 for a text without words."""
    rows = np.zeros((len(features), words.FEATURES), dtype=np.float32)
    for row, each in enumerate(features):
        occupied = words.unpacked(each)
        if len(occupied):
            rows[row, occupied] = 1.0 / np.sqrt(len(occupied))
    return rows


def _squeezed(content: bytes) -> str:
    return b64encode(zlib.compress(content, level=1)).decode()


def _stretched(packed: str) -> bytes:
    return zlib.decompress(b64decode(packed))
