"""Flips and the regression rate."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from guards.flips import Flip, flip, regression_rate


@pytest.mark.parametrize(
    ("subject", "against", "expected"),
    [
        (0.0, 1.0, Flip.BROKEN),
        (0.4, 0.5, Flip.BROKEN),
        (0.7, 0.9, Flip.WORSE),
        (0.1, 0.3, Flip.WORSE),
        (1.0, 0.0, Flip.FIXED),
        (0.9, 0.7, Flip.BETTER),
        (0.5, 0.5, Flip.SAME),
    ],
)
def test_a_case_is_named_by_both_grades(subject: float, against: float, expected: Flip) -> None:
    """Half a grade is right."""
    assert flip(subject, against) is expected


def test_the_regression_rate_is_of_the_answers_that_were_right() -> None:
    """Three of eight, whatever became of the two that were wrong; the interval is scipy's."""
    subject = [0.0] * 3 + [1.0] * 5 + [1.0, 0.0]
    against = [1.0] * 8 + [0.0] * 2
    found = regression_rate(subject, against)
    exact = binomtest(3, 8).proportion_ci(0.95, method="exact")
    assert (found.broken, found.right_before, found.rate) == (3, 8, 0.375)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))


def test_without_a_right_answer_before_nothing_is_known() -> None:
    """Then the interval is everything."""
    found = regression_rate([1.0], [0.0])
    assert (found.rate, found.low, found.high) == (0.0, 0.0, 1.0)
