"""When the service's own drift detector alarms in a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from bench.detection import answers, figures
from bench.detection.chains import Run
from guards import ngrams, words
from guards.drift import DriftDetector
from guards.exchange import Exchange
from guards.reference import Reference

OURS = "Backstop"
LINES = (100.0, 1_000.0, 10_000.0, 100_000.0)
_LENGTH = ("characters_high", "characters_low")


def judged(run: Run) -> Mapping[str, Any]:
    """Return what becomes of a run: `alarms` as `alarms` gives them, and `separable`.

    The latter is whether a classifier that has reference and stream at once tells them apart
    (cross-validated AUC, one-sided p at most .01); `None` in an A/A run.
    """
    usual, stream = answers.of(run)
    separable = _is_separable(usual, stream) if run.is_change else None
    return {"alarms": alarms(usual, stream), "separable": separable}


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
    features = [reference.words(each.output) for each in stream]
    length = {name: reference.channels[name] for name in _LENGTH if name in reference.channels}
    detectors = {
        OURS: DriftDetector(reference.channels, reference.usual),
        "Backstop, conformal channels alone": DriftDetector(reference.channels),
        "length only": DriftDetector(length),
    }
    found = {}
    for name, detector in detectors.items():
        path = detector.update(ids, scores, features).values.max(axis=1)
        found[name] = {f"{line:.0f}": figures.first(path, line) for line in LINES}
    return found


def _is_separable(usual: Sequence[Exchange], stream: Sequence[Exchange]) -> bool:
    """Whether n-grams and words tell the two apart, by cross-validation on all of them."""
    texts = [each.output for each in (*usual, *stream)]
    labels = np.repeat([0, 1], [len(usual), len(stream)])
    present = np.zeros((len(texts), words.FEATURES), dtype=np.float32)
    for row, text in enumerate(texts):
        present[row, words.unpacked(words.packed(text, b""))] = 1.0
    table = np.hstack([_unit(np.sqrt(ngrams.counts(texts).to_table())), _unit(present)])
    inner = (table @ table.T).astype(np.float64)
    scored = np.empty(len(texts))
    for fitted, held in StratifiedKFold(5, shuffle=True, random_state=0).split(labels, labels):
        centred = labels[fitted] - labels[fitted].mean()
        kernel = inner[np.ix_(fitted, fitted)] + np.eye(len(fitted))
        scored[held] = inner[np.ix_(held, fitted)] @ np.linalg.solve(kernel, centred)
    auc = roc_auc_score(labels, scored)
    deviation = np.sqrt((len(texts) + 1) / (12.0 * len(usual) * len(stream)))
    return bool((auc - 0.5) / deviation >= 2.326)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows at length 1."""
    return np.asarray(rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-9))
