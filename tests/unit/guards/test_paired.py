"""Paired comparison of golden runs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guards.paired import Comparison, absolute, compare
from guards.verdicts import Verdict


def _compare(worse: int, better: int, size: int, *, graded: int | None = None) -> Comparison:
    """Compare 0/1 grades with so many flips each way, in a fixed random order."""
    subject = [0.0] * worse + [1.0] * (size - worse)
    against = [1.0] * worse + [0.0] * better + [1.0] * (size - worse - better)
    order = np.random.default_rng(0).permutation(size).tolist()[:graded]
    return compare(subject, against, margin=0.05, order=order, line=1000.0)


def test_a_version_that_is_worse_beyond_the_margin_fails() -> None:
    """Ten points lower on a whole set, with a margin of five, is a failure."""
    found = _compare(worse=6, better=0, size=60)
    assert found.verdict is Verdict.FAIL
    assert found.difference == pytest.approx(-0.1)


def test_a_version_that_is_worse_within_the_margin_passes() -> None:
    """Exactly the margin is tolerated."""
    found = _compare(worse=3, better=0, size=60)
    assert found.verdict is Verdict.OK
    assert found.harm < 1000.0


def test_a_small_set_is_inconclusive_even_when_all_fails() -> None:
    """Nineteen cases prove nothing about a version."""
    assert _compare(worse=19, better=0, size=19).verdict is Verdict.INCONCLUSIVE


def test_a_run_that_stopped_early_on_enough_evidence_fails() -> None:
    """Half of the cases, nearly all worse, are enough."""
    found = _compare(worse=55, better=0, size=60, graded=30)
    assert found.verdict is Verdict.FAIL
    assert found.stopped_after < 30
    assert found.cases == 30


def test_a_run_that_stopped_early_without_evidence_is_inconclusive() -> None:
    """What was not graded is not known to be good."""
    assert _compare(worse=0, better=0, size=60, graded=30).verdict is Verdict.INCONCLUSIVE


def test_when_all_cases_are_graded_the_mean_decides_not_a_crossing_on_the_way() -> None:
    """An unlucky order crosses a low line, but the set as a whole is no worse."""
    subject, against = [0.0] * 10 + [1.0] * 20, [1.0] * 10 + [0.0] * 10 + [1.0] * 10
    found = compare(subject, against, margin=0.05, order=range(30), line=3.0)
    assert found.harm >= 3.0
    assert found.stopped_after < 30
    assert found.verdict is Verdict.OK


def test_flips_both_ways_are_named() -> None:
    """A person sees which cases changed, in the set's own numbering."""
    found = _compare(worse=3, better=2, size=30)
    assert found.worse == (0, 1, 2)
    assert found.better == (3, 4)


def test_mcnemar_matches_the_exact_value() -> None:
    """One flip of nine against eight is 2·(1+9)/2⁹ by hand."""
    assert _compare(worse=8, better=1, size=40).mcnemar_p == pytest.approx(20 / 512)
    assert _compare(worse=0, better=0, size=40).mcnemar_p == 1.0


def test_a_better_version_is_shown_to_be_no_worse() -> None:
    """Evidence of non-inferiority grows where that of harm does not."""
    found = _compare(worse=0, better=10, size=60)
    assert found.noninferiority > 1000.0
    assert found.harm < 1.0


@pytest.mark.slow
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=20, max_size=40))
def test_the_verdict_on_a_whole_set_does_not_depend_on_the_order(
    grades: list[tuple[float, float]],
) -> None:
    """The order matters for the evidence only."""
    subject, against = [a for a, _ in grades], [b for _, b in grades]
    order = list(range(len(grades)))
    forward = compare(subject, against, margin=0.05, order=order, line=100.0)
    backward = compare(subject, against, margin=0.05, order=order[::-1], line=100.0)
    assert forward.verdict is backward.verdict


@pytest.mark.parametrize(
    ("subject", "against", "order"),
    [
        ([1.0], [1.0, 0.0], [0]),
        ([1.0, 1.0], [1.0, 0.0], [0, 0]),
        ([1.0, 1.0], [1.0, 0.0], []),
        ([1.5], [1.0], [0]),
        ([float("nan")], [1.0], [0]),
    ],
)
def test_grades_that_cannot_be_compared_are_refused(
    subject: list[float], against: list[float], order: list[int]
) -> None:
    """Lengths, order and range are checked before anything is concluded."""
    with pytest.raises(ValueError, match=r"paired|order|grade"):
        compare(subject, against, margin=0.05, order=order, line=100.0)


def test_a_first_version_is_judged_by_a_floor() -> None:
    """On the floor is good enough, below it is not, and few cases are inconclusive."""
    assert absolute([0.5] * 20, floor=0.5).verdict is Verdict.OK
    assert absolute([0.4] * 20, floor=0.5).verdict is Verdict.FAIL
    assert absolute([0.4] * 19, floor=0.5).verdict is Verdict.INCONCLUSIVE


def test_a_first_version_without_grades_is_refused() -> None:
    """There is nothing to judge by."""
    with pytest.raises(ValueError, match="no grades"):
        absolute([], floor=0.5)
