"""Runs alibi-detect's online detectors; `bench.peers.drift` starts it with their interpreter.

Prints for each file a JSON object: detector → its statistic after each answer of the stream. The
thresholds that it would set itself are not used, and get few bootstraps or none: one is chosen over
all runs, as for every peer. Each detector gets the features and the window that it was best with in the
pilot (`bench.drift --pilot`); with `--pilot` before the files, all of them.
"""

import json
import logging
import sys
import warnings

import numpy as np
import torch
from alibi_detect.cd import CVMDriftOnline, LSDDDriftOnline, MMDDriftOnline

SETTINGS = [
    (detector, features, window)
    for detector, all_features in (
        ("MMD", ("signals", "embedding")),
        ("LSDD", ("signals", "embedding")),
        ("CVM", ("signals", "length")),
    )
    for features in all_features
    for window in (20, 40)
]
BEST = [("MMD", "embedding", 40), ("LSDD", "signals", 40), ("CVM", "signals", 40)]
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
torch.set_num_threads(1)


class Unset(CVMDriftOnline):
    """The detector without thresholds of its own, which take it minutes."""

    def _configure_thresholds(self):
        self.thresholds = np.full((1, 1), np.inf)


def statistics(detector, stream):
    """Return the statistic after each answer; several features give their largest."""
    path = []
    for row in stream:
        statistic = np.nan_to_num(np.asarray(detector.score(row), dtype=float))
        path.append(float(f"{statistic.max():.6g}"))
    return path


def made(name, usual, window):
    """Return a detector that knows the reference."""
    np.random.seed(0)
    torch.manual_seed(0)
    if name == "CVM":
        size = usual.shape[1]
        return Unset(usual, ert=60.0, window_sizes=[window], n_features=size, verbose=False)
    kind = MMDDriftOnline if name == "MMD" else LSDDDriftOnline
    few = {"ert": 50.0, "n_bootstraps": 300, "verbose": False}
    return kind(usual, window_size=window, backend="pytorch", device="cpu", **few)._detector


def rows(series, name):
    """Return (n, features) of a series."""
    values = series[name].astype(np.float32)
    return values if values.ndim == 2 else values[:, None]


def main():
    """Go through the files."""
    pilot = "--pilot" in sys.argv
    for path in sys.argv[1 + pilot :]:
        series = np.load(path)
        found = {}
        for name, features, window in SETTINGS if pilot else BEST:
            usual, stream = (rows(series, f"{features}/{part}") for part in ("usual", "stream"))
            found[f"alibi-detect {name} on {features}, window {window}"] = statistics(
                made(name, usual, window), stream
            )
        print(json.dumps(found), flush=True)


main()
