"""Runs river's detectors over series; it is started by `bench.peers.drift` with river's interpreter.

Prints for each file a JSON object: detector → first alarm after the reference (-1: none), by
setting from the strictest to the loosest. Each detector gets the series that it was best on in the
pilot (`bench.drift --pilot`); with `--pilot` before the files, every series.
"""

import json
import sys

import numpy as np
from first_alarm import first_alarm
from river import drift
from river.drift import binary

STANDARD = {  # detector → settings, strictest first; on standardised values
    "ADWIN": [
        lambda d=d: drift.ADWIN(delta=d, clock=1)
        for d in (1e-9, 1e-7, 1e-5, 1e-4, 1e-3, 2e-3, 1e-2, 0.05, 0.2)
    ],
    "Page-Hinkley": [
        lambda t=t: drift.PageHinkley(min_instances=30, delta=0.1, threshold=t)
        for t in (200, 120, 80, 60, 45, 35, 25, 18, 12)
    ],
    "KSWIN": [
        lambda a=a: drift.KSWIN(alpha=a, window_size=100, stat_size=30, seed=1)
        for a in (1e-7, 1e-6, 1e-5, 1e-4)
    ],
}
BINARY = {  # on whether a value is above four fifths of the reference's
    "HDDM_W": [
        lambda c=c: binary.HDDMW(drift_confidence=c) for c in (1e-9, 1e-7, 1e-5, 1e-4, 1e-3, 1e-2)
    ],
    "DDM": [lambda t=t: binary.DDM(drift_threshold=t) for t in (6.0, 5.0, 4.5, 4.0, 3.5, 3.0, 2.5)],
}
SERIES = ("length", "outlier score")
BEST = {
    "ADWIN": ("length",),
    "Page-Hinkley": ("length",),
    "KSWIN": ("length",),
    "HDDM_W": ("length",),
    "DDM": ("length",),
}


def alarms(series, wanted):
    """Return detector → first alarm by setting, on the series that are wanted of each."""
    found = {}
    for name in SERIES:
        usual, stream = series[f"{name}/usual"], series[f"{name}/stream"]
        usual = usual[~np.isnan(usual)]
        mean, deviation = usual.mean(), usual.std() + 1e-9
        standard = [((part - mean) / deviation).tolist() for part in (usual, stream)]
        high = float(np.quantile(usual, 0.8))
        odd = [(part > high).astype(int).tolist() for part in (usual, stream)]
        for label, parts, detectors in (("", standard, STANDARD), ("odd ", odd, BINARY)):
            for detector, made in detectors.items():
                if name in wanted[detector]:
                    found[f"river {detector} on {label}{name}"] = [
                        first_alarm(each(), *parts) for each in made
                    ]
    return found


def main():
    """Go through the files."""
    pilot = "--pilot" in sys.argv
    wanted = dict.fromkeys(BEST, SERIES) if pilot else BEST
    for path in sys.argv[1 + pilot :]:
        print(json.dumps(alarms(np.load(path), wanted)), flush=True)


main()
