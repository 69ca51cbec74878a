"""Power against regressions of a few points, with the correlation of a real pair of versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, norm

from bench.comparison.stopping import MODELS
from bench.detection import data
from guards.betting import evidence_of_harm

ALPHA = 0.05
POINTS = (0, 1, 2, 5, 10)
SIZES = (100, 200, 500, 1_000, 1_319, 2_000, 3_000)
_SIMULATIONS = 1_000
_CHUNK = 100
_LOOK_EVERY = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """How often both versions are right, only the old one is, and only the new one is."""

    both: float
    broken: float
    fixed: float


def real() -> Joint:
    """Return the larger models' joint rates, the better one first: two versions of one model."""
    change = data.gsm8k(MODELS[3], MODELS[2])
    before, after = np.asarray(change.before), np.asarray(change.after)
    return Joint(
        both=float((before * after).mean()),
        broken=float((before * (1 - after)).mean()),
        fixed=float(((1 - before) * after).mean()),
    )


def regression(points: float) -> Joint:
    """Return rates with the real share of flips, of which `points` per hundred are a net loss."""
    found = real()
    flips = found.broken + found.fixed
    return Joint(
        both=found.both,
        broken=(flips + points / 100) / 2,
        fixed=(flips - points / 100) / 2,
    )


def grades(
    joint: Joint, runs: int, size: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return grades (runs, size) of the old and of the new version."""
    drawn = rng.random((runs, size))
    edges = np.cumsum([joint.both, joint.broken, joint.fixed])
    old = (drawn < edges[1]).astype(float)
    new = ((drawn < edges[0]) | ((drawn >= edges[1]) & (drawn < edges[2]))).astype(float)
    return old, new


def shown(old: NDArray[np.float64], new: NDArray[np.float64]) -> dict[str, NDArray[np.bool_]]:
    """Return test → (runs, size), whether it says "worse" with so many cases, all one-sided.

    The tests of a fixed size look once, so their column is what they say at that size; the
    e-process may be looked at after every case, and what it has said stands.
    """
    size = old.shape[1]
    cases = np.arange(1, size + 1)
    broken = np.cumsum(old > new, axis=1)
    fixed = np.cumsum(new > old, axis=1)
    mcnemar = binom.sf(broken - 1, broken + fixed, 0.5) <= ALPHA
    rate_old, rate_new = np.cumsum(old, axis=1) / cases, np.cumsum(new, axis=1) / cases
    pooled = (rate_old + rate_new) / 2
    error = np.sqrt(np.maximum(2 * pooled * (1 - pooled) / cases, 1e-12))
    unpaired = norm.sf((rate_old - rate_new) / error) <= ALPHA
    betting = np.maximum.accumulate(evidence_of_harm(new - old, 0.0, None) >= 1 / ALPHA, axis=1)
    return {"betting": betting, "McNemar exact": mcnemar, "unpaired z": unpaired}


def curves() -> dict[int, dict[str, NDArray[np.float64]]]:
    """Return points → test → the share of runs that say "worse" after each number of cases."""
    rng, size = np.random.default_rng(1), SIZES[-1]
    return {points: _curve(regression(points), size, rng) for points in POINTS}


def _curve(joint: Joint, size: int, rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    sums: dict[str, NDArray[np.float64]] = {}
    for _ in range(_SIMULATIONS // _CHUNK):
        for name, said in shown(*grades(joint, _CHUNK, size, rng)).items():
            sums[name] = sums.get(name, 0.0) + said.sum(axis=0)
            if name != "betting":
                looks = np.maximum.accumulate(said[:, _LOOK_EVERY - 1 :: _LOOK_EVERY], axis=1)
                peeked = np.repeat(looks, _LOOK_EVERY, axis=1).sum(axis=0)
                key = f"{name}, looked at every {_LOOK_EVERY}"
                sums[key] = sums.get(key, 0.0) + peeked
    return {name: total / _SIMULATIONS for name, total in sums.items()}


def rows(found: Mapping[int, Mapping[str, NDArray[np.float64]]]) -> list[Mapping[str, Any]]:
    """Return a row for each regression and test: the share of runs that say "worse", by size."""
    return [
        {
            "regression": f"{points} points" if points else "none: false alarms",
            "test": name,
            **{f"{size:,} cases": f"{curve[size - 1]:.1%}" for size in SIZES},
        }
        for points, tests in found.items()
        for name, curve in tests.items()
        if points == 0 or "looked" not in name
    ]
