"""Runs river's detectors over series; it is started by `bench.peers.drift` with river's interpreter.

Prints for each file a JSON object: detector → first alarm after the reference (-1: none), by
setting from the strictest to the loosest.
"""

import json
import sys

import numpy as np
from river import drift
from river.drift import binary

ADWIN = [1e-9, 1e-7, 1e-5, 1e-4, 1e-3, 2e-3, 1e-2, 0.05, 0.2]
PAGE_HINKLEY = [200, 120, 80, 60, 45, 35, 25, 18, 12]  # thresholds on standardised values
KSWIN = [1e-7, 1e-5, 1e-4]
HDDM = [1e-9, 1e-7, 1e-5, 1e-4, 1e-3, 1e-2]


def first_alarm(detector, usual, stream):
    """Return the index of the first alarm in the stream, -1 for none."""
    for value in usual:
        detector.update(value)
    for index, value in enumerate(stream):
        detector.update(value)
        if detector.drift_detected:
            return index
    return -1


def settings(binary_allowed):
    """Yield detectors by name, strictest first."""
    yield "ADWIN", [lambda d=d: drift.ADWIN(delta=d, clock=1) for d in ADWIN]
    yield (
        "Page-Hinkley",
        [
            lambda t=t: drift.PageHinkley(min_instances=30, delta=0.1, threshold=t)
            for t in PAGE_HINKLEY
        ],
    )
    yield (
        "KSWIN",
        [lambda a=a: drift.KSWIN(alpha=a, window_size=100, stat_size=30, seed=1) for a in KSWIN],
    )
    if binary_allowed:
        yield "HDDM_W", [lambda c=c: binary.HDDMW(drift_confidence=c) for c in HDDM]


def main():
    """Go through the files."""
    for path in sys.argv[1:]:
        series = np.load(path)
        found = {}
        for name in ("length", "outlier score"):
            usual, stream = series[f"{name}/usual"], series[f"{name}/stream"]
            if name == "outlier score":
                usual = usual[~np.isnan(usual)]
            mean, deviation = usual.mean(), usual.std() + 1e-9
            parts = [((part - mean) / deviation).tolist() for part in (usual, stream)]
            for detector, made in settings(False):
                found[f"river {detector} on {name}"] = [
                    first_alarm(make(), *parts) for make in made
                ]
            high = float(np.quantile(usual, 0.8))
            odd = [(part > high).astype(int).tolist() for part in (usual, stream)]
            for detector, made in list(settings(True))[-1:]:
                found[f"river {detector} on odd {name}"] = [
                    first_alarm(make(), *odd) for make in made
                ]
        print(json.dumps(found), flush=True)


main()
