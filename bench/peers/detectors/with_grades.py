"""Gives grades to river's detectors at their defaults; `bench.peers.drift` starts it.

Prints for each file a JSON object: detector → first alarm after the reference (-1: none). They see
errors, 1 less the grade; those for binary streams see whether the grade is below one half.
"""

import json
import sys

import numpy as np
from first_alarm import first_alarm
from river import drift
from river.drift import binary

DETECTORS = {
    "ADWIN": (drift.ADWIN, False),
    "DDM": (binary.DDM, True),
    "HDDM_W": (binary.HDDMW, True),
    "Page-Hinkley": (drift.PageHinkley, False),
    "KSWIN": (lambda: drift.KSWIN(seed=1), False),
}


def main():
    """Go through the files."""
    for path in sys.argv[1:]:
        grades = np.load(path)
        found = {}
        for name, (made, is_binary) in DETECTORS.items():
            parts = [
                (part < 0.5).astype(int) if is_binary else 1.0 - part
                for part in (grades["usual"], grades["stream"])
            ]
            found[name] = first_alarm(made(), *(part.tolist() for part in parts))
        print(json.dumps(found), flush=True)


main()
