"""Ridge logistic regression on standardised signals (le Cessie and van Houwelingen, 1992)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from guards.signals.signal import Values

_PENALTY = 1.0  # as much as one observation, on standardised signals
_STEPS = 25
_FURTHEST = 6.0  # standard deviations; what lies beyond says no more


@dataclass(frozen=True, slots=True, eq=False)
class Logistic:
    """Mean and deviation of each signal (signals,), and weights (signals + 1,), the intercept last."""

    centres: Values
    scales: Values
    weights: Values

    @classmethod
    def fit(cls, table: Values, truth: Values) -> Self:
        """Learn from signals of shape (n, signals), NaN where unknown, and truth (n,) in [0, 1]."""
        known = np.maximum((~np.isnan(table)).sum(axis=0), 1)
        centres = np.nansum(table, axis=0) / known
        scales = np.sqrt(np.nansum((table - centres) ** 2, axis=0) / known)
        scales = np.where(scales > 0, scales, 1.0)
        rows = _standardised(table, centres, scales)
        return cls(centres, scales, _fitted(rows, truth))

    def odds(self, table: Values) -> Values:
        """Return log-odds of shape (n,)."""
        return np.asarray(_standardised(table, self.centres, self.scales) @ self.weights)

    def state(self) -> list[Any]:
        """Return everything as JSON."""
        return [self.centres.tolist(), self.scales.tolist(), self.weights.tolist()]

    @classmethod
    def restore(cls, state: list[Any]) -> Self:
        """Return what gave the state."""
        return cls(*(np.array(part, dtype=np.float64) for part in state))


def _standardised(table: Values, centres: Values, scales: Values) -> Values:
    """Return rows with a last column of ones; what is unknown is taken for average."""
    rows = np.clip(np.nan_to_num((table - centres) / scales), -_FURTHEST, _FURTHEST)
    return np.column_stack([rows, np.ones(len(rows))])


def _fitted(rows: Values, truth: Values) -> Values:
    """Return weights (signals + 1,) of least penalised log-loss, by Newton's method."""
    penalty = np.full(rows.shape[1], _PENALTY)
    penalty[-1] = 1e-6  # the intercept is free
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        chance = sigmoid(rows @ weights)
        slope = rows.T @ (chance - truth) + penalty * weights
        bend = (rows * (chance * (1 - chance))[:, None]).T @ rows + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        weights = weights - step
        if np.abs(step).max() < 1e-9:
            break
    return weights


def sigmoid(odds: Values) -> Values:
    """Return the probabilities that log-odds stand for."""
    return 1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0)))
