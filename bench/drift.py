"""Changes of version without labels: `python -m bench.drift [--json] [--seeds N] [--peer-seeds N] [--peers NAMES]`.

Answers of one real model are the reference (300), answers of its successor to other prompts the
stream (505). All subjects are compared at the same measured false alarms: those of Backstop's drift
detector on streams of the reference's own model. Peers' thresholds are chosen for that afterwards,
from the very runs they are measured on, which is in their favour. The series that river's detectors
are given was chosen with `--pilot`, on changes of other models.

Results are kept under `.cache/bench`: a run that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import output
from bench.detection import chains, figures, kept, ours, separation, series
from bench.detection.chains import STREAM, Run
from bench.detection.figures import NEVER
from bench.detection.kept import Kept
from bench.peers import drift as peers

LINE = 10_000.0
_AT_ONCE = 25  # runs whose series a peer is given at once
_OURS = ("guards", "bench/detection/ours.py", "bench/detection/answers.py")
Delays = Mapping[str, Sequence[float]]  # subject → answers to the alarm, by run; `NEVER` for none


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A run, our alarms, and by how many standard deviations its two models can be told apart."""

    run: Run
    alarms: Mapping[str, float]
    apart: float  # 0 in an A/A run

    @property
    def separable(self) -> bool:
        """Whether the two can be told apart at all, by whoever has all answers at once."""
        return self.apart >= separation.APART

    @property
    def clear(self) -> bool:
        """Whether they can be told apart at odds like those of the line."""
        return self.apart >= separation.CLEARLY


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--peer-seeds", type=int, default=4, help="of them, those the peers get")
    parser.add_argument("--peers", default="river,alibi", help="which of them, by comma")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument(
        "--pilot", action="store_true", help="every series for river, on other changes"
    )
    options = parser.parse_args()
    runs = chains.runs(options.seeds, chains.PILOT if options.pilot else chains.CHAINS)
    found = _judged(runs, options.jobs)
    asked = _first_seeds(runs, options.peer_seeds)
    shared = [found[place] for place in asked]
    own = {name: [each.alarms[name] for each in found] for name in found[0].alarms}
    budget = _alarms([each.run for each in shared], [own[ours.OURS][place] for place in asked])
    names = [name for name in options.peers.split(",") if name]
    theirs = _peer_delays(shared, budget, names, pilot=options.pilot) if shared else {}
    rows = [_row(name, found, delays) for name, delays in own.items()]
    rows += [_row(name, shared, delays) for name, delays in sorted(theirs.items())]
    rows.append(_row("never alarm", found, [NEVER] * len(found)))
    fair = {name: [delays[place] for place in asked] for name, delays in own.items()} | dict(theirs)
    notes = [*_notes(found, own), *_chain_notes(shared, fair)]
    output.show(f"Drift at a line of {LINE:,.0f}", rows, notes, options.json)


def _judged(runs: Sequence[Run], jobs: int) -> list[Outcome]:
    told = kept.measured(
        Kept("drift", _OURS), ours.judged, runs, jobs=jobs, label="Backstop's runs"
    )
    store = Kept("drift-separation", separation.SOURCES)
    changes = [run for run in runs if run.is_change]
    apart = iter(kept.measured(store, separation.of, changes, jobs=jobs, label="separation"))
    return [
        Outcome(
            run=run,
            alarms={name: lines[f"{LINE:.0f}"] for name, lines in each.items()},
            apart=next(apart) if run.is_change else 0.0,
        )
        for run, each in zip(runs, told, strict=True)
    ]


def _first_seeds(runs: Sequence[Run], count: int) -> list[int]:
    first = min(run.seed for run in runs)
    return [place for place, run in enumerate(runs) if run.seed < first + count]


def _peer_delays(
    shared: Sequence[Outcome], budget: int, names: Sequence[str], *, pilot: bool
) -> Delays:
    """Return each peer's delays at its loosest setting that keeps to the budget of false alarms."""
    runs = [each.run for each in shared]
    found: dict[str, Sequence[float]] = {}
    for name, read in (("river", _by_setting), ("alibi", _by_threshold)):
        python = peers.installed(name) if name in names else None
        if python is not None:
            settings = read(_told(name, python, runs, pilot=pilot))
            found |= {each: _loosest(runs, paths, budget) for each, paths in settings.items()}
    return found


def _told(
    name: str, python: Path, runs: Sequence[Run], *, pilot: bool
) -> Sequence[Mapping[str, Any]]:
    """Return what a peer's script says of each run."""
    sources = (*series.SOURCES, str(peers.script(name).relative_to(kept.ROOT)))
    store = Kept(f"drift-{name}", sources, (peers.PACKAGES[name], pilot))
    missing = [run for run in runs if repr(run) not in store]
    with tempfile.TemporaryDirectory() as folder:
        for start in range(0, len(missing), _AT_ONCE):
            part = missing[start : start + _AT_ONCE]
            files = [_saved(Path(folder) / f"{n}.npz", run) for n, run in enumerate(part)]
            lines = peers.lines(name, python, files, pilot=pilot)
            for run, line in zip(part, lines, strict=True):
                store.add(repr(run), json.loads(line))
            print(f"{name}: {start + len(part)} of {len(missing)} runs", file=sys.stderr)
    return [store[repr(run)] for run in runs]


def _saved(path: Path, run: Run) -> Path:
    arrays = {
        f"{name}/{part}": array
        for name, parts in series.of(run).items()
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
        found[name] = [
            [figures.first(path, np.nextafter(h, np.inf)) for path in paths] for h in heights
        ]
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
        "found, clearly": _share(found, delays),
        "median delay, separable": figures.spelt(told, STREAM),
        "median delay, all": figures.spelt(_of(runs, delays), STREAM),
    }


def _share(found: Sequence[Outcome], delays: Sequence[float]) -> str:
    told = [delay for each, delay in zip(found, delays, strict=True) if each.clear]
    hit = sum(delay < NEVER for delay in told)
    return f"{hit} of {len(told)} ({hit / max(len(told), 1):.0%})"


def _notes(found: Sequence[Outcome], own: Delays) -> list[str]:
    changes = [each for each in found if each.run.is_change]
    separable = sum(bool(each.separable) for each in changes)
    bound = STREAM / LINE
    return [
        "",
        f"False alarms: runs of {STREAM} answers of the reference's own model with an alarm; in "
        f"brackets the upper 95 % limit of the rate. Promised: at most {bound:.1%}.",
        f"Separable: {separable} of {len(changes)} runs, those that a classifier which has all "
        f"{STREAM} answers at once tells apart (cross-validated, p ≤ .01); clearly: p ≤ .0001.",
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
