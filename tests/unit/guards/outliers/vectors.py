"""Made-up vectors: usual ones in classes, and odd ones beside them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 8
CLASSES = 4

Vectors = NDArray[np.float64]


def usual(count: int, seed: int) -> tuple[Vectors, NDArray[np.int_]]:
    """Return vectors (count, DIMENSIONS) around one direction for each class, and the classes."""
    labels = np.arange(count) % CLASSES
    noise = np.random.default_rng(seed).normal(scale=0.15, size=(count, DIMENSIONS))
    return np.eye(DIMENSIONS)[labels] + noise, labels


def odd(count: int, seed: int) -> Vectors:
    """Return vectors around a direction that is no class's."""
    noise = np.random.default_rng(seed).normal(scale=0.15, size=(count, DIMENSIONS))
    return np.asarray(np.eye(DIMENSIONS)[[CLASSES]] + noise)
