"""Confidence sequences."""

from __future__ import annotations

import numpy as np
import pytest

from guards.confidence import Interval, rate_interval

ALPHA = 0.1
RUNS = 80


def _missed(intervals: list[Interval], truth: float) -> bool:
    return any(not low <= truth <= high for low, high in intervals)


def _intervals(values: np.ndarray) -> list[Interval]:
    return [rate_interval(each, n + 1, ALPHA) for n, each in enumerate(np.cumsum(values).tolist())]


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.02, 0.3])
def test_a_rate_is_never_outside_of_its_interval_too_often(rate: float) -> None:
    """Looked at after each of 120 steps: at most 10 % of runs, plus 3 standard errors."""
    rng = np.random.default_rng(1)
    missed = sum(
        _missed(_intervals((rng.uniform(size=120) < rate).astype(float)), rate) for _ in range(RUNS)
    )
    assert missed / RUNS <= ALPHA + 3.0 * np.sqrt(ALPHA * (1 - ALPHA) / RUNS)


@pytest.mark.slow
def test_a_mean_grade_is_never_outside_of_a_rates_interval_too_often() -> None:
    """The interval of a rate holds for the mean of any numbers from 0 to 1."""
    rng = np.random.default_rng(4)
    missed = 0
    for _ in range(RUNS):
        missed += _missed(_intervals(rng.choice([0.0, 0.5, 1.0], p=[0.1, 0.2, 0.7], size=120)), 0.8)
    assert missed / RUNS <= ALPHA + 3.0 * np.sqrt(ALPHA * (1 - ALPHA) / RUNS)


def test_intervals_close_in_on_the_truth() -> None:
    """After 400 steps one is narrow enough to say something, and holds the truth."""
    events = np.random.default_rng(3).uniform(size=400) < 0.1
    low, high = rate_interval(float(events.sum()), 400)
    assert low <= 0.1 <= high < low + 0.13


def test_nothing_seen_is_nothing_known() -> None:
    """Before the first value the interval is all there is."""
    assert rate_interval(0, 0) == (0.0, 1.0)


def test_a_rate_without_an_event_may_be_0_and_one_with_all_may_be_1() -> None:
    """The ends are exact there, and mirror each other."""
    none, every = rate_interval(0, 50), rate_interval(50, 50)
    assert none.low == 0.0
    assert every.high == 1.0
    assert none.high == pytest.approx(1.0 - every.low)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_alpha_out_of_range_is_refused(alpha: float) -> None:
    """It is the share of runs that may miss."""
    with pytest.raises(ValueError, match="alpha"):
        rate_interval(1, 2, alpha)
