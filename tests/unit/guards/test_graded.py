"""Harm from graded answers without a pair."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from guards.edetector import ShiryaevRoberts
from guards.graded import SMALLEST, GradeDetector

Values = NDArray[np.float64]
STAKES = np.array([0.08, 0.17, 0.27, 0.4, 0.6, 0.85])


def draws(rng: np.random.Generator, mean: float, size: int) -> list[float]:
    """Return grades of 0 and 1."""
    return (rng.random(size) < mean).astype(float).tolist()


def paths(mean: float, size: int, length: int, seed: int) -> tuple[Values, Values]:
    """Return the values (1,000, length) of detectors in ordinary streams, and of plug-in ones.

    A plug-in detector takes the mean of the reference for the baseline's, as if it were known.
    """
    rng = np.random.default_rng(seed)
    references = (rng.random((1000, size)) < mean).astype(float)
    streams = (rng.random((1000, length)) < mean).astype(float)
    own = [
        GradeDetector(reference, 0.0).update(stream.tolist())
        for reference, stream in zip(references, streams, strict=True)
    ]
    means = np.minimum(references.mean(axis=1), 0.999)[None, :, None]
    moves = np.log1p(STAKES * (means - streams.T[:, :, None]) / (1.0 - means))
    return np.array(own), ShiryaevRoberts(np.full(6, 1.0 / 6.0), rows=1000).update(moves).T


@pytest.mark.slow
@pytest.mark.parametrize(("mean", "size"), [(0.5, 25), (0.84, 40)])
def test_false_alarms_stay_within_the_budget_over_the_draw_of_the_reference(
    mean: float, size: int
) -> None:
    """Of 1,000 runs of 100 grades no more alarm than 100/line allows (exact binomial, 1 %).

    Who ignores the error of estimation alarms too often, so the limit tells the two apart.
    """
    own, plug_in = paths(mean, size, 100, seed=1)
    for line in (5_000.0, 10_000.0):
        allowed = stats.binom.ppf(0.99, 1000, 100 / line)
        assert (own.max(axis=1) >= line).sum() <= allowed < (plug_in.max(axis=1) >= line).sum()


@pytest.mark.slow
def test_the_mean_value_after_n_grades_is_at_most_n() -> None:
    """Whatever the reference happened to be: the error of estimation is paid for.

    Values are cut at c, which bounds their variance by c times n: so the limit, 3 standard errors
    above n, holds though values have heavy tails.
    """
    length, cut = 100, 10_000.0
    limit = length + 3.0 * np.sqrt(cut * length / 1000)
    own, plug_in = (np.minimum(each[:, -1], cut).mean() for each in paths(0.6, 25, length, seed=2))
    assert own <= limit < plug_in


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


def test_another_margin_begins_anew() -> None:
    """What was won against a strict margin is no evidence against a lax one."""
    strict = GradeDetector([1.0] * 50, 0.0)
    strict.update([0.0] * 20)
    lax, fresh = GradeDetector((), 0.5), GradeDetector([1.0] * 50, 0.5)
    lax.restore(json.loads(json.dumps(strict.state())))
    assert lax.value == 0.0
    np.testing.assert_array_equal(lax.update([0.0, 0.5]), fresh.update([0.0, 0.5]))


@pytest.mark.parametrize(("margin", "grades"), [(1.0, [0.5]), (-0.1, [0.5]), (0.0, [1.5])])
def test_numbers_out_of_range_are_refused(margin: float, grades: list[float]) -> None:
    """Margins and grades have their bounds."""
    with pytest.raises(ValueError, match=r"margin|grade"):
        GradeDetector(grades * 30, margin)
