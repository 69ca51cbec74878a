"""Evidence of repeated golden runs."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from guards import repeated
from guards.edetector import E_CAP


@pytest.mark.slow
def test_no_run_of_noisy_cases_wins_on_average_wherever_it_stops() -> None:
    """Over every order and every outcome of five coins with mean -margin, and each way to stop.

    A run stops before the next checkpoint once its evidence is high, or once it is low.
    """
    chances = (0.1, 0.3, 0.5, 0.6, 1.0)  # of losing a case; their mean is the margin of 0.5
    for stops in (lambda e: e >= 1.0, lambda e: e < 0.5, lambda e: False):
        total = 0.0
        for order in permutations(range(5)):
            for lost in product((0, 1), repeat=5):
                odds = np.prod([c if hit else 1 - c for c, hit in zip(chances, lost, strict=True)])
                path = [-float(lost[case]) for case in order]
                ends = (n for n in range(1, 5) if stops(float(repeated.harm(path[:n], 0.5, 5))))
                total += odds * float(repeated.harm(path[: next(ends, 5)], 0.5, 5))
        assert total / 120 <= 1.0 + 1e-9


@pytest.mark.slow
def test_a_year_of_unchanged_versions_stays_within_its_budget() -> None:
    """The sum over 60 nights of a set at the margin reaches 600 in at most 10 % of 400 years plus
    3 errors; its cases are flaky and lose one in twenty on average."""
    rng, nights, years = np.random.default_rng(1), 60, 400
    lost = rng.random((years * nights, 40)) < 0.05
    won = repeated.bets(-lost.astype(float), 0.05, 40).reshape(years, nights, -1)
    sums, highest = repeated.nothing(), np.zeros(years)
    for night in range(nights):
        sums = repeated.accumulated(sums, won[:, night])
        highest = np.maximum(highest, repeated.value(sums))
    assert (highest >= 600.0).mean() <= 0.1 + 3.0 * np.sqrt(0.1 * 0.9 / years)


def test_small_harm_is_shown_by_many_nights_and_not_by_one() -> None:
    """Twelve of a hundred cases lost each night, with a margin of 5 points, convict within ten."""
    rng, sums, nights = np.random.default_rng(2), repeated.nothing(), 0
    while repeated.value(sums) < 10_000.0:
        lost = rng.random(100) < 0.12
        sums = repeated.accumulated(sums, repeated.bets(-lost.astype(float), 0.05, 100))
        nights += 1
    assert 2 <= nights <= 10


def test_a_run_that_stopped_counts_what_it_reached() -> None:
    """Half of a set gives no more than all of it did at that place, and something."""
    lost = [-1.0] * 40
    half, whole = repeated.harm(lost[:20], 0.05, 40), repeated.harm(lost, 0.05, 40)
    assert 1.0 < half < whole
    won = [float(repeated.harm(lost[:count], 0.05, 40)) for count in range(1, 41)]
    assert won == sorted(set(won))
    assert repeated.harm([], 0.05, 40) == 0.0


def test_rows_are_runs() -> None:
    """A batch of runs gives what each gives alone."""
    runs = np.random.default_rng(3).choice([-1.0, 0.0, 1.0], size=(3, 30))
    alone = [float(repeated.noninferiority(run, 0.1, 30)) for run in runs]
    assert repeated.noninferiority(runs, 0.1, 30).tolist() == pytest.approx(alone)


def test_the_sum_is_finite_and_forgets_nothing_that_was_won() -> None:
    """It multiplies on, and is cut at the cap."""
    once = repeated.accumulated(repeated.nothing(), np.full(5, 3.0))
    twice = repeated.accumulated(once, np.full(5, 2.0))
    assert (float(repeated.value(once)), float(repeated.value(twice))) == pytest.approx((3.0, 8.0))
    beyond = repeated.accumulated(np.full(5, E_CAP), np.full(5, 10.0))
    assert beyond == pytest.approx(np.full(5, E_CAP))


def test_more_differences_than_cases_are_refused() -> None:
    """A run asks each case once."""
    with pytest.raises(ValueError, match="set of 2"):
        repeated.harm([0.0] * 3, 0.05, 2)
