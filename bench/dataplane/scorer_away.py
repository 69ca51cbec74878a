"""The scorer killed, hung, and its queue full: what callers feel, and whether every drop is counted."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bench.dataplane.ground import Finding, Ground, caller_of, settled, unrecorded
from bench.peers import backstop, postgres
from bench.peers.backstop import Service

_STREAMS, _EVENTS, _INTERVAL_MS = 200, 20, 50
_BAR_MS = 5.0
_RECORD_LIMIT_S = 120.0
_KILL_EVERY_S = 4.0
_SMALL_MB = 0.25  # so that a queue is soon full


def measure(ground: Ground) -> Iterator[Finding]:
    """Load with streams while the scorer is well, killed again and again, hung, and well again."""
    rounds = 5 if ground.quick else 12
    with ground.service("away", ground.control) as service:
        asked = 0
        p99 = {}
        for name, trouble in (
            ("well", _nothing),
            ("killed", _killed),
            ("hung", _hung),
            ("well again", _nothing),
        ):
            with trouble(service):
                seen = _load(ground, service, rounds)
            asked += seen["streams"]
            p99[name] = float(seen["p99_ms"])
        yield from _felt(p99)
        yield _accounted(service, asked, "killed and hung")
    with ground.service(
        "queue_full", ground.control, gateway={"handover_mb": _SMALL_MB}
    ) as service:
        well = _load(ground, service, rounds)
        with _hung(service):
            full = _load(ground, service, rounds)
        yield from _felt({"well": float(well["p99_ms"]), "full": float(full["p99_ms"])})
        finding = _accounted(service, well["streams"] + full["streams"], "full")
        yield finding
        dropped = unrecorded(service)
        yield Finding(
            what="drops while the queue was full", value=str(dropped), bar="some", met=dropped > 0
        )


def _load(ground: Ground, service: Service, rounds: int) -> Mapping[str, Any]:
    return ground.stream(
        caller_of(service),
        streams=_STREAMS,
        events=_EVENTS,
        interval_ms=_INTERVAL_MS,
        rounds=rounds,
        spread=1,
        warm_up=1.5,
        seconds=120,
    )


@contextmanager
def _nothing(service: Service) -> Iterator[None]:
    yield


@contextmanager
def _killed(service: Service) -> Iterator[None]:
    """Kill the scorer every few seconds; the supervisor starts it again."""
    over = threading.Event()

    def kill() -> None:
        while not over.wait(_KILL_EVERY_S):
            if "scorer" in service.processes():
                service.kill("scorer")

    killing = threading.Thread(target=kill)
    killing.start()
    try:
        yield
    finally:
        over.set()
        killing.join()


@contextmanager
def _hung(service: Service) -> Iterator[None]:
    """Stop the scorer where it is."""
    _await_scorer(service)
    pid = service.kill("scorer", signal.SIGSTOP)
    try:
        yield
    finally:
        if service.processes().get("scorer") == pid:
            service.kill("scorer", signal.SIGCONT)


def _await_scorer(service: Service) -> None:
    backstop.wait_until(lambda: "scorer" in service.processes(), 30, "a scorer's start")
    time.sleep(1.0)  # it takes a moment until it takes exchanges


def _felt(p99: Mapping[str, float]) -> Iterator[Finding]:
    """Yield the change of each phase; the first one is the measure of the others."""
    first, *others = p99
    yield Finding(what=f"event latency p99, scorer {first}", value=f"{p99[first]:.2f} ms")
    for name in others:
        change = p99[name] - p99[first]
        yield Finding(
            what=f"event latency p99, scorer {name}",
            value=f"{p99[name]:.2f} ms ({change:+.2f})",
            bar=f"changes by less than {_BAR_MS:.0f} ms",
            met=change < _BAR_MS,
        )


def _accounted(service: Service, asked: int, how: str) -> Finding:
    """Wait for the record, and compare it with what was asked for."""
    _until(lambda: settled(service, asked))
    recorded, dropped = postgres.answers(service.database), unrecorded(service)
    return Finding(
        what=f"scorer {how}: asked, recorded, counted as dropped",
        value=f"{asked:,}, {recorded:,}, {dropped:,}",
        bar="recorded + dropped = asked",
        met=recorded + dropped == asked,
    )


def _until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, or long enough that it never will."""
    until = time.monotonic() + _RECORD_LIMIT_S
    while not holds() and time.monotonic() < until:
        time.sleep(0.2)
