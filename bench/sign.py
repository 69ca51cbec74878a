"""Drift has no sign: `python -m bench.sign [--json] [--seeds N] [--jobs N]`.

Changes of version whose direction is known, played through the scoring, judging and deciding of the
service under the default policy, as `backstop replay` does: with grades of both versions (live, and
as a golden set of all the cases), and without any grade, where nothing but drift speaks. Drift alone
must never roll back, an improvement must never be rolled back, and harm beyond the margin must be.

Results are kept under `.cache/bench`: a run that was interrupted goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench import output
from bench.detection import figures, kept, played, versions
from bench.detection.figures import NEVER
from bench.detection.kept import Kept
from bench.detection.orders import MARGIN
from bench.detection.played import Play
from bench.detection.versions import Versions
from rollback.policy import Policy

_SOURCES = (
    "guards",
    "rollback",
    "monitor/runtime/replay",
    "bench/detection/played.py",
    "bench/detection/versions.py",
    "bench/detection/data.py",
)


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    options = parser.parse_args()
    changes = versions.all_changes()
    plays = [
        Play(change=number, seed=seed)
        for seed in range(options.seeds)
        for number in range(len(changes))
    ]
    store = Kept("sign", _SOURCES)
    told = kept.measured(store, played.played, plays, jobs=options.jobs, label="plays")
    by_change = {
        number: [each for play, each in zip(plays, told, strict=True) if play.change == number]
        for number in range(len(changes))
    }
    rows = [_row(changes[number], own) for number, own in by_change.items()]
    output.show("Sign", rows, _notes(told, changes, by_change), options.json)


def _row(own: Versions, told: Sequence[Mapping[str, float]]) -> Mapping[str, Any]:
    before, after = _means(own)
    cases = len(own.prompts)
    stream = cases - played.reference_size(cases)
    return {
        "change": own.change.name,
        "grade": f"{before:.3f} → {after:.3f}",
        "truly": _direction(own),
        "live: rolled back": _spelt(told, "live", stream),
        "golden set: rolled back": _spelt(told, "golden", cases),
        "limit, live": _limit(own, stream),
        "drift alone: suspected": _spelt(told, "suspicion", stream),
        "drift alone: rolled back": _count(told, "drift"),
    }


def _means(own: Versions) -> tuple[float, float]:
    return float(np.mean(own.change.before)), float(np.mean(own.change.after))


def _direction(own: Versions) -> str:
    before, after = _means(own)
    if after >= before:
        return "better"
    return "worse" if after < before - MARGIN else "worse, within the margin"


def _count(told: Sequence[Mapping[str, float]], part: str) -> str:
    return f"{sum(each[part] < NEVER for each in told)} of {len(told)}"


def _spelt(told: Sequence[Mapping[str, float]], part: str, limit: int) -> str:
    delays = [each[part] for each in told]
    if all(each == NEVER for each in delays):
        return _count(told, part)
    return f"{_count(told, part)}, {figures.spelt(delays, limit)}"


def _limit(own: Versions, stream: int) -> str:
    """Return how many graded answers the quickest possible judge needs at the default line."""
    if _direction(own) != "worse":
        return "–"
    needed = figures.limits(own.change.before, own.change.after, Policy().line, MARGIN)
    return f"{min(needed):.0f} of {stream}"


def _notes(
    told: Sequence[Mapping[str, float]],
    changes: Sequence[Versions],
    by_change: Mapping[int, Sequence[Mapping[str, float]]],
) -> list[str]:
    """Say of how many changes each promise was kept."""

    def hits(direction: str, parts: Sequence[str]) -> str:
        own = [by_change[n] for n, each in enumerate(changes) if _direction(each) == direction]
        hit = sum(any(play[part] < NEVER for part in parts) for each in own for play in each)
        return f"{hit} of {sum(map(len, own))}"

    return [
        "",
        f"Rolled back by drift alone: {_count(told, 'drift')} plays.",
        f"Worse by more than the margin of {MARGIN:g}, rolled back live or by the golden set: "
        f"{hits('worse', ('live', 'golden'))} plays (live {hits('worse', ('live',))}).",
        f"Better, rolled back live or by the golden set: {hits('better', ('live', 'golden'))}.",
        "Worse, but within the margin, rolled back: "
        f"{hits('worse, within the margin', ('live', 'golden'))}.",
        "Medians of answers or cases with 95 % intervals. Limit: ln(line) over the information in a",
        "graded answer beyond the margin, of the cases there are.",
    ]


if __name__ == "__main__":
    main()
