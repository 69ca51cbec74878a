"""How likely an answer is wrong, learnt from graded answers."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from guards.wrongness import NothingLearnt, WrongAnswers


def graded(
    size: int, seed: int, *, tells: float = 1.5, wrong: float = 0.3
) -> tuple[list[dict[str, float]], list[float]]:
    """Return signals and grades; `tells` is how many deviations wrong answers lie apart."""
    random = np.random.default_rng(seed)
    is_wrong = random.random(size) < wrong
    sure = random.normal(size=size) - tells * is_wrong
    other = random.normal(size=size)
    signals = [
        {"logprob_mean": a, "groundedness": b}
        for a, b in zip(sure.tolist(), other.tolist(), strict=True)
    ]
    return signals, (~is_wrong).astype(float).tolist()


def test_unsure_answers_are_likelier_wrong() -> None:
    """The probability falls with the log-probability."""
    found = WrongAnswers.fit(*graded(200, 1), seed=0)
    unsure, sure = found.probabilities([{"logprob_mean": -3.0}, {"logprob_mean": 2.0}])
    assert unsure > 0.8
    assert sure < 0.1


def test_probabilities_are_calibrated() -> None:
    """Over many new answers the mean probability is the share of wrong ones, within .05."""
    found = WrongAnswers.fit(*graded(400, 2), seed=0)
    signals, grades = graded(4000, 3)
    assert found.probabilities(signals).mean() == pytest.approx(1 - np.mean(grades), abs=0.05)
    assert found.brier < found.brier_base


def test_right_answers_are_seldom_suspected() -> None:
    """P(p ≤ .1) is about .1 for right answers, on average over golden sets of 150."""
    shares = []
    for seed in range(40):
        found = WrongAnswers.fit(*graded(150, seed), seed=seed)
        signals, grades = graded(400, 1000 + seed)
        right = [each for each, grade in zip(signals, grades, strict=True) if grade == 1]
        shares.append(np.mean(found.p_values(right) <= 0.1))
    error = np.std(shares) / math.sqrt(len(shares))
    assert np.mean(shares) <= 0.1 + 3 * error
    assert np.mean(shares) >= 0.05


def test_the_area_under_the_curve_is_that_of_unseen_answers() -> None:
    """Normal scores 1.5 deviations apart have .856; fitted answers would look better."""
    aurocs = [WrongAnswers.fit(*graded(300, seed), seed=0).auroc for seed in range(20)]
    assert np.mean(aurocs) == pytest.approx(0.856, abs=0.02)


def test_noise_teaches_nothing() -> None:
    """At most one noise in ten passes for a signal (5 % are meant to)."""
    passed = 0
    for seed in range(60):
        try:
            WrongAnswers.fit(*graded(100, seed, tells=0.0), seed=0)
            passed += 1
        except NothingLearnt:
            pass
    assert passed <= 6


def test_too_few_wrong_answers_teach_nothing() -> None:
    """The message says how many there are."""
    with pytest.raises(NothingLearnt, match=r"\d+ right and [0-9] wrong"):
        WrongAnswers.fit(*graded(60, 1, wrong=0.05), seed=0)


def test_unknown_signals_teach_nothing() -> None:
    """Nothing is known of most answers."""
    signals, grades = graded(100, 1)
    with pytest.raises(NothingLearnt, match="no signal"):
        WrongAnswers.fit([{}] * 60 + signals[60:], grades, seed=0)


def test_an_answer_of_which_nothing_is_known_has_no_probability() -> None:
    """It is NaN, and so is its p-value; what is known in part is judged by that part."""
    found = WrongAnswers.fit(*graded(200, 1), seed=0)
    assert np.isnan(found.probabilities([{"words": 3.0}])).all()
    assert np.isnan(found.p_values([{"words": 3.0}])).all()
    assert np.isfinite(found.probabilities([{"groundedness": 0.5}])).all()


def test_a_part_that_is_constant_does_no_harm() -> None:
    """A signal without variance is passed over."""
    signals, grades = graded(200, 1)
    flat = [{**each, "agreement": 1.0} for each in signals]
    found = WrongAnswers.fit(flat, grades, seed=0)
    assert found.auroc == WrongAnswers.fit(signals, grades, seed=0).auroc


def test_the_state_carries_everything() -> None:
    """Through JSON and back, with the same results to the last bit."""
    found = WrongAnswers.fit(*graded(200, 1), seed=0)
    again = WrongAnswers.restore(json.loads(json.dumps(found.state())))
    signals, _ = graded(50, 9)
    assert again.probabilities(signals).tolist() == found.probabilities(signals).tolist()
    assert again.p_values(signals).tolist() == found.p_values(signals).tolist()
