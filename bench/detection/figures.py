"""Figures of detection: shares with limits, medians with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binom

NEVER = float("inf")


def first(path: NDArray[np.float64], line: float) -> float:
    """Return after how many steps a path (n,) first reaches the line; `NEVER` for none."""
    crossed = np.flatnonzero(path >= line)
    return float(crossed[0] + 1) if len(crossed) else NEVER


def upper_limit(hits: int, trials: int) -> float:
    """Return the exact upper 95 % confidence limit of a rate (Clopper and Pearson)."""
    return 1.0 if hits == trials else float(beta.ppf(0.95, hits + 1, trials - hits))


def lower_limit(hits: int, trials: int) -> float:
    """Return the exact lower 95 % confidence limit of a rate."""
    return 0.0 if hits == 0 else float(beta.ppf(0.05, hits, trials - hits + 1))


def median(values: Sequence[float]) -> float:
    """Return the upper median: what never came counts as infinitely late."""
    return float(np.sort(values)[len(values) // 2]) if len(values) else NEVER


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of the median by order statistics, whatever the distribution."""
    ordered = np.sort(values)
    low = max(int(binom.ppf(0.025, len(values), 0.5)) - 1, 0)
    return float(ordered[low]), float(ordered[min(len(values) - 1 - low, len(values) - 1)])


def spelt(values: Sequence[float], limit: int) -> str:
    """Return a median with its interval; beyond the stream's end as >limit."""
    if not values:
        return "–"
    low, high = interval(values)
    return f"{_short(median(values), limit)} ({_short(low, limit)}–{_short(high, limit)})"


def _short(value: float, limit: int) -> str:
    return f">{limit}" if value == NEVER else f"{value:.0f}"


def limits(
    before: Sequence[float], after: Sequence[float], line: float, margin: float = 0.0
) -> tuple[float, float]:
    """Return how many grades, and how many pairs, the quickest judge needs that knows both versions.

    It is ln(line) over the information in one of them (Lorden, 1971), against "at most `margin` worse".
    """
    old, new = np.asarray(before), np.asarray(after)
    null = float(old.mean()) - margin
    unpaired = np.log(line) / _information(new, null, 0.999 / (1.0 - null))
    paired = np.log(line) / _information(new - old, -margin, 0.999 / (1.0 + margin))
    return float(unpaired), float(paired)


def _information(values: NDArray[np.float64], null: float, largest: float) -> float:
    """Return the most that a bet on less than `null` wins in an answer on average, in nats."""
    stakes = np.linspace(0.0, largest, 400)[:, None]
    return float(np.log1p(stakes * (null - values)).mean(axis=1).max())
