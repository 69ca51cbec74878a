"""The surprise of an answer as a whole."""

from __future__ import annotations

import numpy as np

from guards import channels
from guards.signals.signal import Values
from guards.surprise import scale_of, surprise

COUNT = 200


def drawn(count: int, seed: int, shift: float = 0.0) -> dict[str, Values]:
    """Return scores of ten signals, and of an embedding that is shifted."""
    random = np.random.default_rng(seed)
    scores = {f"s{number}": random.normal(size=count) for number in range(10)}
    return {**scores, channels.OUTLIER: random.normal(size=count) + shift}


def p_values(scores: dict[str, Values]) -> Values:
    """Return p-values beside 200 usual answers."""
    usual = {name: np.sort(values) for name, values in drawn(COUNT, 1).items()}
    scale = scale_of(usual, drawn(COUNT, 1))
    calibrated = np.sort(surprise(usual, drawn(COUNT, 1), scale, own=True))
    return channels.p_values(calibrated, surprise(usual, scores, scale))


def test_an_answer_that_is_odd_by_its_embedding_alone_is_surprising() -> None:
    """A mean over all channels would drown it."""
    assert (p_values(drawn(50, 2, shift=6.0)) <= 0.01).all()


def test_usual_answers_are_surprising_as_often_as_stated() -> None:
    """At most 5 % of them at 5 %, within three standard errors."""
    found = np.concatenate([p_values(drawn(200, seed)) for seed in range(10, 20)])
    assert 0.02 < (found <= 0.05).mean() < 0.05 + 3 * np.sqrt(0.05 * 0.95 / COUNT)


def test_an_answer_without_an_embedding_is_called_odd_no_more_often() -> None:
    """Its signals are all that counts."""
    scores = drawn(500, 3)
    silent = {**scores, channels.OUTLIER: np.full(500, np.nan)}
    assert (p_values(silent) >= p_values(scores)).all()


def test_an_answer_without_any_score_has_no_surprise() -> None:
    """It is undefined, not usual."""
    nothing = {name: np.full(1, np.nan) for name in drawn(1, 1)}
    assert np.isnan(p_values(nothing)).all()
