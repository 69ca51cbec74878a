"""Harm from graded answers without a pair."""

from __future__ import annotations

import json

import numpy as np
import pytest

from guards.graded import SMALLEST, GradeDetector


def draws(rng: np.random.Generator, mean: float, size: int) -> list[float]:
    """Return grades of 0 and 1."""
    return (rng.random(size) < mean).astype(float).tolist()


@pytest.mark.slow
@pytest.mark.parametrize(("mean", "size"), [(0.5, 30), (0.84, 60), (0.97, 30)])
def test_false_alarms_stay_within_the_budget_over_the_draw_of_the_reference(
    mean: float, size: int
) -> None:
    """At a line of 200, at most 100/200 of runs of 100 grades alarm, plus 3 standard errors."""
    rng, runs, length, line = np.random.default_rng(1), 200, 100, 200.0
    alarms = 0
    for _ in range(runs):
        detector = GradeDetector(draws(rng, mean, size), 0.0)
        alarms += detector.update(draws(rng, mean, length)).max() >= line
    budget = length / line
    assert alarms / runs <= budget + 3.0 * np.sqrt(budget * (1.0 - budget) / runs)


@pytest.mark.slow
def test_the_mean_value_after_n_grades_is_at_most_n() -> None:
    """Whatever the reference happened to be: the error of estimation is paid for."""
    rng, length, ends = np.random.default_rng(2), 60, []
    for _ in range(400):
        detector = GradeDetector(draws(rng, 0.6, 25), 0.0)
        ends.append(detector.update(draws(rng, 0.6, length))[-1])
    assert np.mean(ends) <= length + 3.0 * np.std(ends) / np.sqrt(len(ends))


def test_harm_is_found_soon() -> None:
    """A fall from .84 to .51 within 60 grades at a line of 1,000."""
    rng = np.random.default_rng(3)
    values = GradeDetector(draws(rng, 0.84, 300), 0.0).update(draws(rng, 0.51, 60))
    assert values.max() > 1e3


def test_grades_within_the_margin_win_nothing_much() -> None:
    """A fall by less than the margin is tolerated."""
    rng = np.random.default_rng(4)
    values = GradeDetector(draws(rng, 0.8, 300), 0.1).update(draws(rng, 0.77, 500))
    assert values.max() < 500.0


def test_grades_between_0_and_1_count_by_their_size() -> None:
    """A rubric's grades are bets as well as right and wrong."""
    rng = np.random.default_rng(5)
    detector = GradeDetector(rng.uniform(0.7, 0.9, 200), 0.05)
    assert detector.update(rng.uniform(0.4, 0.6, 150).tolist()).max() > 1e4


def test_a_reference_of_a_baseline_that_is_always_wrong_shows_no_harm() -> None:
    """Nothing is worse than nothing."""
    assert GradeDetector([0.0] * 100, 0.0).update([0.0] * 300).max() <= 300.0


def test_few_reference_grades_say_nothing() -> None:
    """The detector says so."""
    detector = GradeDetector([1.0] * (SMALLEST - 1), 0.05)
    assert not detector.is_used
    assert detector.update([0.0] * 100).max() == 0.0


def test_answers_without_a_grade_stand_still() -> None:
    """The value after them is that before."""
    detector = GradeDetector([1.0] * 50, 0.05)
    values = detector.update([None, 0.0, None, 0.0, None]).tolist()
    assert values[0] == 0.0
    assert 0.0 < values[1] == values[2] < values[3] == values[4]


def test_the_cut_into_batches_changes_nothing_but_the_last_digits() -> None:
    """Nor does a restart in between."""
    rng = np.random.default_rng(6)
    reference, grades = draws(rng, 0.8, 100), draws(rng, 0.6, 60)
    whole = GradeDetector(reference, 0.05).update(grades)
    first = GradeDetector(reference, 0.05)
    start = first.update(grades[:20])
    second = GradeDetector((), 0.05)
    second.restore(json.loads(json.dumps(first.state())))
    parts = [*start, *second.update(grades[20:])]
    np.testing.assert_allclose(parts, whole, rtol=1e-9)


@pytest.mark.parametrize(("margin", "grades"), [(1.0, [0.5]), (-0.1, [0.5]), (0.0, [1.5])])
def test_numbers_out_of_range_are_refused(margin: float, grades: list[float]) -> None:
    """Margins and grades have their bounds."""
    with pytest.raises(ValueError, match=r"margin|grade"):
        GradeDetector(grades * 30, margin)
