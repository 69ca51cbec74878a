"""Harm from grades: `python -m bench.harm [--json] [--seeds N] [--orders N] [--only NAME] [--jobs N]`.

Two versions' grades for the same cases, in a new random order for each seed: 300 of the old one are
the reference, the others come as pairs. The limit is ln(ARL) over the information in one answer
(Lorden, 1971), for whoever knows both distributions: of grades against the old mean, or of pairs.
River's detectors see the grades alone, at their defaults, which state no average run length.

Results are kept under `.cache/bench`: a run that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench import output
from bench.detection import figures, kept, orders
from bench.detection.figures import NEVER
from bench.detection.kept import Kept
from bench.detection.orders import BOTH, REFERENCE, SHARES, SUBJECTS, Case, Faults, Order
from bench.peers import drift as peers
from rollback.judge_settings import HarmWeights

_SOURCES = (
    "bench/detection/fast.py",
    "bench/detection/orders.py",
    "bench/detection/data.py",
    "guards/betting.py",
    "guards/edetector.py",
    "guards/graded.py",
    "rollback/judge.py",
)
_RATES = (0.1, 0.2, 0.4, 1.0)  # of faults
_PEER = "grades"  # the script that gives grades to river


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--orders", type=int, default=1000, help="orders of each improvement")
    parser.add_argument("--only", default="", help="a part of the changes' names")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    measured = partial(kept.measured, Kept("harm", _SOURCES), jobs=options.jobs)
    rows: list[Mapping[str, Any]] = []
    notes = ["", "Improvements, alarms of pairs and grades together at the same line (upper 95 %):"]
    for number, case in enumerate(orders.cases()):
        if options.only not in case.change.name:
            continue
        there = [Order(case=number, seed=seed) for seed in range(options.seeds)]
        back = [Order(case=number, seed=seed, back=True) for seed in range(options.orders)]
        found = measured(orders.delays, there, label=case.change.name)
        theirs = {} if options.no_peers else _peers(there, back[: options.seeds])
        rows += _rows(case, found, theirs)
        wrong = measured(orders.delays, back, label=case.reversed.change.name)
        hits = sum(each[BOTH] < NEVER for each in wrong)
        limit = figures.upper_limit(hits, len(wrong))
        notes.append(f"  {case.reversed.change.name}: {hits} of {len(wrong)} (≤ {limit:.2%})")
    notes += _fault_notes(options.seeds, options.jobs)
    output.show("Harm from grades", rows, notes, options.json)


def _peers(there: Sequence[Order], back: Sequence[Order]) -> Mapping[str, Sequence[float]]:
    """Return river's detector → delays of the change, and those of the way back after them."""
    python = peers.installed("river")
    if python is None:
        return {}
    asked = [*there, *back]
    sources = (*_SOURCES, str(peers.script(_PEER).relative_to(kept.ROOT)))
    store = Kept("harm-river", sources, peers.PACKAGES["river"])
    missing = [order for order in asked if repr(order) not in store]
    with tempfile.TemporaryDirectory() as folder:
        files = [_saved(Path(folder) / f"{n}.npz", order) for n, order in enumerate(missing)]
        lines = peers.lines(_PEER, python, files) if files else iter(())
        for order, line in zip(missing, lines, strict=True):
            store.add(repr(order), json.loads(line))
    told = [store[repr(order)] for order in asked]
    return {name: [NEVER if t[name] < 0 else t[name] + 1.0 for t in told] for name in told[0]}


def _saved(path: Path, order: Order) -> Path:
    usual, stream, _ = orders.graded(order)
    np.savez(path, usual=usual, stream=stream)
    return path


def _rows(
    case: Case, found: Sequence[Mapping[str, float]], theirs: Mapping[str, Sequence[float]]
) -> list[Mapping[str, Any]]:
    count = len(found)
    told: dict[str, Sequence[float]] = {name: [each[name] for each in found] for name in SUBJECTS}
    told |= {f"river {name}, grades alone": own[:count] for name, own in theirs.items()}
    told["never alarm"] = [NEVER] * count
    wrong = {
        f"river {name}, grades alone": sum(each < NEVER for each in own[count:])
        for name, own in theirs.items()
    }
    known = (case.change.before, case.change.after, case.arl)
    (unpaired, paired), tolerant = figures.limits(*known), figures.limits(*known, orders.MARGIN)
    limit = min(unpaired, paired)
    mean_before, mean_after = np.mean(case.change.before), np.mean(case.change.after)
    stream = len(case.change.before) - REFERENCE
    return [
        {
            "change": f"{case.change.name} ({mean_before:.3f} → {mean_after:.3f})",
            "line": f"{case.arl:,.0f}",
            "subject": name,
            "median delay": figures.spelt(own, stream),
            "limit (grades / pairs)": f"{unpaired:.0f} / {paired:.0f}",
            "the same, margin .05": f"{tolerant[0]:.0f} / {tolerant[1]:.0f}",
            "delay / limit": figures.median(own) / limit if figures.median(own) < NEVER else "–",
            "missed": f"{sum(each == NEVER for each in own)} of {count}",
            "alarms, way back": f"{wrong[name]} of {count}" if name in wrong else "see below",
        }
        for name, own in told.items()
    ]


def _fault_notes(seeds: int, jobs: int) -> list[str]:
    """Say what faults would pay for more weight on grades: answers to the default line."""
    now = HarmWeights()
    weights = [now.faults, *((1.0 - share) * now.faults / (1.0 - now.pairs) for share in SHARES)]
    asked = [
        Faults(rate=rate, weight=weight, seed=seed)
        for weight in weights
        for rate in _RATES
        for seed in range(seeds)
    ]
    store = Kept("harm-faults", _SOURCES)
    found = kept.measured(store, orders.fault_delay, asked, jobs=jobs, label="faults")
    lines = ["", "Median answers to the line by faults alone (5 % tolerated), by their weight:"]
    for weight in weights:
        own = [
            figures.median(
                [
                    delay
                    for each, delay in zip(asked, found, strict=True)
                    if (each.weight, each.rate) == (weight, rate)
                ]
            )
            for rate in _RATES
        ]
        parts = (f"{rate:.0%}: {delay:.0f}" for rate, delay in zip(_RATES, own, strict=True))
        lines.append(f"  {weight:.2f}: {', '.join(parts)}")
    return lines


if __name__ == "__main__":
    main()
