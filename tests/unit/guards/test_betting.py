"""Bets on rates and means."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from guards.betting import (
    MeanDetector,
    RateDetector,
    evidence_of_harm,
    evidence_of_noninferiority,
)
from guards.edetector import E_CAP


def _run_length(detector: RateDetector, faults: NDArray[np.bool_], line: float) -> int:
    crossed = np.flatnonzero(detector.update(faults) >= line)
    return int(crossed[0]) + 1 if len(crossed) else len(faults)


@pytest.mark.slow
def test_average_run_length_at_the_tolerated_rate_is_at_least_the_line() -> None:
    """With 5 % faults, the mean run length to 50 is ≥ 50 less 3 errors (cut at 400: no longer)."""
    rng, line = np.random.default_rng(1), 50.0
    lengths = [_run_length(RateDetector(0.05), rng.random(400) < 0.05, line) for _ in range(150)]
    assert np.mean(lengths) >= line - 3.0 * np.std(lengths) / np.sqrt(len(lengths))


@pytest.mark.parametrize(("rate", "answers"), [(0.6, 14), (0.8, 10), (1.0, 6)])
def test_gross_faults_cross_the_line_after_a_few_answers(rate: float, answers: int) -> None:
    """Against 5 % tolerated, the median over 60 runs to 200,000 is within the bar."""
    rng = np.random.default_rng(2)
    lengths = [_run_length(RateDetector(0.05), rng.random(300) < rate, 2e5) for _ in range(60)]
    assert np.median(lengths) <= answers


def test_a_thousand_good_answers_do_not_delay_the_detection() -> None:
    """The sum restarts by itself: credit for a good past cannot be collected."""
    detector = RateDetector(0.05)
    for _ in range(1000):
        detector.update([False])
    assert _run_length(detector, np.ones(20, dtype=np.bool_), 2e5) <= 6


def test_each_rate_bet_is_fair_at_the_tolerated_rate() -> None:
    """The expectation of the first step, under exactly the tolerated rate, is 1."""
    with_fault, without = RateDetector(0.2).update([True]), RateDetector(0.2).update([False])
    assert 0.2 * with_fault + 0.8 * without == pytest.approx(1.0)


@pytest.mark.parametrize("tolerated", [0.0, 1.0, float("nan")])
def test_a_tolerated_rate_outside_zero_and_one_is_refused(tolerated: float) -> None:
    """Nothing can be bet at certainty."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        RateDetector(tolerated)


@pytest.mark.slow
def test_average_run_length_at_the_margin_is_at_least_the_line() -> None:
    """With differences of mean -margin, the mean run length to 30 is ≥ 30 less 3 errors."""
    rng, line, lengths = np.random.default_rng(3), 30.0, []
    for _ in range(150):
        detector = MeanDetector(0.1)
        values = rng.choice([-1.0, 0.0, 1.0], p=[0.2, 0.7, 0.1], size=250)
        crossed = (np.flatnonzero(detector.update(values) >= line) + 1).tolist()
        lengths.append(crossed[0] if crossed else len(values))
    assert np.mean(lengths) >= line - 3.0 * np.std(lengths) / np.sqrt(len(lengths))


@pytest.mark.parametrize("margin", [-0.1, 1.0])
def test_a_margin_out_of_range_is_refused(margin: float) -> None:
    """A margin of everything tolerates everything."""
    with pytest.raises(ValueError, match="margin"):
        MeanDetector(margin)


@pytest.mark.parametrize("value", [1.1, -1.1, float("nan")])
def test_a_difference_out_of_range_is_refused(value: float) -> None:
    """The bets are only fair for differences in [-1, 1]."""
    with pytest.raises(ValueError, match="between -1 and 1"):
        MeanDetector(0.05).update([value])
    with pytest.raises(ValueError, match="between -1 and 1"):
        evidence_of_harm([value], 0.05, None)


def test_more_differences_than_cases_are_refused() -> None:
    """A finite set is drawn without replacement."""
    with pytest.raises(ValueError, match="set of 2"):
        evidence_of_harm([0.0, 0.0, 0.0], 0.05, 2)


@pytest.mark.parametrize("evidence", [evidence_of_harm, evidence_of_noninferiority])
def test_without_replacement_no_step_wins_on_average(
    evidence: Callable[[Sequence[float], float, int | None], NDArray[np.float64]],
) -> None:
    """From any cases already seen, the capital after the next averages what it is now.

    The set's mean is exactly -margin, the boundary of both null hypotheses; every order counts.
    """
    values = (-1.0, -0.6, -0.2, 0.0, 0.3)
    for seen in (seen for size in range(5) for seen in permutations(range(5), size)):
        path = [values[i] for i in seen]
        now = evidence(path, 0.3, 5)[-1] if path else 1.0
        left = [values[i] for i in range(5) if i not in seen]
        after = [evidence([*path, value], 0.3, 5)[-1] for value in left]
        assert np.mean(after) == pytest.approx(now)


@pytest.mark.slow
def test_a_set_that_is_no_worse_is_rarely_called_worse() -> None:
    """Of 600 orders of a set of mean -margin, at most 5 % plus 3 errors ever reach 20."""
    rng = np.random.default_rng(4)
    values = np.array([-1.0] * 8 + [1.0] * 4 + [0.0] * 28)
    reached = [
        (evidence_of_harm(rng.permutation(values).tolist(), 0.1, 40) >= 20.0).any()
        for _ in range(600)
    ]
    assert np.mean(reached) <= 0.05 + 3.0 * np.sqrt(0.05 * 0.95 / 600)


def test_a_finite_set_settles_earlier_than_an_endless_one() -> None:
    """What is left to draw is known, so the same cases prove more."""
    rng = np.random.default_rng(5)
    values = rng.permutation([-1.0] * 30 + [0.0] * 30).tolist()
    finite, endless = evidence_of_harm(values, 0.05, 60), evidence_of_harm(values, 0.05, None)
    assert np.argmax(finite >= 1e5) < len(values) - 1
    assert endless[-1] < finite[-1]


def test_when_the_rest_cannot_save_it_the_evidence_is_complete() -> None:
    """Forty failures of sixty cannot average above -0.05 any more."""
    path = evidence_of_harm([-1.0] * 40 + [1.0] * 20, 0.05, 60)
    assert path[39] == E_CAP


def test_a_graded_set_that_is_equal_everywhere_shows_noninferiority() -> None:
    """Once every case is equal, being worse by the margin is ruled out."""
    assert evidence_of_noninferiority([0.0] * 60, 0.05, 60)[-1] == E_CAP
    assert evidence_of_harm([0.0] * 60, 0.05, 60)[-1] <= 1.0


def test_restored_detectors_go_on_bit_for_bit() -> None:
    """State survives JSON exactly."""
    rng = np.random.default_rng(6)
    rate, mean = RateDetector(0.05), MeanDetector(0.05)
    for _ in range(30):
        rate.update([bool(rng.random() < 0.1)])
        mean.update([float(rng.uniform(-1.0, 1.0))])
    rate_copy, mean_copy = RateDetector(0.05), MeanDetector(0.05)
    rate_copy.restore(json.loads(json.dumps(rate.state())))
    mean_copy.restore(json.loads(json.dumps(mean.state())))
    assert (rate_copy.value, mean_copy.value) == (rate.value, mean.value)
    assert rate_copy.update([True]) == rate.update([True])
    assert mean_copy.update([-0.3]) == mean.update([-0.3])
