"""Outliers among embeddings of text: ours, scikit-learn's and PyOD's, beside trivial baselines.

    clinc150   customer queries of 150 intents; out-of-scope queries are the outliers. all-MiniLM-L6-v2
               embeds them, fitted on the training queries, with and without their intents
    service    the same queries, as a service of one domain sees them: 15 intents drawn at random,
               300 of their queries fitted without intents, the out-of-scope ones still the outliers
    20news     BERT embeddings of newsgroup posts (ADBench): fitted without labels on 70 %, the
               outliers among them included, and scored on the rest, over random splits

AUROC, with a 95 % bootstrap interval on clinc150 and the range of nine in ten draws elsewhere. What
is named "intents" knows the training queries' intents; everything else does not.

    make bench-outliers ARGS="--seeds 20"
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

from bench import output
from bench.detection import data
from bench.peers import environment, minilm
from guards.novelty import Novelty
from guards.outliers.default import TextOutliers, unit
from guards.outliers.detector import Detector
from guards.outliers.local_factor import LocalOutlierFactor
from guards.outliers.logits import MaxLogit
from guards.outliers.mahalanobis import Mahalanobis
from guards.outliers.neighbours import NearestNeighbours
from guards.outliers.whitened import WhitenedNeighbours

_BARS = {"intents": 0.98, "clinc150": 0.965, "20news": 0.75}
_PYOD = ("pyod==2.0.5", "scikit-learn==1.6.1")  # it does not run with later ones
_FITTED_ON = 0.7
_BOOTSTRAPS = 200
_INTENTS, _REFERENCE = 15, 300  # of a service of one domain

Vectors = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    """CLINC150: vectors (n, dimensions), and lengths of the texts in characters (n,)."""

    train: Vectors
    intents: NDArray[np.str_]
    texts: Sequence[str]
    test: Vectors
    test_intents: NDArray[np.str_]
    test_texts: Sequence[str]
    lengths: Vectors
    odd: NDArray[np.int_]  # 1 for out of scope


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--seeds", type=int, default=20, help="splits of 20news")
    parser.add_argument("--no-peers", action="store_true", help="leave out PyOD")
    asked = parser.parse_args()
    queries = _queries()
    rows = [*_on_queries(queries), *_on_a_service(queries, asked.seeds), *_on_posts(asked.seeds)]
    if not asked.no_peers:
        rows += _pyod(queries, asked.seeds)
    notes = [
        f"bars: ours with intents {_BARS['intents']}, without {_BARS['clinc150']}, "
        f"20news {_BARS['20news']}",
        f"clinc150: {len(queries.train):,} fitted, {len(queries.test):,} scored, "
        f"{int(queries.odd.sum()):,} of them out of scope",
    ]
    output.show("AUROC of outliers among embeddings of text", rows, notes, asked.json)


def _queries() -> Queries:
    parts = json.loads(gzip.decompress(data.need("clinc150", "data_full.json.gz").read_bytes()))
    names = ("train", "test", "oos_test")
    texts = {name: [text for text, _ in parts[name]] for name in names}
    vectors = _embedded([text for name in names for text in texts[name]]).astype(np.float64)
    fitted = len(texts["train"])
    odd = np.repeat([0, 1], [len(texts["test"]), len(texts["oos_test"])])
    return Queries(
        train=vectors[:fitted],
        intents=np.array([intent for _, intent in parts["train"]]),
        texts=texts["train"],
        test=vectors[fitted:],
        test_intents=np.array([intent for _, intent in parts["test"] + parts["oos_test"]]),
        test_texts=texts["test"] + texts["oos_test"],
        lengths=np.array([len(text) for text in texts["test"] + texts["oos_test"]], dtype=float),
        odd=odd,
    )


def _embedded(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the vectors of texts, encoded once and kept."""
    kept = environment.CACHE / "bench" / "clinc150-minilm.npy"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, minilm.encode(texts))
    return np.asarray(np.load(kept))


def _on_queries(queries: Queries) -> Iterator[Mapping[str, Any]]:
    known: Mapping[str, Callable[[], Detector]] = {
        "ours, default": TextOutliers,
        "max logit": MaxLogit,
        "Mahalanobis": Mahalanobis,
        "relative Mahalanobis": lambda: Mahalanobis(relative=True),
    }
    for name, make in known.items():
        yield _row(f"{name}, intents", "clinc150", *_bootstrapped(queries, make(), queries.intents))
    for name, make in _without_labels().items():
        yield _row(name, "clinc150", *_bootstrapped(queries, make(), None))
    for name, scores in _trivial(queries.lengths).items():
        yield _row(name, "clinc150", *_interval(queries.odd, scores))


def _on_a_service(queries: Queries, seeds: int) -> Iterator[Mapping[str, Any]]:
    makes: Mapping[str, Callable[[], Detector]] = {
        "ours, as the service fits it": lambda: TextOutliers(clustered=False),
        **_without_labels(),
    }
    found: defaultdict[str, list[float]] = defaultdict(list)
    for seed in range(seeds):
        rows, scored = _drawn(queries, seed)
        odd = queries.odd[scored]
        for name, make in makes.items():
            detector = make()
            detector.fit(queries.train[rows])
            found[name].append(roc_auc_score(odd, -detector.score_samples(queries.test[scored])))
        novelty = Novelty.fit([queries.texts[row] for row in rows])
        scores = novelty.scores([queries.test_texts[row] for row in scored])
        found["ours, without a model"].append(roc_auc_score(odd, scores))
        found["length only"].append(roc_auc_score(odd, queries.lengths[scored]))
    for name, values in found.items():
        yield _row(name, "service", float(np.median(values)), *np.quantile(values, [0.05, 0.95]))


def _drawn(queries: Queries, seed: int) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Return the rows that are fitted and those that are scored, for one domain."""
    random = np.random.default_rng(seed)
    domain = random.choice(np.unique(queries.intents), _INTENTS, replace=False)
    usual = random.permutation(np.flatnonzero(np.isin(queries.intents, domain)))
    scored = np.flatnonzero(np.isin(queries.test_intents, domain) | (queries.odd == 1))
    return usual[:_REFERENCE], scored


def _without_labels() -> Mapping[str, Callable[[], Detector]]:
    return {
        "ours, default": TextOutliers,
        "nearest neighbours": NearestNeighbours,
        "whitened neighbours": WhitenedNeighbours,
        "Mahalanobis": Mahalanobis,
        "LOF (scikit-learn)": LocalOutlierFactor,
        "isolation forest (scikit-learn)": lambda: IsolationForest(random_state=0),
    }


def _trivial(lengths: Vectors) -> Mapping[str, Vectors]:
    return {"length only": lengths, "never an outlier": np.zeros(len(lengths))}


def _bootstrapped(
    queries: Queries, detector: Detector, labels: NDArray[np.str_] | None
) -> tuple[float, float, float]:
    detector.fit(queries.train) if labels is None else detector.fit(queries.train, labels)
    return _interval(queries.odd, -detector.score_samples(queries.test))


def _interval(odd: NDArray[np.int_], scores: Vectors) -> tuple[float, float, float]:
    random = np.random.default_rng(0)
    drawn = [random.integers(len(odd), size=len(odd)) for _ in range(_BOOTSTRAPS)]
    again = [roc_auc_score(odd[rows], scores[rows]) for rows in drawn]
    low, high = np.quantile(again, [0.025, 0.975])
    return float(roc_auc_score(odd, scores)), float(low), float(high)


def _posts() -> tuple[Vectors, NDArray[np.int_]]:
    with np.load(data.need("adbench", "NLP_by_BERT_20news_3.npz")) as held:
        return held["X"].astype(np.float64), held["y"]


def _split(count: int, seed: int) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    order = np.random.default_rng(seed).permutation(count)
    fitted = round(_FITTED_ON * count)
    return order[:fitted], order[fitted:]


def _on_posts(seeds: int) -> Iterator[Mapping[str, Any]]:
    vectors, odd = _posts()
    for name, make in _without_labels().items():
        found = []
        for fitted, rest in (_split(len(odd), seed) for seed in range(seeds)):
            detector = make()
            own = unit(vectors) if name == "nearest neighbours" else vectors
            detector.fit(own[fitted])
            found.append(roc_auc_score(odd[rest], -detector.score_samples(own[rest])))
        yield _row(name, "20news", float(np.median(found)), *np.quantile(found, [0.05, 0.95]))


def _pyod(queries: Queries, seeds: int) -> Iterator[Mapping[str, Any]]:
    """Yield what PyOD's detectors reach, run by an interpreter that has it."""
    try:
        home = environment.made("pyod", _PYOD)
    except subprocess.CalledProcessError as error:
        print(f"PyOD is left out: {error}", file=sys.stderr)
        return
    folder = environment.CACHE / "bench"
    np.savez(folder / "clinc150.npz", train=queries.train, test=queries.test)
    vectors, odd = _posts()
    splits = [_split(len(odd), seed) for seed in range(seeds)]
    np.savez(
        folder / "20news.npz",
        vectors=vectors,
        fitted=np.stack([fitted for fitted, _ in splits]),
        rest=np.stack([rest for _, rest in splits]),
    )
    script = Path(__file__).parent / "peers" / "detectors" / "with_pyod.py"
    subprocess.run([str(home / "bin" / "python"), str(script), str(folder)], check=True)
    with np.load(folder / "pyod-clinc150.npz") as scores:
        for name in scores.files:
            yield _row(f"PyOD {name}", "clinc150", *_interval(queries.odd, scores[name]))
    with np.load(folder / "pyod-20news.npz") as scores:
        for name in scores.files:
            found = [
                roc_auc_score(odd[rest], each)
                for (_, rest), each in zip(splits, scores[name], strict=True)
            ]
            spread = np.quantile(found, [0.05, 0.95])
            yield _row(f"PyOD {name}", "20news", float(np.median(found)), *spread)


def _row(name: str, dataset: str, value: float, low: float, high: float) -> Mapping[str, Any]:
    return {"detector": name, "data": dataset, "AUROC": value, "from": low, "to": high}


if __name__ == "__main__":
    main()
