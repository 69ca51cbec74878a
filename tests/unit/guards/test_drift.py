"""Drift over several channels."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from guards.classifier import OnlineClassifier
from guards.drift import CLASSIFIER, DriftDetector
from guards.usual import UsualAnswers

Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]
CHANNELS = ("compression", "length", "likelihood", "repetition")


def _continuous(rng: np.random.Generator, size: int | tuple[int, int]) -> NDArray[np.float64]:
    return np.abs(rng.normal(size=size))


def _discrete(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    return rng.poisson(0.5, size=size).astype(np.float64)


def _detector(rng: np.random.Generator, draw: Draw, size: int = 150) -> DriftDetector:
    return DriftDetector({name: draw(rng, size) for name in CHANNELS})


def _scores(rng: np.random.Generator, draw: Draw, added: float = 0.0) -> dict[str, float]:
    values = draw(rng, len(CHANNELS))
    values[0] += added
    return dict(zip(CHANNELS, values.tolist(), strict=True))


def _next(detector: DriftDetector, exchange: str, scores: dict[str, float]) -> float:
    """Take in one exchange; return the level."""
    return detector.update([exchange], [scores]).level(0)


def _delay(detector: DriftDetector, scores: Callable[[], dict[str, float]], limit: int) -> int:
    """Return how many answers it takes to a level of 1,000."""
    for n in range(limit):
        if _next(detector, f"after-{n}", scores()) >= 1000.0:
            return n + 1
    return limit


@pytest.mark.slow
@pytest.mark.parametrize("draw", [_continuous, _discrete])
def test_false_alarms_stay_within_the_budget(draw: Draw) -> None:
    """At a line of 200, at most 60/200 of runs of 60 answers alarm, plus 3 standard errors."""
    rng, runs, length, line = np.random.default_rng(2), 120, 60, 200.0
    alarms = 0
    for run in range(runs):
        detector = _detector(rng, draw, size=30)
        levels = [_next(detector, f"{run}-{n}", _scores(rng, draw)) for n in range(length)]
        alarms += max(levels) >= line
    budget = length / line
    assert alarms / runs <= budget + 3.0 * np.sqrt(budget * (1.0 - budget) / runs)


def test_a_gross_change_of_one_channel_is_found_within_ten_answers() -> None:
    """Scores beyond all of the reference speak for themselves."""
    rng = np.random.default_rng(3)
    detector = _detector(rng, _continuous)
    assert _delay(detector, lambda: _scores(rng, _continuous, added=6.0), 50) <= 10


def test_a_late_change_is_found_as_fast_as_an_early_one() -> None:
    """A past of 1,000 ordinary answers does not delay the detection."""
    rng = np.random.default_rng(4)
    detector = _detector(rng, _continuous)
    for n in range(1000):
        _next(detector, f"before-{n}", _scores(rng, _continuous))
    assert _delay(detector, lambda: _scores(rng, _continuous, added=6.0), 50) <= 10


def test_a_few_odd_answers_in_the_past_do_not_hide_a_change() -> None:
    """With 5 % outliers mixed into the reference, a gross change is found within 40 answers."""
    rng = np.random.default_rng(5)
    reference = {name: _continuous(rng, 200) for name in CHANNELS}
    reference[CHANNELS[0]][:10] += 6.0
    detector = DriftDetector(reference)
    assert _delay(detector, lambda: _scores(rng, _continuous, added=6.0), 100) <= 40


def test_answers_that_become_alike_are_found_though_none_is_odd() -> None:
    """A constant ordinary score in every channel is a change."""
    rng = np.random.default_rng(6)
    detector = _detector(rng, _continuous)
    assert _delay(detector, lambda: dict.fromkeys(CHANNELS, 0.7), 50) <= 15


def test_channels_share_the_budget() -> None:
    """The same scores count a quarter as much when four channels are watched instead of one."""
    rng = np.random.default_rng(12)
    reference = {name: _continuous(rng, 50) for name in CHANNELS}
    alone = DriftDetector({CHANNELS[0]: reference[CHANNELS[0]]})
    among = DriftDetector(reference)
    for n in range(5):
        scores = {CHANNELS[0]: 3.0}
        assert _next(among, f"a{n}", scores) == _next(alone, f"a{n}", scores) / 4.0


def test_the_leader_is_the_channel_that_changed() -> None:
    """People are told which channel speaks loudest."""
    rng = np.random.default_rng(7)
    detector = _detector(rng, _continuous)
    _delay(detector, lambda: _scores(rng, _continuous, added=6.0), 50)
    assert detector.now.leader(0) == CHANNELS[0]


def test_a_missing_score_is_the_same_as_nan_and_changes_nothing() -> None:
    """Unknown is not bad and not good."""
    detector = _detector(np.random.default_rng(8), _continuous)
    before = detector.state()
    _next(detector, "a", {})
    _next(detector, "b", dict.fromkeys(CHANNELS, float("nan")))
    assert detector.state() == before


def test_without_a_reference_there_is_no_drift() -> None:
    """No channels, level 0, no leader."""
    detector = DriftDetector({})
    assert _next(detector, "a", {"length": 3.0}) == 0.0
    assert detector.now.leader(0) is None


def test_after_a_restart_the_new_ordinary_raises_no_suspicion() -> None:
    """What was found harmless is what later answers are compared with."""
    rng = np.random.default_rng(9)
    detector = _detector(rng, _continuous)
    _delay(detector, lambda: _scores(rng, _continuous, added=6.0), 50)
    detector.restart()
    assert detector.level == 0.0
    assert _delay(detector, lambda: _scores(rng, _continuous, added=6.0), 200) == 200


def test_a_restored_detector_goes_on_bit_for_bit() -> None:
    """State survives JSON exactly."""
    rng = np.random.default_rng(10)
    detector = _detector(rng, _continuous)
    for n in range(30):
        _next(detector, f"before-{n}", _scores(rng, _continuous))
    copy = DriftDetector.restore(json.loads(json.dumps(detector.state(), sort_keys=True)))
    for n in range(30):
        scores = _scores(rng, _continuous, added=0.5)
        assert _next(copy, f"after-{n}", scores) == _next(detector, f"after-{n}", scores)
    assert copy.state() == detector.state()


def _usual(rng: np.random.Generator, size: int = 150) -> UsualAnswers:
    words = tuple(np.array([n], dtype="<u2").tobytes() for n in rng.integers(0, 9, size))
    return UsualAnswers(names=CHANNELS, scores=_continuous(rng, (size, 4)), words=words)


def _beside(usual: UsualAnswers) -> DriftDetector:
    """Return a detector whose channels and classifier know the same answers."""
    columns = dict(zip(CHANNELS, usual.scores.T, strict=True))
    return DriftDetector(columns, usual)


def test_the_classifier_has_half_of_the_weight_and_the_channels_the_rest_in_equal_parts() -> None:
    """An eighth for each of four channels; the level is the largest."""
    rng = np.random.default_rng(20)
    usual = _usual(rng)
    both = _beside(usual)
    alone = [DriftDetector({name: usual.scores[:, row]}) for row, name in enumerate(CHANNELS)]
    classifier = OnlineClassifier(usual)
    for n in range(30):
        scores, text = _scores(rng, _continuous, added=1.0), [usual.words[n]]
        parts = [_next(each, f"a{n}", scores) / 8.0 for each in alone]
        parts.append(classifier.update([scores], text)[0] / 2.0)
        levels = both.update([f"a{n}"], [scores], text)
        np.testing.assert_allclose(levels.values[0], parts, rtol=1e-9)
        assert levels.level(0) == max(levels.values[0])
    assert min(parts) > 0.0


@pytest.mark.parametrize("found", ["none", "others", "other names"])
def test_a_classifier_that_falls_silent_keeps_its_weight(found: str) -> None:
    """Else what the channels have won would count double from one answer to the next."""
    rng = np.random.default_rng(21)
    usual = _usual(rng)
    detector = _beside(usual)
    for n in range(20):
        detector.update([f"a{n}"], [_scores(rng, _continuous, added=1.0)], [usual.words[n]])
    others = {
        "none": None,
        "others": _usual(rng),
        "other names": replace(usual, names=CHANNELS[:3], scores=usual.scores[:, :3]),
    }
    saved = json.loads(json.dumps(detector.state()))
    copy = DriftDetector.restore(saved, others[found])
    before, after = detector.now, copy.now
    assert after.channels == before.channels == (*CHANNELS, CLASSIFIER)
    assert after.values[0].tolist() == [*before.values[0, :-1], 0.0]
    again = DriftDetector.restore(json.loads(json.dumps(copy.state())), usual)
    assert again.now.values.tolist() == after.values.tolist()


def test_a_restored_classifier_goes_on_beside_equal_answers() -> None:
    """A reference that was read again is the same one."""
    rng = np.random.default_rng(22)
    usual = _usual(rng)
    detector = _beside(usual)
    for n in range(20):
        detector.update([f"a{n}"], [_scores(rng, _continuous)], [usual.words[n]])
    read = UsualAnswers.from_arrays(usual.to_arrays())
    copy = DriftDetector.restore(json.loads(json.dumps(detector.state())), read)
    assert copy.now.values.tolist() == detector.now.values.tolist()
    assert copy.now.values[0, -1] > 0.0


def test_after_a_restart_the_channels_have_all_of_the_weight() -> None:
    """Also in a detector that is restored from there."""
    rng = np.random.default_rng(23)
    usual = _usual(rng)
    detector = _beside(usual)
    detector.restart()
    copy = DriftDetector.restore(json.loads(json.dumps(detector.state())), usual)
    assert detector.now.channels == copy.now.channels == CHANNELS


@pytest.mark.slow
def test_false_alarms_stay_within_the_budget_with_a_classifier() -> None:
    """At a line of 600, no more of 200 runs of 60 answers alarm than 60/600 allows (binomial, 1 %)."""
    rng, runs, length, line = np.random.default_rng(24), 200, 60, 600.0
    alarms = 0
    for run in range(runs):
        detector, fresh = _beside(_usual(rng)), _usual(rng, length)
        rows = [dict(zip(CHANNELS, row, strict=True)) for row in fresh.scores.tolist()]
        levels = detector.update([f"{run}-{n}" for n in range(length)], rows, fresh.words)
        alarms += levels.values.max() >= line
    assert alarms <= stats.binom.ppf(0.99, runs, length / line)
