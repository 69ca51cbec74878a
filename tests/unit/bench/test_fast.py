"""The fast sums are those of the detectors."""

from __future__ import annotations

import numpy as np
import pytest

from bench.detection import fast
from guards.betting import MeanDetector
from guards.graded import GradeDetector


@pytest.mark.parametrize(("before", "after"), [(0.5, 0.7), (0.9, 0.9), (0.8, 0.5)])
def test_fast_sums_are_those_of_the_detectors(before: float, after: float) -> None:
    """For better, equal and worse versions, also where grades lie between 0 and 1."""
    draw = np.random.default_rng(1)
    usual = (draw.random(100) < before).astype(float)
    stream = np.round((draw.random(150) < after) * draw.random(150) ** 0.1, 3)
    differences = stream - (draw.random(150) < before)
    slow = MeanDetector(0.0).update(differences.tolist()) + GradeDetector(usual, 0.0).update(
        stream.tolist()
    )
    assert fast.both(usual, stream, differences) == pytest.approx(slow / 2.0, rel=1e-9)
