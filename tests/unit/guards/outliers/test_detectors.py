"""What every detector promises: scikit-learn's conventions, and that odd vectors score lower."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor

from guards.outliers.calibrated import Calibrated
from guards.outliers.default import TextOutliers, View
from guards.outliers.detector import Detector
from guards.outliers.ensemble import Ensemble
from guards.outliers.logits import MaxLogit
from guards.outliers.mahalanobis import Mahalanobis
from guards.outliers.neighbours import NearestNeighbours
from guards.outliers.whitened import WhitenedNeighbours
from tests.unit.guards.outliers.vectors import odd, usual

BY_LABELS: dict[str, Callable[[], Detector]] = {
    "classes": Mahalanobis,
    "relative": lambda: Mahalanobis(relative=True),
    "logits": MaxLogit,
    "ensemble": lambda: Ensemble([NearestNeighbours(), MaxLogit()]),
    "default": TextOutliers,
}
WITHOUT: dict[str, Callable[[], Detector]] = {
    "neighbours": NearestNeighbours,
    "mean": Mahalanobis,
    "whitened": WhitenedNeighbours,
    "ensemble of scikit-learn's": lambda: Ensemble(
        [LocalOutlierFactor(novelty=True), NearestNeighbours()]
    ),
    "default": TextOutliers,
}


@pytest.mark.parametrize("make", BY_LABELS.values(), ids=BY_LABELS)
def test_odd_vectors_score_lower_where_classes_are_known(make: Callable[[], Detector]) -> None:
    """Nearly all of them, on vectors that were not fitted."""
    detector = make()
    detector.fit(*usual(400, seed=1))
    assert _auroc(detector) > 0.95


@pytest.mark.parametrize("make", WITHOUT.values(), ids=WITHOUT)
def test_odd_vectors_score_lower_where_no_class_is_known(make: Callable[[], Detector]) -> None:
    """The same without labels."""
    detector = make()
    detector.fit(usual(400, seed=1)[0])
    assert _auroc(detector) > 0.95


def test_vectors_in_a_narrow_cone_are_whitened_first() -> None:
    """Cosines hardly differ there: a large common part hides what differs."""
    common = np.full(8, 20.0)
    detector = TextOutliers().fit(usual(400, seed=1)[0] + common)
    assert detector.view_ is View.CONE
    scores = -detector.score_samples(np.vstack([usual(100, seed=2)[0], odd(100, seed=3)]) + common)
    assert roc_auc_score(np.repeat([0, 1], 100), scores) > 0.95


def test_few_vectors_are_no_error() -> None:
    """Too few for clusters, the default still tells odd from usual."""
    detector = TextOutliers().fit(usual(40, seed=1)[0])
    assert _auroc(detector) > 0.9


def test_a_relative_distance_without_classes_is_refused() -> None:
    """There would be nothing to be relative to."""
    with pytest.raises(ValueError, match="needs labels"):
        Mahalanobis(relative=True).fit(usual(40, seed=1)[0])


def test_p_values_of_usual_vectors_are_no_smaller_than_uniform_ones() -> None:
    """At most α of them are at most α, within three standard errors, over 40 calibrations."""
    below = []
    for seed in range(40):
        detector = Calibrated(NearestNeighbours(), alpha=0.1, random_state=seed)
        detector.fit(usual(200, seed=seed)[0])
        below.append(float((detector.p_values(usual(100, seed=1000 + seed)[0]) <= 0.1).mean()))
    assert np.mean(below) <= 0.1 + 3 * np.std(below) / np.sqrt(len(below))


def test_outliers_are_predicted_at_the_rate_that_was_asked_for() -> None:
    """-1 is an outlier, 1 is none, as in scikit-learn."""
    detector = Calibrated(TextOutliers(), alpha=0.02).fit(*usual(400, seed=1))
    assert set(detector.predict(odd(50, seed=2))) == {-1}
    assert (detector.predict(usual(400, seed=3)[0]) == 1).mean() > 0.9


def test_too_few_vectors_for_a_rate_are_refused() -> None:
    """The smallest p-value would be larger than it."""
    with pytest.raises(ValueError, match="at least 99 are needed"):
        Calibrated(NearestNeighbours(), alpha=0.01).fit(usual(100, seed=1)[0])


def _auroc(detector: Detector) -> float:
    scores = detector.score_samples(np.vstack([usual(100, seed=2)[0], odd(100, seed=3)]))
    return float(roc_auc_score(np.repeat([0, 1], 100), -scores))
