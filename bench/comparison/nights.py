"""A year of nightly runs, a thousand times over: cases that are flaky, two versions, one rule each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from bench.detection import figures
from guards import flakiness, repeated
from guards.trial import SHOWN_REPEATED

NIGHTS = 365
CASES = 200
MARGIN = 0.05
_FLAKY = 0.2  # of the cases; they are right with a chance between .2 and .8
_RIGHT = 0.8  # of the steady cases; these err once in fifty answers


@dataclass(slots=True)
class Spreads:
    """The grades of one version so far, by year and case."""

    runs: int = 0
    total: NDArray[np.float64] | float = field(default=0.0)

    def add(self, grades: NDArray[np.float64]) -> None:
        """Take in a night's grades (years, cases), each 0 or 1."""
        self.runs += 1
        self.total = self.total + grades

    def variance(self, shape: tuple[int, int]) -> NDArray[np.float64]:
        """Return the sample variance (years, cases); 0 before the second night."""
        if self.runs < 2:
            return np.zeros(shape)
        mean = np.asarray(self.total) / self.runs
        return mean * (1 - mean) * self.runs / (self.runs - 1)


def chances(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return how likely a version answers each case right."""
    steady = np.where(rng.random(CASES) < _RIGHT, 0.98, 0.02)
    return np.where(rng.random(CASES) < _FLAKY, rng.uniform(0.2, 0.8, CASES), steady)


def lowered(right: NDArray[np.float64], by: float) -> NDArray[np.float64]:
    """Return the chances of a version whose mean is lower by exactly `by`, on all its likely cases."""
    likely = right > 0.5
    return np.where(likely, right - by * CASES / likely.sum(), right)


@dataclass(frozen=True, slots=True, kw_only=True)
class Years:
    """First alarms (years,) of each rule in nights; `NEVER` for none; and how often it alarmed."""

    first: Mapping[str, NDArray[np.float64]]
    nights: Mapping[str, float]


def simulate(by: float, years: int, nights: int, seed: int) -> Years:
    """Run every night of every year with both versions, the active one worse by `by` points."""
    rng = np.random.default_rng(seed)
    right = chances(rng)
    old, new = right, np.clip(lowered(right, by / 100), 0.0, 1.0)
    spreads, sums = (Spreads(), Spreads()), repeated.nothing()
    first: dict[str, NDArray[np.float64]] = {}
    count: dict[str, float] = {}
    for night in range(1, nights + 1):
        subject = (rng.random((years, CASES)) < new).astype(float)
        against = (rng.random((years, CASES)) < old).astype(float)
        largest = np.maximum(*(each.variance(subject.shape) for each in spreads))
        values = flakiness.weighed(subject - against, flakiness.weight_of(largest), MARGIN)
        sums = repeated.accumulated(
            sums, repeated.bets(rng.permuted(values, axis=1), MARGIN, CASES)
        )
        broken = (against > subject).sum(axis=1)
        fixed = (subject > against).sum(axis=1)
        for name, alarms in {
            "all runs together": repeated.value(sums) >= SHOWN_REPEATED,
            "p < .05 each night (McNemar)": binom.sf(broken - 1, broken + fixed, 0.5) < 0.05,
            "mean below the margin": (subject - against).mean(axis=1) < -MARGIN,
        }.items():
            before = first.setdefault(name, np.full(years, figures.NEVER))
            first[name] = np.where(alarms & np.isinf(before), float(night), before)
            count[name] = count.get(name, 0.0) + float(alarms.mean())
        for each, grades in zip(spreads, (subject, against), strict=True):
            each.add(grades)
    return Years(first=first, nights=count)


def rows(years: int) -> list[Mapping[str, Any]]:
    """Return rows of an unchanged version, one at the margin, and versions that are worse."""
    found: list[Mapping[str, Any]] = []
    for by, of in ((0.0, years), (100 * MARGIN, years), (8.0, 200), (10.0, 200), (20.0, 200)):
        seen = simulate(by, of, NIGHTS, seed=int(by))
        for name, first in seen.first.items():
            alarmed = int(np.isfinite(first).sum())
            limit = figures.upper_limit(alarmed, of)
            found.append(
                {
                    "active version": _named(by),
                    "rule": name,
                    "years": of,
                    "years with an alarm": f"{alarmed / of:.1%} (≤ {limit:.1%})",
                    "alarms a year": f"{seen.nights[name]:.1f}",
                    "median night of the first": figures.spelt(first.tolist(), NIGHTS),
                }
            )
    return found


def _named(by: float) -> str:
    if by == 0:
        return "unchanged"
    return f"{by:g} points worse" + (", which is tolerated" if by <= 100 * MARGIN else "")
