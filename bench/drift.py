"""Changes of version without labels: `python -m bench.drift [--json] [--seeds N] [--peer-seeds N] [--peers NAMES]`.

Answers of one real model are the reference (300), answers of its successor to other prompts the
stream (505). All subjects are compared at the same measured false alarms: those of Backstop's drift
detector on streams of the reference's own model. Peers' thresholds are chosen for that afterwards,
from the very runs they are measured on, which is in their favour.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import output
from bench.detection import chains, figures, ours
from bench.detection.chains import STREAM, Run
from bench.detection.figures import NEVER
from bench.detection.ours import Outcome
from bench.peers import drift as peers

LINE = 10_000.0
Delays = Mapping[str, Sequence[float]]  # subject → answers to the alarm, by run; `NEVER` for none


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--peer-seeds", type=int, default=1, help="runs of the peers, who are slow")
    parser.add_argument("--peers", default="river,alibi", help="which of them, by comma")
    options = parser.parse_args()
    found = _judged(list(chains.runs(options.seeds)))
    own = _own_delays(found)
    shared = [each for each in found if each.run.seed < options.peer_seeds]
    asked = [place for place, each in enumerate(found) if each.run.seed < options.peer_seeds]
    runs = [each.run for each in shared]
    budget = _alarms(runs, [own["Backstop"][place] for place in asked])
    theirs = _peer_delays(shared, budget, options.peers.split(",")) if shared else {}
    rows = [_row(name, found, delays) for name, delays in own.items()]
    rows += [_row(name, shared, delays) for name, delays in sorted(theirs.items())]
    rows.append(_row("never alarm", found, [NEVER] * len(found)))
    fair = {name: [delays[place] for place in asked] for name, delays in own.items()} | dict(theirs)
    notes = [*_notes(found, own), *_chain_notes(shared, fair)]
    output.show(f"Drift at a line of {LINE:,.0f}", rows, notes, options.json)


def _judged(runs: Sequence[Run]) -> list[Outcome]:
    found = []
    for outcome in ours.outcomes(runs):
        found.append(outcome)
        if len(found) % 20 == 0:
            print(f"\r{len(found)} of {len(runs)} runs", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return found


def _own_delays(found: Sequence[Outcome]) -> dict[str, list[float]]:
    delays: defaultdict[str, list[float]] = defaultdict(list)
    for each in found:
        for name, path in each.paths.items():
            delays[name].append(_first(path, LINE))
    return dict(delays)


def _first(path: NDArray[np.float64], line: float) -> float:
    crossed = np.flatnonzero(path >= line)
    return float(crossed[0] + 1) if len(crossed) else NEVER


def _peer_delays(shared: Sequence[Outcome], budget: int, names: Sequence[str]) -> Delays:
    """Return each peer's delays at its loosest setting that keeps to the budget of false alarms."""
    runs = [each.run for each in shared]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        files = [_saved(Path(folder) / f"{n}.npz", each) for n, each in enumerate(shared)]
        asked = {name: peers.installed(name) for name in peers.PACKAGES if name in names}
        told = {
            name: pool.submit(_told, name, python, files)
            for name, python in asked.items()
            if python is not None
        }
        river = _by_setting(told["river"].result()) if "river" in told else {}
        alibi = _by_threshold(told["alibi"].result()) if "alibi" in told else {}
    return {name: _loosest(runs, each, budget) for name, each in {**river, **alibi}.items()}


def _told(name: str, python: Path, files: Sequence[Path]) -> list[Mapping[str, Any]]:
    told = []
    for line in peers.lines(name, python, files):
        told.append(json.loads(line))
        if len(told) % 10 == 0:
            print(f"{name}: {len(told)} of {len(files)} runs", file=sys.stderr)
    return told


def _saved(path: Path, outcome: Outcome) -> Path:
    arrays = {
        f"{name}/{part}": array
        for name, parts in outcome.series.items()
        for part, array in zip(("usual", "stream"), parts, strict=True)
    }
    np.savez(path, **arrays)
    return path


def _by_setting(told: Sequence[Mapping[str, Any]]) -> Mapping[str, Sequence[Sequence[float]]]:
    """Return detector → for each setting the delays by run."""
    return {
        name: [
            [NEVER if each[name][setting] < 0 else each[name][setting] + 1.0 for each in told]
            for setting in range(len(told[0][name]))
        ]
        for name in told[0]
    }


def _by_threshold(told: Sequence[Mapping[str, Any]]) -> Mapping[str, Sequence[Sequence[float]]]:
    """Return detector → for each of many thresholds on its statistic the delays by run."""
    found: dict[str, list[list[float]]] = {}
    for name in told[0]:
        paths = [np.asarray(each[name]) for each in told]
        heights = np.unique([path.max() for path in paths])
        found[name] = [[_first(path, np.nextafter(h, np.inf)) for path in paths] for h in heights]
    return found


def _loosest(
    runs: Sequence[Run], settings: Sequence[Sequence[float]], budget: int
) -> Sequence[float]:
    """Return the delays of the setting with the least median among those within the budget."""
    allowed = [delays for delays in settings if _alarms(runs, delays) <= budget]
    if not allowed:
        return [NEVER] * len(runs)
    return min(
        allowed, key=lambda delays: np.mean([min(d, STREAM + 1.0) for d in _of(runs, delays)])
    )


def _of(runs: Sequence[Run], delays: Sequence[float]) -> list[float]:
    return [delay for run, delay in zip(runs, delays, strict=True) if run.is_change]


def _alarms(runs: Sequence[Run], delays: Sequence[float]) -> int:
    """Count the false alarms."""
    return sum(delay < NEVER for run, delay in zip(runs, delays, strict=True) if not run.is_change)


def _row(name: str, found: Sequence[Outcome], delays: Sequence[float]) -> Mapping[str, Any]:
    runs = [each.run for each in found]
    quiet = sum(not run.is_change for run in runs)
    false = _alarms(runs, delays)
    told = [delay for each, delay in zip(found, delays, strict=True) if each.separable]
    hit = sum(delay < NEVER for delay in told)
    return {
        "subject": name,
        "false alarms": f"{false} of {quiet} (≤ {figures.upper_limit(false, quiet):.1%})",
        "found, separable": f"{hit} of {len(told)} ({hit / max(len(told), 1):.0%})",
        "median delay, separable": figures.spelt(told, STREAM),
        "median delay, all": figures.spelt(_of(runs, delays), STREAM),
    }


def _notes(found: Sequence[Outcome], own: Delays) -> list[str]:
    changes = [each for each in found if each.run.is_change]
    separable = sum(bool(each.separable) for each in changes)
    bound = STREAM / LINE
    return [
        "",
        f"False alarms: runs of {STREAM} answers of the reference's own model with an alarm; in "
        f"brackets the upper 95 % limit of the rate. Promised: at most {bound:.1%}.",
        f"Separable: {separable} of {len(changes)} runs, those that a classifier which has all "
        f"{STREAM} answers at once tells apart (cross-validated, p ≤ .01).",
        "Medians with 95 % intervals; a change that was not found counts as infinitely late.",
    ]


def _chain_notes(shared: Sequence[Outcome], fair: Delays) -> list[str]:
    """Say for each change the median delays of Backstop and of the best peer, on the same runs."""
    names = [name for name in fair if name.startswith(("river", "alibi"))]
    told = [each for each in shared if each.separable]
    if not names or not told:
        return []
    best = min(names, key=lambda name: _mean_delay(shared, fair[name], None))
    lines = [
        "",
        f"On the peers' runs, answers to the alarm (median): Backstop / {best} / best peer",
    ]
    for chain in dict.fromkeys(each.run.name for each in shared if each.run.is_change):
        own, peer = (_chain_delays(shared, fair[name], chain) for name in ("Backstop", best))
        least = min(figures.median(_chain_delays(shared, fair[name], chain)) for name in names)
        parts = [
            f"{v:.0f}" if v < NEVER else f">{STREAM}"
            for v in (figures.median(own), figures.median(peer), least)
        ]
        count = sum(bool(each.separable) for each in shared if each.run.name == chain)
        lines.append(f"  {chain}: {' / '.join(parts)} ({count} of {len(own)} separable)")
    overall = {
        name: figures.median([d for e, d in zip(shared, fair[name], strict=True) if e.separable])
        for name in ("Backstop", *names)
    }
    least = min(overall[name] for name in names)
    lines.append(
        f"Separable runs: Backstop {overall['Backstop']:.0f}, best peer {least:.0f}; "
        f"bar: at most half, {overall['Backstop'] / least:.2f} here"
    )
    return lines


def _mean_delay(shared: Sequence[Outcome], delays: Sequence[float], chain: str | None) -> float:
    kept = [
        min(delay, STREAM + 1.0)
        for each, delay in zip(shared, delays, strict=True)
        if each.separable and chain in (None, each.run.name)
    ]
    return float(np.mean(kept)) if kept else NEVER


def _chain_delays(shared: Sequence[Outcome], delays: Sequence[float], chain: str) -> list[float]:
    return [d for each, d in zip(shared, delays, strict=True) if each.run.name == chain]


if __name__ == "__main__":
    main()
