"""Drift: conformal e-detectors over several channels of scores, and a classifier that learns.

Drift has no sign: it says that answers differ from the reference, not that they are worse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guards import classifier, named
from guards.categories import Categories
from guards.classifier import OnlineClassifier
from guards.conformal import ConformalRanks, thetas_of
from guards.edetector import PValueBets, ShiryaevRoberts
from guards.usual import UsualAnswers

CLASSIFIER = "classifier"  # its name among the channels
_SHARE = 0.5  # its weight, where there is one
_AT_ONCE = 64  # exchanges that are weighed together: what is compared grows with the square


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Levels:
    """How strongly a stream speaks for a change, after each of n exchanges.

    Args:
        values: sums of bets (n, channels), each times its weight; the weights sum to 1.
    """

    channels: tuple[str, ...]
    values: NDArray[np.float64]

    @property
    def highest(self) -> list[float]:
        """The level after each exchange."""
        return list(map(float, self.values.max(axis=1, initial=0.0)))

    @property
    def leaders(self) -> list[str | None]:
        """The channel that speaks loudest after each exchange, `None` without channels."""
        if not self.channels:
            return [None] * len(self.values)
        return [self.channels[place] for place in self.values.argmax(axis=1).tolist()]

    def at(self, counts: NDArray[np.int64], before: Levels) -> Levels:
        """Return the levels where so many (m,) of the exchanges had come; before the first, `before`."""
        values = np.concatenate([before.values, self.values])
        return Levels(channels=self.channels, values=values[counts])

    def level(self, row: int) -> float:
        """Return the level after an exchange: 0 nothing, ≥ 1/α an alarm."""
        return float(self.values[row].max()) if self.channels else 0.0

    def leader(self, row: int) -> str | None:
        """Return the channel that speaks loudest after an exchange, or `None` without channels."""
        return self.channels[int(self.values[row].argmax())] if self.channels else None


class DriftDetector:
    """Watches every channel of a frozen reference at once.

    The level is the largest of the e-detectors, each times a fixed weight: half for the classifier,
    where there is one, and the rest in equal parts for the conformal channels. Weights stay what
    they were at the start, also where the classifier falls silent in mid-stream. Each is exact only
    for what it has seen itself, so a sum has no proof for an alarm that depends on all of them; the
    largest has one, by the union bound: P(level ≥ 1/α within n) ≤ Σ w·n·α = n·α under any
    dependence. The average run length is at least half of 1/α.

    Args:
        reference: nonconformity scores (n,) per channel, large is odd; NaN is left out.
        usual: the reference answers as a whole, with scores of some of these channels, for the
            classifier; it needs at least 100.
        categories: for each channel, the categories (n,) of its scores, from 0 to `count` - 1; all 0
            if left out.
        count: number of categories.
    """

    def __init__(
        self,
        reference: Mapping[str, NDArray[np.float64]],
        usual: UsualAnswers | None = None,
        *,
        categories: Mapping[str, NDArray[np.int64]] | None = None,
        count: int = 1,
    ) -> None:
        self._channels = tuple(sorted(reference))
        self._classifier: OnlineClassifier | None = None
        self._usual: str | None = None  # whose classifier has a part of the weight
        if usual is not None and len(usual) >= classifier.SMALLEST:
            self._classifier = OnlineClassifier(usual)
            self._usual = usual.digest()
        scores = [np.asarray(reference[name], dtype=np.float64) for name in self._channels]
        known = [~np.isnan(each) for each in scores]
        self._ranks = ConformalRanks(
            [values[where] for values, where in zip(scores, known, strict=True)],
            None
            if categories is None
            else [
                categories[name][where] for name, where in zip(self._channels, known, strict=True)
            ],
            count,
        )
        self._bets = PValueBets(len(self._channels))
        self._sums = ShiryaevRoberts(PValueBets.WEIGHTS, rows=len(self._channels))

    @classmethod
    def beside(
        cls,
        reference: Mapping[str, NDArray[np.float64]],
        usual: UsualAnswers | None,
        categories: Categories | None,
    ) -> DriftDetector:
        """Return the detector for a reference with these categories; `None` is a single one."""
        if categories is None:
            return cls(reference, usual)
        return cls(reference, usual, categories=categories.of_scores, count=categories.count)

    @property
    def channels(self) -> tuple[str, ...]:
        """The conformal channels, in the order of their names."""
        return self._channels

    @property
    def level(self) -> float:
        """How strongly the stream speaks for a change: 0 nothing, ≥ 1/α an alarm."""
        return self.now.level(0)

    @property
    def now(self) -> Levels:
        """The level after the latest exchange, as the only row."""
        won = np.array([0.0 if self._classifier is None else self._classifier.value])
        return self._levels(self._sums.values[None], won)

    def update(
        self,
        exchange_ids: Sequence[str],
        scores: Sequence[Mapping[str, float]],
        words: Sequence[bytes | None] | None = None,
        categories: Sequence[int | None] | None = None,
    ) -> Levels:
        """Take in the scores of n exchanges in their order; return the levels after each.

        Channels that are missing or NaN stand still.

        Args:
            words: features of the texts, for the classifier (`guards.words`); `None` is unknown.
            categories: of the prompts; where there are several and it is not known (`None`), the
                answer counts for nothing.
        """
        own = self._own(categories, len(scores))
        known = named.from_mappings(scores, self._channels)
        known[own < 0] = np.nan
        parts = [
            self._update(exchange_ids[part], known[part], own[part])
            for part in (
                slice(start, start + _AT_ONCE) for start in range(0, len(scores), _AT_ONCE)
            )
        ]
        values = np.concatenate(parts) if parts else np.zeros((0, len(self._channels)))
        won = np.zeros(len(scores))
        if self._classifier is not None:
            won = self._classifier.update_table(
                known[:, [self._channels.index(name) for name in self._classifier.names]],
                words or [None] * len(scores),
                own.tolist(),
            )
        return self._levels(values, won)

    def _levels(self, values: NDArray[np.float64], won: NDArray[np.float64]) -> Levels:
        """Weigh what the channels (n, channels) and the classifier (n,) have won."""
        weight = 1.0 / max(len(self._channels), 1)
        if self._usual is None:
            return Levels(channels=self._channels, values=weight * values)
        weighed = np.column_stack([(1.0 - _SHARE) * weight * values, _SHARE * won])
        return Levels(channels=(*self._channels, CLASSIFIER), values=weighed)

    def _own(self, categories: Sequence[int | None] | None, n: int) -> NDArray[np.int64]:
        """Return the categories (n,), -1 for unknown."""
        if self._ranks.count == 1:
            return np.zeros(n, dtype=np.int64)
        given = np.array([-1 if each is None else each for each in categories or [None] * n])
        return np.where(given < self._ranks.count, given, -1)

    def _update(
        self,
        exchange_ids: Sequence[str],
        scores: NDArray[np.float64],
        categories: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        p_values = self._ranks.p_values(
            scores, thetas_of(exchange_ids, self._channels), np.maximum(categories, 0)
        )
        seen = ~np.isnan(p_values)
        return self._sums.update(self._bets.place(np.where(seen, p_values, 0.5), seen), seen)

    def restart(self) -> None:
        """Forget reference and past: from now on, answers are compared with those that follow.

        For a drift that was found harmless; the new ordinary is learnt from the stream alone. The
        classifier, which needs a reference, falls silent; its weight goes to the channels, whose sums
        begin at 0.
        """
        self._classifier = self._usual = None
        self._ranks = ConformalRanks([()] * len(self._channels), count=self._ranks.count)
        self._bets = PValueBets(len(self._channels))
        self._sums = ShiryaevRoberts(PValueBets.WEIGHTS, rows=len(self._channels))

    def state(self) -> dict[str, Any]:
        """Return everything that the next update depends on, as JSON."""
        ranks = dict(zip(self._channels, self._ranks.state(), strict=True))
        return {
            "ranks": ranks,
            "bets": self._bets.state(),
            "sums": self._sums.state(),
            "usual": self._usual,
            "classifier": None if self._classifier is None else self._classifier.state(),
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any], usual: UsualAnswers | None = None) -> DriftDetector:
        """Return the detector as it was when `state` was taken, beside the same reference answers.

        Without them, or beside others, a classifier that there was falls silent; its weight stays
        with it, since the sums of the channels have won what they have under theirs.
        """
        detector = cls({name: np.array([]) for name in state["ranks"]})
        detector._ranks = ConformalRanks.restore(
            [state["ranks"][name] for name in detector._channels]
        )
        detector._bets.restore(state["bets"])
        detector._sums.restore(state["sums"])
        detector._usual = state["usual"]
        saved = state["classifier"]
        if usual is not None and saved is not None and usual.digest() == detector._usual:
            detector._classifier = OnlineClassifier(usual)
            detector._classifier.restore(saved)
        return detector
