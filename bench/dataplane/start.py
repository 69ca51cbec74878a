"""The service without a local engine: how fast it is ready, what it takes, and what it leaves out."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import AbstractContextManager

from bench.dataplane.ground import Finding, Ground, caller_of
from bench.peers import backstop, proc, wrk
from bench.peers.backstop import Service

_BAR_S, _BAR_MB = 2.0, 150.0
_HEAVY = ("torch", "transformers", "sklearn", "scipy")


def measure(ground: Ground) -> Iterator[Finding]:
    """Start beside a database that runs, first an empty one, and yield times and sizes."""
    times = 2 if ground.quick else 5
    empty = ground.database.database("start_empty")
    with _started(ground, "start_empty", empty) as service:
        first_s = service.ready_s
    ready = []
    for number in range(times):
        with _started(ground, f"start_{number}", empty) as service:
            ready.append(service.ready_s)
            if number == times - 1:
                yield from _sizes(ground, service)
    yield Finding(
        what="start to ready, empty database (makes the tables)", value=f"{first_s:.2f} s"
    )
    median = statistics.median(ready)
    yield Finding(
        what="start to ready beside the database",
        value=f"{median:.2f} s (worst of {times}: {max(ready):.2f})",
        bar=f"at most {_BAR_S:.0f} s",
        met=median <= _BAR_S,
    )


def _started(ground: Ground, name: str, database: str) -> AbstractContextManager[Service]:
    return backstop.running(ground.folder, engine=ground.instant.url, database=database, name=name)


def _sizes(ground: Ground, service: Service) -> Iterator[Finding]:
    wrk.load(caller_of(service), ground.folder, connections=4, seconds=2)
    ground.drain(service)
    pids = {"supervisor": service.running.pid, **service.processes()}
    taken = {name: proc.memory(pid) for name, pid in pids.items()}
    total = sum(each.pss for each in taken.values())
    parts = ", ".join(f"{name} {each.pss:.0f}" for name, each in taken.items())
    yield Finding(
        what="resident memory of all processes (PSS), after some load",
        value=f"{total:.0f} MB ({parts})",
        bar=f"at most {_BAR_MB:.0f} MB",
        met=total <= _BAR_MB,
    )
    parts = ", ".join(f"{name} {each.rss:.0f}" for name, each in taken.items())
    yield Finding(
        what="the same with shared pages counted in each process (RSS)",
        value=f"{sum(each.rss for each in taken.values()):.0f} MB ({parts})",
    )
    for word in _HEAVY:
        where = [name for name, pid in pids.items() if proc.maps(pid, f"/{word}/")]
        yield Finding(
            what=f"processes that have loaded {word}",
            value=", ".join(where) or "none",
            bar="none" if word == "torch" else "",
            met=not where if word == "torch" else None,
        )
