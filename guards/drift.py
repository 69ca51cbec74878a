"""Drift: conformal e-detectors over several channels of nonconformity scores.

Drift has no sign: it says that answers differ from the reference, not that they are worse.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guards.conformal import ConformalRanks, theta_of
from guards.edetector import PValueBets, ShiryaevRoberts


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
        self._ranks = [ConformalRanks(_known(reference[name])) for name in self._channels]
        self._bets = PValueBets(len(self._channels))
        self._sums = ShiryaevRoberts(PValueBets.WEIGHTS, rows=len(self._channels))

    @property
    def level(self) -> float:
        """How strongly the stream speaks for a change: 0 nothing, ≥ 1/α an alarm."""
        values = self._sums.values
        return float(values.max()) / len(values) if len(values) else 0.0

    @property
    def leader(self) -> str | None:
        """The channel that speaks loudest, or `None` without channels."""
        return self._channels[int(self._sums.values.argmax())] if self._channels else None

    def update(self, exchange_id: str, scores: Mapping[str, float]) -> float:
        """Take in one exchange's scores; return `level`. Missing or NaN channels stand still."""
        p_values = np.full(len(self._channels), np.nan)
        for row, name in enumerate(self._channels):
            score = scores.get(name, math.nan)
            if not math.isnan(score):
                p_values[row] = self._ranks[row].p_value(score, theta_of(exchange_id, name))
        self._bet(p_values)
        return self.level

    def restart(self) -> None:
        """Forget reference and past: from now on, answers are compared with those that follow.

        For a drift that was found harmless; the new ordinary is learnt from the stream alone.
        """
        self._ranks = [ConformalRanks() for _ in self._channels]
        self._bets = PValueBets(len(self._channels))
        self._sums = ShiryaevRoberts(PValueBets.WEIGHTS, rows=len(self._channels))

    def state(self) -> dict[str, Any]:
        """Return everything that the next update depends on, as JSON."""
        ranks = {
            name: ranks.state() for name, ranks in zip(self._channels, self._ranks, strict=True)
        }
        return {"ranks": ranks, "bets": self._bets.state(), "sums": self._sums.state()}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> DriftDetector:
        """Return the detector as it was when `state` was taken."""
        detector = cls({name: np.array([]) for name in state["ranks"]})
        detector._ranks = [
            ConformalRanks.restore(state["ranks"][name]) for name in detector._channels
        ]
        detector._bets.restore(state["bets"])
        detector._sums.restore(state["sums"])
        return detector

    def _bet(self, p_values: NDArray[np.float64]) -> None:
        seen = ~np.isnan(p_values)
        self._sums.update(self._bets.place(np.where(seen, p_values, 0.5), seen), seen)


def _known(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    values = np.asarray(scores, dtype=np.float64)
    return values[~np.isnan(values)]
