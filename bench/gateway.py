"""The data plane beside its peers: one run, one machine, an upstream that answers at once.

Everything is on unless it says otherwise: scoring against a frozen reference, recording to a real
Postgres with safe writes, metrics. Peers run in the same run, in turns. Needs nginx and wrk.

    make bench-gateway                                   all figures, about half an hour
    make bench-gateway ARGS="--quick --only whole,start"
    make bench-gateway ARGS="--json"
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from bench import output
from bench.dataplane import flips, large, latency, many, scorer_away, start, whole
from bench.dataplane.ground import Finding, Ground, prepared

_FIGURES: Mapping[str, Callable[[Ground], Iterator[Finding]]] = MappingProxyType(
    {
        "whole": whole.measure,
        "latency": latency.measure,
        "streams": many.measure,
        "start": start.measure,
        "killed": scorer_away.measure,
        "flips": flips.measure,
        "large": large.measure,
    }
)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--quick", action="store_true", help="measure for a shorter time")
    parser.add_argument("--only", default=",".join(_FIGURES), help=", ".join(_FIGURES))
    parser.add_argument("--minutes", type=float, default=10.0, help="of slow readers")
    asked = parser.parse_args()
    wanted = asked.only.split(",")
    if unknown := set(wanted) - set(_FIGURES):
        parser.error(f"--only knows {', '.join(_FIGURES)}, and not {', '.join(sorted(unknown))}")
    signal.signal(
        signal.SIGTERM, lambda number, frame: sys.exit(128 + number)
    )  # ends the peers too
    findings: list[Finding] = []
    with prepared(quick=asked.quick, minutes=asked.minutes) as ground:
        for name in wanted:
            print(f"measuring {name} ...", file=sys.stderr)
            for finding in _FIGURES[name](ground):
                findings.append(finding)
                print(f"  {finding.line()}", file=sys.stderr)
    notes = [f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end"]
    output.show("The data plane", [each.row() for each in findings], notes, asked.json)
    sys.exit(any(each.met is False for each in findings))


if __name__ == "__main__":
    main()
