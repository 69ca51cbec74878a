"""Runs PyOD's detectors; it is started by `bench.outliers` with PyOD's interpreter.

Reads `clinc150.npz` and `20news.npz` in the folder that is named, and leaves the scores (large is
odd) in `pyod-….npz` beside them.
"""

import sys
from pathlib import Path

import numpy as np
from pyod.models.ecod import ECOD
from pyod.models.knn import KNN
from pyod.models.lof import LOF
from pyod.models.ocsvm import OCSVM
from pyod.models.pca import PCA

DETECTORS = {
    "kNN": lambda: KNN(method="mean"),
    "LOF": LOF,
    "ECOD": ECOD,
    "PCA": PCA,
    "OCSVM": OCSVM,
}
TOO_SLOW = ("OCSVM",)  # on 15,000 queries: its time grows with the square


def main():
    """Score both sets."""
    folder = Path(sys.argv[1])
    with np.load(folder / "clinc150.npz") as queries:
        train, test = queries["train"], queries["test"]
    found = {}
    for name, make in DETECTORS.items():
        if name not in TOO_SLOW:
            found[name] = make().fit(train).decision_function(test)
    np.savez(folder / "pyod-clinc150.npz", **found)
    with np.load(folder / "20news.npz") as posts:
        vectors, fitted, rest = posts["vectors"], posts["fitted"], posts["rest"]
    found = {
        name: np.stack(
            [
                make().fit(vectors[seen]).decision_function(vectors[unseen])
                for seen, unseen in zip(fitted, rest, strict=True)
            ]
        )
        for name, make in DETECTORS.items()
    }
    np.savez(folder / "pyod-20news.npz", **found)


main()
