"""Confidence sequences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from guards.confidence import Interval, MeanSequence, RateSequence, pair_sequence, rate_interval

ALPHA = 0.1
RUNS = 80


def _missed(intervals: list[Interval], truth: float) -> bool:
    return any(not low <= truth <= high for low, high in intervals)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.02, 0.3])
def test_a_rate_is_never_outside_of_its_interval_too_often(rate: float) -> None:
    """Looked at after each of 120 steps: at most 10 % of runs, plus 3 standard errors."""
    rng = np.random.default_rng(1)
    missed = sum(
        _missed(RateSequence(ALPHA).update((rng.uniform(size=120) < rate).tolist()), rate)
        for _ in range(RUNS)
    )
    assert missed / RUNS <= ALPHA + 3.0 * np.sqrt(ALPHA * (1 - ALPHA) / RUNS)


@pytest.mark.slow
def test_a_mean_grade_is_never_outside_of_a_rates_interval_too_often() -> None:
    """The interval of a rate holds for the mean of any numbers from 0 to 1."""
    rng = np.random.default_rng(4)
    missed = 0
    for _ in range(RUNS):
        sums = np.cumsum(rng.choice([0.0, 0.5, 1.0], p=[0.1, 0.2, 0.7], size=120)).tolist()
        missed += _missed([rate_interval(each, n + 1, ALPHA) for n, each in enumerate(sums)], 0.8)
    assert missed / RUNS <= ALPHA + 3.0 * np.sqrt(ALPHA * (1 - ALPHA) / RUNS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("draw", "truth"),
    [
        (lambda rng: rng.beta(2, 1, size=120), 2 / 3),
        (lambda rng: (rng.uniform(size=120) < 0.9).astype(float), 0.9),
    ],
)
def test_a_mean_is_never_outside_of_its_interval_too_often(
    draw: Callable[[np.random.Generator], NDArray[np.float64]], truth: float
) -> None:
    """Looked at after each of 120 values: at most 10 % of runs, plus 3 standard errors."""
    rng = np.random.default_rng(2)
    missed = sum(
        _missed(MeanSequence(alpha=ALPHA).update(draw(rng).tolist()), truth) for _ in range(RUNS)
    )
    assert missed / RUNS <= ALPHA + 3.0 * np.sqrt(ALPHA * (1 - ALPHA) / RUNS)


def test_intervals_close_in_on_the_truth() -> None:
    """After 400 steps they are narrow enough to say something, and hold the truth."""
    rng = np.random.default_rng(3)
    rate = RateSequence().update((rng.uniform(size=400) < 0.1).tolist())[-1]
    mean = MeanSequence().update(rng.beta(8, 2, size=400).tolist())[-1]
    pairs = pair_sequence().update((rng.beta(2, 2, size=400) - 0.7).tolist())[-1]
    for (low, high), truth, width in ((rate, 0.1, 0.13), (mean, 0.8, 0.06), (pairs, -0.2, 0.16)):
        assert low <= truth <= high
        assert high - low < width


def test_nothing_seen_is_nothing_known() -> None:
    """Before the first value the interval is all there is."""
    assert RateSequence().interval == (0.0, 1.0)
    assert MeanSequence().interval == (0.0, 1.0)
    assert pair_sequence().interval == (-1.0, 1.0)


def test_a_rate_without_an_event_may_be_0_and_one_with_all_may_be_1() -> None:
    """The ends are exact there, and mirror each other."""
    none, every = rate_interval(0, 50), rate_interval(50, 50)
    assert none.low == 0.0
    assert every.high == 1.0
    assert none.high == pytest.approx(1.0 - every.low)


def test_a_mean_that_moves_is_no_one_mean() -> None:
    """When every mean is disproved, nothing is claimed."""
    assert MeanSequence().update([0.0] * 200 + [1.0] * 2000)[-1] == (0.0, 1.0)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_alpha_out_of_range_is_refused(alpha: float) -> None:
    """It is the share of runs that may miss."""
    with pytest.raises(ValueError, match="alpha"):
        RateSequence(alpha)


def test_a_value_out_of_bounds_is_refused() -> None:
    """A bet on it could lose more than everything."""
    with pytest.raises(ValueError, match="must lie in"):
        MeanSequence().update([1.5])
