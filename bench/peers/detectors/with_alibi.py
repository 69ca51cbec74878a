"""Runs alibi-detect's online detectors; `bench.peers.drift` starts it with their interpreter.

Prints for each file a JSON object: detector → its statistic after each answer of the stream. The
thresholds that it would set itself are not used, and get few bootstraps or none: one is chosen over
all runs, as for every peer.
"""

import json
import logging
import sys
import warnings

import numpy as np
import torch
from alibi_detect.cd import CVMDriftOnline, LSDDDriftOnline, MMDDriftOnline

WINDOW = 30
SETTINGS = (("MMD", "signals"), ("MMD", "embedding"), ("LSDD", "signals"), ("CVM", "signals"))
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


def made(name, usual):
    """Return a detector that knows the reference."""
    np.random.seed(0)
    torch.manual_seed(0)
    if name == "CVM":
        size = usual.shape[1]
        return Unset(usual, ert=60.0, window_sizes=[WINDOW], n_features=size, verbose=False)
    kind = MMDDriftOnline if name == "MMD" else LSDDDriftOnline
    few = {"ert": 50.0, "n_bootstraps": 300, "verbose": False}
    return kind(usual, window_size=WINDOW, backend="pytorch", device="cpu", **few)._detector


def main():
    """Go through the files."""
    for path in sys.argv[1:]:
        series = np.load(path)
        found = {}
        for name, features in SETTINGS:
            usual, stream = (
                series[f"{features}/{part}"].astype(np.float32) for part in ("usual", "stream")
            )
            found[f"alibi-detect {name} on {features}"] = statistics(made(name, usual), stream)
        print(json.dumps(found), flush=True)


main()
