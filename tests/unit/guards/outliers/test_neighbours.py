"""Outliers among vectors."""

from __future__ import annotations

import numpy as np

from guards.outliers.neighbours import NearestNeighbours


def test_a_vector_far_from_all_others_scores_lowest() -> None:
    """Scores follow scikit-learn: the lower, the odder."""
    detector = NearestNeighbours(k=2).fit(np.array([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8]]))
    near, far = detector.score_samples(np.array([[1.0, 0.0], [-1.0, 0.0]]))
    assert near > far


def test_the_score_is_the_mean_distance_to_the_nearest() -> None:
    """Distances 0 and 1 to the two nearest have the mean one half."""
    detector = NearestNeighbours(k=2).fit(np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]))
    assert detector.score_samples(np.array([[1.0, 0.0]])).tolist() == [-0.5]


def test_fewer_vectors_than_neighbours_are_all_averaged() -> None:
    """A small reference is no error."""
    detector = NearestNeighbours(k=9).fit(np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert detector.score_samples(np.array([[1.0, 0.0]])).tolist() == [-0.5]
