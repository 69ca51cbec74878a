"""What peers get to see of a run: numbers and vectors, each fitted on the reference alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bench.detection import answers
from bench.detection.chains import Run
from guards.embedding import Embedder
from guards.reference import Reference

# Name → values of reference and stream, each (n,) or (n, features).
Series = Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]
# What they depend on; a change of the detectors alone leaves what was measured of peers as it is.
SOURCES = (
    "bench/detection/series.py",
    "bench/detection/answers.py",
    "bench/detection/data.py",
    "guards/reference.py",
    "guards/channels.py",
    "guards/novelty.py",
    "guards/embedding.py",
    "guards/ngrams.py",
    "guards/sparse.py",
    "guards/signals",
)


def of(run: Run) -> Series:
    """Return what peers are given of a run: name → (reference, stream)."""
    usual, stream = answers.of(run)
    reference = Reference.fit(usual, seed=0)
    embedder = Embedder.from_arrays(
        {name: array for name, array in reference.novelty.to_arrays().items() if name != "vectors"}
    )
    lengths = [[np.log1p(len(each.output)) for each in part] for part in (usual, stream)]
    vectors = [embedder.transform([each.output for each in part]) for part in (usual, stream)]
    columns = [reference.scores(part) for part in (usual, stream)]
    names = [name for name in reference.channels if name != "outlier" and not name.endswith("_low")]
    signals = [np.nan_to_num(np.column_stack([part[n] for n in names])) for part in columns]
    mean, deviation = signals[0].mean(axis=0), signals[0].std(axis=0) + 1e-9
    signals = [np.clip((part - mean) / deviation, -5, 5) for part in signals]
    # Only the calibration half has honest scores; they are kept sorted.
    scored = np.random.default_rng(0).permutation(reference.channels["outlier"])
    return {
        "length": (np.array(lengths[0]), np.array(lengths[1])),
        "outlier score": (scored, columns[1]["outlier"]),
        "signals": (signals[0], signals[1]),
        "embedding": (vectors[0].astype(float), vectors[1].astype(float)),
    }
