"""Whitening: lengths are Mahalanobis distances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis
from sklearn.covariance import LedoitWolf

from guards.outliers.whitening import Whitening, class_means
from tests.unit.guards.outliers.vectors import usual


def test_the_length_is_the_mahalanobis_distance() -> None:
    """As SciPy computes it, with scikit-learn's Ledoit-Wolf covariance."""
    vectors, _ = usual(60, seed=1)
    estimate = LedoitWolf().fit(vectors)
    white = Whitening().fit(vectors).transform(vectors[:5])
    expected = [
        mahalanobis(each, estimate.location_, estimate.get_precision()) for each in vectors[:5]
    ]
    assert np.linalg.norm(white, axis=1) == pytest.approx(expected)


def test_a_direction_that_never_varies_gives_finite_numbers() -> None:
    """Without shrinkage it would be divided by nothing."""
    vectors, _ = usual(60, seed=1)
    vectors[:, 0] = 1.0
    assert np.isfinite(Whitening(shrinkage=0.0).fit(vectors).transform(vectors)).all()


def test_with_labels_the_spread_is_that_within_the_classes() -> None:
    """Around each class's own mean it is 1 in every direction."""
    vectors, labels = usual(400, seed=1)
    white = Whitening(shrinkage=0.0).fit(vectors, labels).transform(vectors)
    within = white - class_means(white, labels)[1]
    assert within.T @ within / len(within) == pytest.approx(np.eye(vectors.shape[1]), abs=1e-9)
