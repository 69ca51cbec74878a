"""When the service's own drift detector alarms in a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bench.detection import answers, figures
from bench.detection.chains import Run
from guards.drift import DriftDetector
from guards.exchange import Exchange
from guards.layout import Layout
from guards.reference import Reference

OURS = "Backstop"
LINES = (100.0, 1_000.0, 10_000.0, 100_000.0)
_LENGTH = ("characters_high", "characters_low")


def judged(run: Run) -> Mapping[str, Mapping[str, float]]:
    """Return what becomes of a run, as `alarms` gives it."""
    return alarms(*answers.of(run))


def alarms(
    usual: Sequence[Exchange], stream: Sequence[Exchange]
) -> Mapping[str, Mapping[str, float]]:
    """Return subject → line → answers to the alarm; `NEVER` for none."""
    reference = Reference.fit(usual, seed=0)
    columns = reference.scores(stream)
    names = list(columns)
    rows = np.column_stack([columns[name] for name in names])
    scores = [
        {name: value for name, value in zip(names, row, strict=True) if not np.isnan(value)}
        for row in rows.tolist()
    ]
    ids = [each.id for each in stream]
    features = reference.words(Layout.of([each.output for each in stream]))
    categories = None
    if reference.categories is not None:
        placed = reference.categories.prompts.place([each.prompt for each in stream])
        categories = placed.categories.tolist()
    length = {name: reference.channels[name] for name in _LENGTH if name in reference.channels}
    detectors = {
        OURS: DriftDetector.beside(reference.channels, reference.usual, reference.categories),
        "Backstop, conformal channels alone": DriftDetector.beside(
            reference.channels, None, reference.categories
        ),
        "length only": DriftDetector(length),
    }
    found = {}
    for name, detector in detectors.items():
        path = detector.update(ids, scores, features, categories).values.max(axis=1)
        found[name] = {f"{line:.0f}": figures.first(path, line) for line in LINES}
    return found
