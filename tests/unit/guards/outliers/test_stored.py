"""What every stored detector promises: arrays carry it, and company changes no score."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.neighbors import LocalOutlierFactor as Factor

from guards import archive
from guards.outliers.default import TextOutliers, View
from guards.outliers.detector import StoredDetector
from guards.outliers.ensemble import Ensemble
from guards.outliers.local_factor import LocalOutlierFactor
from guards.outliers.logits import MaxLogit
from guards.outliers.mahalanobis import Mahalanobis
from guards.outliers.neighbours import NearestNeighbours
from guards.outliers.signals import SignalOutliers
from guards.outliers.whitened import WhitenedNeighbours
from guards.outliers.whitening import best_shrinkage
from tests.unit.guards.outliers.vectors import odd, usual

STORED: dict[str, Callable[[], StoredDetector]] = {
    "neighbours": NearestNeighbours,
    "mahalanobis": Mahalanobis,
    "relative": lambda: Mahalanobis(relative=True),
    "whitened": WhitenedNeighbours,
    "logits": MaxLogit,
    "local factor": LocalOutlierFactor,
    "signals": SignalOutliers,
    "default": TextOutliers,
    "default, plain": lambda: TextOutliers(clustered=False),
}


@pytest.mark.parametrize("make", STORED.values(), ids=STORED)
def test_arrays_carry_a_detector_to_the_last_bit(make: Callable[[], StoredDetector]) -> None:
    """Through an archive without pickles."""
    detector = make()
    detector.fit(*usual(200, seed=1))
    _, arrays = archive.unpack(archive.pack({}, detector.to_arrays()))
    again = type(detector).from_arrays(arrays)
    assert np.array_equal(again.score_samples(_some()), detector.score_samples(_some()))


@pytest.mark.parametrize("make", STORED.values(), ids=STORED)
def test_a_vectors_score_does_not_depend_on_what_is_scored_beside_it(
    make: Callable[[], StoredDetector],
) -> None:
    """Not in any digit: a batch of another size must not change a p-value."""
    detector = make()
    detector.fit(*usual(200, seed=1))
    alone = [detector.score_samples(row[None, :])[0] for row in _some()]
    assert detector.score_samples(_some()).tolist() == alone


@pytest.mark.parametrize("view", View)
def test_the_default_is_carried_however_it_looks_at_vectors(view: View) -> None:
    """In a cone, by classes, or plainly."""
    vectors, labels = usual(200, seed=1)
    shift = 20.0 if view is View.CONE else 0.0
    detector = TextOutliers().fit(vectors + shift, labels if view is View.CLASSES else None)
    if view is View.PLAIN:
        detector = TextOutliers(clustered=False).fit(vectors)
    assert detector.view_ is view
    again = TextOutliers.from_arrays(detector.to_arrays())
    some = _some() + shift
    assert np.array_equal(again.score_samples(some), detector.score_samples(some))


def test_an_ensemble_of_what_cannot_be_stored_says_so() -> None:
    """scikit-learn's own detectors have no arrays."""
    ensemble = Ensemble([Factor(novelty=True)]).fit(usual(60, seed=1)[0])
    with pytest.raises(TypeError, match="LocalOutlierFactor cannot be stored"):
        ensemble.to_arrays()


def test_the_local_outlier_factor_is_scikit_learns() -> None:
    """With as many neighbours as it is given."""
    vectors, _ = usual(60, seed=1)
    expected = Factor(n_neighbors=5, novelty=True).fit(vectors).score_samples(_some())
    found = LocalOutlierFactor(k=5).fit(vectors).score_samples(_some())
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("count", [5, 60, 1000])
def test_the_shrinkage_is_scikit_learns(count: int) -> None:
    """Ledoit and Wolf's, also where there are fewer vectors than dimensions."""
    vectors, _ = usual(count, seed=1)
    centred = vectors - vectors.mean(axis=0)
    expected = ledoit_wolf_shrinkage(centred, assume_centered=True)
    assert best_shrinkage(centred) == pytest.approx(expected)


def _some() -> np.ndarray:
    return np.vstack([usual(20, seed=2)[0], odd(20, seed=3)])
