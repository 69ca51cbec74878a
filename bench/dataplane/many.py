"""A thousand streams at a time: how much later each event comes than directly."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

from bench.dataplane.ground import Finding, Ground, caller_of, settled, unrecorded
from bench.peers import backstop, made_up, nginx, proc

STREAMS, INTERVAL_MS = 1000, 100
_BAR_MS = 40.0
_DIRECT, _NGINX, _OURS = "direct", "nginx proxy_pass", "Backstop, everything on"
_RECORD_LIMIT_S = 60.0


def measure(ground: Ground) -> Iterator[Finding]:
    """Load everybody in turns, and yield what each adds to the latency of an event."""
    events, rounds = (100, 1) if ground.quick else (250, 3)
    options = {"streams": STREAMS, "events": events, "interval_ms": INTERVAL_MS, "seconds": 120}
    found: dict[str, list[Mapping[str, Any]]] = {_DIRECT: [], _NGINX: [], _OURS: []}
    cpu = Counter[str]()  # seconds, by process
    with ExitStack() as stack:
        service = stack.enter_context(ground.service("many", ground.control))
        proxy = stack.enter_context(nginx.proxy(ground.folder, ground.control))
        for _ in range(rounds):
            for name, target in ((_DIRECT, ground.control), (_NGINX, proxy)):
                found[name].append(ground.stream(target, model=made_up.BASE, **options))
            parts = {name: [pid] for name, pid in service.processes().items()}
            before = proc.cpu_of(parts)
            found[_OURS].append(ground.stream(caller_of(service), **options))
            after = proc.cpu_of(parts)
            cpu.update({name: after[name] - before[name] for name in parts})
        asked = rounds * STREAMS
        backstop.wait_until(
            lambda: settled(service, asked), _RECORD_LIMIT_S, "the record of all streams"
        )
        dropped = unrecorded(service)
        lag_ms = 1000 * max(service.samples("backstop_loop_lag_seconds_max"))
    yield from _findings(found)
    broken = sum(each["broken"] + each["refused"] for each in found[_OURS])
    yield Finding(what=f"broken streams, of {asked:,}", value=str(broken), bar="0", met=broken == 0)
    yield Finding(
        what="dropped exchanges; the rest is in Postgres",
        value=str(dropped),
        bar="0",
        met=dropped == 0,
    )
    told = ", ".join(f"{name} {1e6 * used / (asked * events):.0f}" for name, used in cpu.items())
    yield Finding(what="CPU of an event", value=f"{told} (us)")
    yield Finding(what="longest stall of the gateway's event loop", value=f"{lag_ms:.1f} ms")


def _findings(found: Mapping[str, list[Mapping[str, Any]]]) -> Iterator[Finding]:
    direct = {key: _median(found[_DIRECT], key) for key in ("p50_ms", "p99_ms")}
    for name, each in found.items():
        p50, p99 = _median(each, "p50_ms"), _median(each, "p99_ms")
        added = p99 - direct["p99_ms"]
        yield Finding(
            what=f"event latency, {STREAMS:,} streams x 10 events/s, {name}",
            value=f"p50 {p50:.2f} ms, p99 {p99:.2f} ms "
            f"(added {p50 - direct['p50_ms']:.2f} and {added:.2f})",
            bar=f"p99 at most {_BAR_MS:.0f} ms added" if name == _OURS else "",
            met=added <= _BAR_MS if name == _OURS else None,
        )


def _median(each: list[Mapping[str, Any]], key: str) -> float:
    return statistics.median(float(one[key]) for one in each)
