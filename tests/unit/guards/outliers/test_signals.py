"""Outliers among signals."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from guards.outliers.calibrated import Calibrated
from guards.outliers.signals import SignalOutliers
from guards.outliers.whitened import WhitenedNeighbours


def signals(count: int, seed: int) -> NDArray[np.float64]:
    """Return a length, a share that follows it, and a number that half of the answers have."""
    random = np.random.default_rng(seed)
    length = random.normal(150, 40, count)
    share = length / 300 + random.normal(scale=0.01, size=count)
    number = np.where(random.random(count) < 0.5, random.normal(size=count), np.nan)
    return np.column_stack([length, share, number])


def test_an_odd_combination_of_usual_values_is_odd() -> None:
    """A long answer with the share of a short one; each alone is usual."""
    detector = SignalOutliers().fit(signals(300, seed=1))
    combined = np.array([[220.0, 0.3, np.nan]])
    assert detector.score_samples(combined)[0] < np.quantile(
        detector.score_samples(signals(300, seed=2)), 0.01
    )


def test_a_signal_that_is_missing_is_odd_only_where_it_is_usually_there() -> None:
    """Half of the answers lack the number, none lacks the length."""
    detector = SignalOutliers().fit(signals(300, seed=1))
    whole = np.array([[150.0, 0.5, 0.0]])
    lacks_number, lacks_length = whole.copy(), whole.copy()
    lacks_number[0, 2], lacks_length[0, 0] = np.nan, np.nan
    scores = [detector.score_samples(each)[0] for each in (whole, lacks_number, lacks_length)]
    assert scores[1] == pytest.approx(scores[0], abs=2)
    assert scores[2] < scores[0] - 50


def test_a_signal_that_nobody_has_and_one_that_never_varies_are_no_error() -> None:
    """Scores stay finite, whatever comes."""
    table = signals(60, seed=1)
    table = np.column_stack([table, np.full(60, np.nan), np.ones(60)])
    detector = SignalOutliers().fit(table)
    odd = np.array([[1e9, -1e9, np.nan, 3.0, 2.0]])
    assert np.isfinite(detector.score_samples(np.vstack([table, odd]))).all()


def test_it_has_p_values_like_any_detector() -> None:
    """Calibrated, it predicts -1 for what no usual answer is like."""
    detector = Calibrated(SignalOutliers(WhitenedNeighbours()), alpha=0.05)
    detector.fit(signals(300, seed=1))
    assert detector.predict(np.array([[1e9, -5.0, 40.0]])).tolist() == [-1]
    assert (detector.predict(signals(300, seed=2)) == 1).mean() > 0.85
