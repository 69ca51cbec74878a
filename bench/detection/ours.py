"""One run: when the service's own drift detector alarms, and what peers get to see of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from bench.detection import data
from bench.detection.chains import Run
from guards import ngrams, words
from guards.drift import DriftDetector
from guards.embedding import Embedder
from guards.exchange import Exchange, Message
from guards.layout import Layout
from guards.reference import Reference

_START = datetime(2026, 1, 1, tzinfo=UTC)
_LENGTH = ("characters_high", "characters_low")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a run.

    Args:
        paths: subject → statistic (stream,) after each answer; an alarm is where it is large.
        separable: whether a classifier that has reference and stream at once tells them apart
            (cross-validated AUC, one-sided p at most .01); `None` in an A/A run.
        series: what peers are given: name → (reference, stream), each (n,) or (n, features).
    """

    run: Run
    paths: Mapping[str, NDArray[np.float64]]
    separable: bool | None
    series: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]


def outcomes(runs: Sequence[Run]) -> Iterator[Outcome]:
    """Yield what becomes of each run, over all cores."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when a new process imports numpy
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        yield from pool.map(outcome, runs, chunksize=4)


def outcome(run: Run) -> Outcome:
    """Judge one run."""
    before, after = data.outputs()[run.before], data.outputs()[run.after]
    usual = [_exchange(run, index, before[index]) for index in run.usual]
    stream = [_exchange(run, index, after[index]) for index in run.stream]
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
        "Backstop": DriftDetector.beside(reference.channels, reference.usual, reference.categories),
        "Backstop, conformal channels alone": DriftDetector.beside(
            reference.channels, None, reference.categories
        ),
        "length only": DriftDetector(length),
    }
    paths = {}
    for name, detector in detectors.items():
        levels = detector.update(ids, scores, features, categories)
        paths[name] = levels.values.max(axis=1)
    return Outcome(
        run=run,
        paths=paths,
        separable=_is_separable(usual, stream) if run.is_change else None,
        series=_series(reference, usual, stream),
    )


def _exchange(run: Run, index: int, output: str) -> Exchange:
    return Exchange(
        id=f"{run.seed}-{index}",
        deployment="bench",
        started_at=_START + timedelta(seconds=index),
        messages=(Message(role="prompt", content=data.prompts()[index]),),
        output=output,
    )


def _is_separable(usual: Sequence[Exchange], stream: Sequence[Exchange]) -> bool:
    """Whether n-grams and words tell the two apart, by cross-validation on all of them."""
    texts = [each.output for each in (*usual, *stream)]
    labels = np.repeat([0, 1], [len(usual), len(stream)])
    counts = ngrams.counts(texts)
    counts.data = np.sqrt(counts.data)
    lengths = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel()) + 1e-9
    rows = np.repeat(np.arange(len(texts)), [len(words.packed(text, b"")) // 2 for text in texts])
    spots = np.concatenate([words.unpacked(words.packed(text, b"")) for text in texts])
    present = sparse.csr_matrix(
        (np.ones(len(rows)), (rows, spots)), shape=(len(texts), words.FEATURES)
    )
    sizes = np.sqrt(np.asarray(present.sum(axis=1)).ravel()) + 1e-9
    table = sparse.hstack([sparse.diags(1 / lengths) @ counts, sparse.diags(1 / sizes) @ present])
    inner = (table @ table.T).toarray()
    scored = np.empty(len(texts))
    for fitted, held in StratifiedKFold(5, shuffle=True, random_state=0).split(labels, labels):
        centred = labels[fitted] - labels[fitted].mean()
        kernel = inner[np.ix_(fitted, fitted)] + np.eye(len(fitted))
        scored[held] = inner[np.ix_(held, fitted)] @ np.linalg.solve(kernel, centred)
    auc = roc_auc_score(labels, scored)
    deviation = np.sqrt((len(texts) + 1) / (12.0 * len(usual) * len(stream)))
    return bool((auc - 0.5) / deviation >= 2.326)


def _series(
    reference: Reference, usual: Sequence[Exchange], stream: Sequence[Exchange]
) -> Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
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
