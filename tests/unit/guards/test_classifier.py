"""Bets of a classifier that learns."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pytest

from guards import words
from guards.classifier import SMALLEST, OnlineClassifier
from guards.usual import UsualAnswers

NAMES = ("length", "lines", "refusal")
VOCABULARY = [f"word{n}" for n in range(60)]


def texts(rng: np.random.Generator, size: int, own: str = "") -> list[bytes]:
    """Return texts of ten words, and one of its own."""
    return [words.packed(" ".join(rng.choice(VOCABULARY, 10)) + " " + own) for _ in range(size)]


def usual(rng: np.random.Generator, size: int = 150) -> UsualAnswers:
    """Return a reference; refusals are unknown in a half of it."""
    scores = rng.normal(size=(size, len(NAMES)))
    scores[: size // 2, 2] = np.nan
    return UsualAnswers(names=NAMES, scores=scores, words=tuple(texts(rng, size)))


def stream(rng: np.random.Generator, size: int, moved: float = 0.0) -> list[Mapping[str, float]]:
    """Return scores of answers, moved in two signals."""
    rows = rng.normal(size=(size, 2)) + np.array([moved, -moved])
    return [{"length": float(a), "lines": float(b)} for a, b in rows]


@pytest.mark.slow
def test_false_alarms_stay_within_the_budget_over_all_segments() -> None:
    """At a line of 300, at most 150/300 of runs of 150 answers alarm, plus 3 standard errors."""
    rng, runs, length, line = np.random.default_rng(1), 100, 150, 300.0
    alarms = 0
    for _ in range(runs):
        values = OnlineClassifier(usual(rng)).update(stream(rng, length), texts(rng, length))
        alarms += values.max() >= line
    budget = length / line
    assert alarms / runs <= budget + 3.0 * np.sqrt(budget * (1.0 - budget) / runs)


@pytest.mark.slow
def test_a_bet_pays_back_its_stake_on_average() -> None:
    """The mean of what the sum wins in a step, over many references, is at most 1."""
    rng, won = np.random.default_rng(2), []
    for _ in range(150):
        values = OnlineClassifier(usual(rng)).update(stream(rng, 60), texts(rng, 60))
        won.append(values[-1] / 60.0)
    assert np.mean(won) <= 1.0 + 3.0 * np.std(won) / np.sqrt(len(won))


def test_a_change_of_signals_is_found() -> None:
    """Two signals moved against each other by one and a half standard deviations."""
    rng = np.random.default_rng(3)
    values = OnlineClassifier(usual(rng)).update(stream(rng, 60, 1.5), texts(rng, 60))
    assert values.max() > 1e4


def test_a_new_word_is_found_though_all_signals_are_as_they_were() -> None:
    """Nobody has to know before which word it will be."""
    rng = np.random.default_rng(4)
    values = OnlineClassifier(usual(rng)).update(stream(rng, 70), texts(rng, 70, "certainly"))
    assert values.max() > 1e4


def test_a_change_after_many_good_answers_is_found_in_a_later_segment() -> None:
    """Segments follow each other for ever."""
    rng = np.random.default_rng(5)
    classifier = OnlineClassifier(usual(rng))
    classifier.update(stream(rng, 400), texts(rng, 400))
    assert classifier.update(stream(rng, 150, 2.0), texts(rng, 150)).max() > 1e4


def test_cutting_a_stream_into_batches_changes_nothing_but_the_last_digits() -> None:
    """Each answer is bet on before it is learnt from."""
    rng = np.random.default_rng(6)
    reference, scores, features = usual(rng), stream(rng, 100, 0.5), texts(rng, 100)
    whole = OnlineClassifier(reference).update(scores, features)
    one = OnlineClassifier(reference)
    single = [one.update([s], [f])[0] for s, f in zip(scores, features, strict=True)]
    np.testing.assert_allclose(whole, single, rtol=1e-6)


@pytest.mark.parametrize("count", [0, 3, 5, 37, 120])
def test_a_restored_classifier_goes_on_where_it_stopped(count: int) -> None:
    """What was learnt is learnt again from what was saved."""
    rng = np.random.default_rng(7)
    reference, scores, features = usual(rng), stream(rng, 160, 0.5), texts(rng, 160)
    classifier = OnlineClassifier(reference)
    classifier.update(scores[:count], features[:count])
    copy = OnlineClassifier(reference)
    copy.restore(json.loads(json.dumps(classifier.state())))
    assert copy.value == classifier.value
    after = classifier.update(scores[count:], features[count:])
    np.testing.assert_allclose(copy.update(scores[count:], features[count:]), after, rtol=1e-4)


def test_answers_without_scores_stand_still() -> None:
    """What is not comparable says nothing."""
    classifier = OnlineClassifier(usual(np.random.default_rng(8)))
    before = classifier.state()
    assert classifier.update([{}], [words.packed("anything")]).tolist() == [0.0]
    assert classifier.state() == before


def test_a_small_reference_wins_nothing() -> None:
    """There is too little to learn from."""
    rng = np.random.default_rng(9)
    classifier = OnlineClassifier(usual(rng, SMALLEST - 1))
    assert classifier.update(stream(rng, 50, 5.0), texts(rng, 50)).max() == 0.0
