"""Whether a classifier that has reference and stream at once, all of it, tells two models apart.

A ridge regression on n-grams and words, cross-validated: without drift its AUC is one half.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from bench.detection import answers
from bench.detection.chains import Run
from guards import ngrams, words

SOURCES = (
    "bench/detection/separation.py",
    "bench/detection/answers.py",
    "guards/ngrams.py",
    "guards/sparse.py",
    "guards/words.py",
)
APART = 2.326  # one-sided p = .01
CLEARLY = 3.719  # one-sided p = .0001, as unlikely as an alarm at a line of 10,000 in one answer


def of(run: Run) -> float:
    """Return how many standard deviations the AUC of a run's two models is above one half."""
    usual, stream = answers.of(run)
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
    return float((auc - 0.5) / deviation)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows at length 1."""
    return np.asarray(rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-9))
