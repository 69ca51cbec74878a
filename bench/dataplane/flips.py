"""Rollback under 200 streams, two replicas of two workers each: when the last new request is answered by it."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.dataplane.ground import Finding, Ground
from bench.peers import adapters, backstop, postgres, streams
from bench.peers.backstop import Service

_STREAMS, _EVENTS, _INTERVAL_MS = 100, 10, 50  # of each replica: 200 new streams a second
_BAR_MS = 250.0
_SETTLE_S = 0.7  # longer than a stream, so that each flip is seen from start to end


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """One rollback: Unix time of the decision, and until when nothing else was moved."""

    decided: float
    converged: float
    until: float


def measure(ground: Ground) -> Iterator[Finding]:
    """Promote a bad version and roll it back, again and again, from either replica."""
    flips = 6 if ground.quick else 40
    url = ground.database.database("flips")
    shared = ground.folder / "shared-adapters"
    shared.mkdir()
    with ExitStack() as stack:
        replicas = [
            stack.enter_context(
                backstop.running(
                    ground.folder,
                    engine=ground.control.url,
                    database=url,
                    name=f"replica_{number}",
                    workers=2,
                    adapters=shared,
                    schedule={"retention": "* * * * *"},
                )
            )
            for number in range(2)
        ]
        good, bad = _versions(ground, replicas)
        with _load(ground, replicas) as results:
            done = [_flip(replicas[n % 2], good, bad) for n in range(flips)]
        asked = [each for path in results for each in json.loads(path.read_text())["asked"]]
        yield from _seen(done, asked, bad)
        yield from _one_leader(url, replicas)


def _versions(ground: Ground, replicas: Sequence[Service]) -> tuple[str, str]:
    first = replicas[0]
    good = first.add(adapters.make(ground.folder / "good", seed=11), "good")
    bad = first.add(adapters.make(ground.folder / "bad", seed=12), "bad")
    first.promote(good)
    return good, bad


@contextmanager
def _load(ground: Ground, replicas: Sequence[Service]) -> Iterator[list[Path]]:
    """Load every replica in a process of its own; what each has shown is there at the end."""
    results = [ground.folder / f"{service.running.name}.json" for service in replicas]
    loads = [
        subprocess.Popen(
            streams.command(
                service.url,
                out,
                token=service.caller,
                streams=_STREAMS,
                events=_EVENTS,
                interval_ms=_INTERVAL_MS,
                rounds=0,
                spread=0.5,
                keep=1,
            )
        )
        for service, out in zip(replicas, results, strict=True)
    ]
    time.sleep(2.0)
    try:
        yield results
    finally:
        for load in loads:
            load.send_signal(signal.SIGTERM)
        for load in loads:
            load.wait(30)


def _flip(service: Service, good: str, bad: str) -> Flip:
    service.promote(bad)
    time.sleep(_SETTLE_S)
    incident = service.converged(service.roll_back(to=good))
    time.sleep(_SETTLE_S)
    until = time.time()
    service.release(bad)
    return Flip(
        decided=_unix(incident["decided_at"]),
        converged=_unix(incident["converged_at"]),
        until=until,
    )


def _unix(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _seen(flips: Sequence[Flip], asked: Sequence[Any], bad: str) -> Iterator[Finding]:
    of_bad = sorted(at for at, models, _ in asked if bad in models)
    lasts = sorted(_last_ms(flip, of_bad) for flip in flips)
    converged = sorted(1000 * (flip.converged - flip.decided) for flip in flips)
    p99, median = streams.quantile(lasts, 0.99), streams.quantile(lasts, 0.5)
    yield Finding(
        what=f"decision to the last new request on the bad version, {len(flips)} flips",
        value=f"median {median:.0f} ms, p99 {p99:.0f} ms, worst {lasts[-1]:.0f} ms",
        bar=f"p99 at most {_BAR_MS:.0f} ms",
        met=p99 <= _BAR_MS and bool(of_bad),
    )
    yield Finding(
        what="decision to the acknowledgement of every replica",
        value=f"median {streams.quantile(converged, 0.5):.0f} ms, worst {converged[-1]:.0f} ms",
    )
    mixed = sum(len(models) > 1 for _, models, _ in asked)
    yield Finding(
        what=f"answers that mix two versions, of {len(asked):,}",
        value=str(mixed),
        bar="0",
        met=mixed == 0,
    )


def _last_ms(flip: Flip, of_bad: Sequence[float]) -> float:
    """Return how long after the decision the last request was sent that the bad version answered."""
    late = [at for at in of_bad if flip.decided < at <= flip.until]
    return 1000 * (late[-1] - flip.decided) if late else 0.0


def _one_leader(url: str, replicas: Sequence[Service]) -> Iterator[Finding]:
    holders = postgres.count(url, "SELECT count(*) FROM leases WHERE expires_at > now()")
    runs = postgres.count(url, "SELECT count(*) FROM scheduled_runs WHERE finished_at IS NOT NULL")
    twice = postgres.count(url, "SELECT count(*) FROM scheduled_runs WHERE fence > 1")
    yield Finding(
        what=f"leaders of {len(replicas)} replicas", value=str(holders), bar="1", met=holders == 1
    )
    yield Finding(
        what=f"scheduled runs done twice, of {runs}", value=str(twice), bar="0", met=twice == 0
    )
