"""Drift: conformal e-detectors over several channels of nonconformity scores.

Drift has no sign: it says that answers differ from the reference, not that they are worse.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guards.conformal import ConformalRanks, thetas_of
from guards.edetector import PValueBets, ShiryaevRoberts

_AT_ONCE = 64  # exchanges that are weighed together: what is compared grows with the square


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Levels:
    """How strongly a stream speaks for a change, after each of n exchanges.

    Args:
        values: sums of bets (n, channels).
    """

    channels: tuple[str, ...]
    values: NDArray[np.float64]

    def level(self, row: int) -> float:
        """Return the level after an exchange: 0 nothing, ≥ 1/α an alarm."""
        return float(self.values[row].max()) / len(self.channels) if self.channels else 0.0

    def leader(self, row: int) -> str | None:
        """Return the channel that speaks loudest after an exchange, or `None` without channels."""
        return self.channels[int(self.values[row].argmax())] if self.channels else None


class DriftDetector:
    """Watches every channel of a frozen reference at once.

    The level is the largest of the channels' e-detectors divided by their number. Each channel is
    exact only for its own past, so a sum over channels has no proof for an alarm that depends on
    all of them; the largest has one, by the union bound: P(level ≥ 1/α within n) ≤ n·α under any
    dependence.

    Args:
        reference: nonconformity scores (n,) per channel, large is odd; NaN is left out.
    """

    def __init__(self, reference: Mapping[str, NDArray[np.float64]]) -> None:
        self._channels = tuple(sorted(reference))
        self._ranks = ConformalRanks([_known(reference[name]) for name in self._channels])
        self._bets = PValueBets(len(self._channels))
        self._sums = ShiryaevRoberts(PValueBets.WEIGHTS, rows=len(self._channels))

    @property
    def level(self) -> float:
        """How strongly the stream speaks for a change: 0 nothing, ≥ 1/α an alarm."""
        return self.now.level(0)

    @property
    def now(self) -> Levels:
        """The level after the latest exchange, as the only row."""
        return Levels(channels=self._channels, values=self._sums.values[None])

    def update(self, exchange_ids: Sequence[str], scores: Sequence[Mapping[str, float]]) -> Levels:
        """Take in the scores of n exchanges in their order; return the levels after each.

        Channels that are missing or NaN stand still.
        """
        parts = [
            self._update(exchange_ids[start : start + _AT_ONCE], scores[start : start + _AT_ONCE])
            for start in range(0, len(scores), _AT_ONCE)
        ]
        values = np.concatenate(parts) if parts else np.zeros((0, len(self._channels)))
        return Levels(channels=self._channels, values=values)

    def _update(
        self, exchange_ids: Sequence[str], scores: Sequence[Mapping[str, float]]
    ) -> NDArray[np.float64]:
        known = np.array([[each.get(name, math.nan) for name in self._channels] for each in scores])
        p_values = self._ranks.p_values(known, thetas_of(exchange_ids, self._channels))
        seen = ~np.isnan(p_values)
        return self._sums.update(self._bets.place(np.where(seen, p_values, 0.5), seen), seen)

    def restart(self) -> None:
        """Forget reference and past: from now on, answers are compared with those that follow.

        For a drift that was found harmless; the new ordinary is learnt from the stream alone.
        """
        self._ranks = ConformalRanks([()] * len(self._channels))
        self._bets = PValueBets(len(self._channels))
        self._sums = ShiryaevRoberts(PValueBets.WEIGHTS, rows=len(self._channels))

    def state(self) -> dict[str, Any]:
        """Return everything that the next update depends on, as JSON."""
        ranks = dict(zip(self._channels, self._ranks.state(), strict=True))
        return {"ranks": ranks, "bets": self._bets.state(), "sums": self._sums.state()}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> DriftDetector:
        """Return the detector as it was when `state` was taken."""
        detector = cls({name: np.array([]) for name in state["ranks"]})
        detector._ranks = ConformalRanks.restore(
            [state["ranks"][name] for name in detector._channels]
        )
        detector._bets.restore(state["bets"])
        detector._sums.restore(state["sums"])
        return detector


def _known(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    values = np.asarray(scores, dtype=np.float64)
    return values[~np.isnan(values)]
