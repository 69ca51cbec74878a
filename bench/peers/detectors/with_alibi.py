"""Runs alibi-detect's online detectors; `bench.peers.drift` starts it with their interpreter.

Prints for each file a JSON object: detector → its statistic after each answer of the stream. The
thresholds that it would set itself are not used: one is chosen over all runs, as for every peer.
"""

import json
import logging
import sys
import warnings

import numpy as np
import torch
from alibi_detect.cd import CVMDriftOnline, LSDDDriftOnline, MMDDriftOnline

WINDOW = 30
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
torch.set_num_threads(1)


def statistics(detector, stream):
    """Return the statistic after each answer; several features give their largest."""
    path = []
    for row in stream:
        statistic = detector.predict(row)["data"]["test_stat"]
        known = np.nan_to_num(np.asarray(0.0 if statistic is None else statistic, dtype=float))
        path.append(float(known.max()))
    return path


def made(name, usual, size):
    """Return a detector; few bootstraps, for its threshold is not used."""
    common = {"ert": 60.0, "verbose": False}
    if name == "CVM":
        return CVMDriftOnline(
            usual,
            window_sizes=[WINDOW],
            n_bootstraps=1000,
            batch_size=1000,
            n_features=size,
            **common,
        )
    kind = MMDDriftOnline if name == "MMD" else LSDDDriftOnline
    return kind(
        usual, window_size=WINDOW, n_bootstraps=150, backend="pytorch", device="cpu", **common
    )


def main():
    """Go through the files."""
    for path in sys.argv[1:]:
        series = np.load(path)
        found = {}
        for name, features in (
            ("MMD", "signals"),
            ("MMD", "embedding"),
            ("LSDD", "signals"),
            ("CVM", "signals"),
        ):
            usual = series[f"{features}/usual"].astype(np.float32)
            stream = series[f"{features}/stream"].astype(np.float32)
            np.random.seed(0)
            torch.manual_seed(0)
            label = f"alibi-detect {name} on {features}"
            try:
                found[label] = statistics(made(name, usual, usual.shape[1]), stream)
            except Exception as error:
                print(f"{label}: {error}", file=sys.stderr)
        print(json.dumps(found), flush=True)


main()
