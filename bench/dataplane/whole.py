"""Whole answers: requests a second at 32 connections, beside LiteLLM and nginx, and where time goes."""

from __future__ import annotations

import resource
import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from bench.dataplane.ground import Finding, Ground, caller_of, unrecorded
from bench.peers import litellm, nginx, plain, postgres, proc, wrk
from bench.peers.backstop import Service
from bench.peers.programs import Running
from bench.peers.wrk import Round

CONNECTIONS = 32
ON, ALONE = "Backstop, everything on", "Backstop, relay and routing alone"
LITELLM, NGINX, PLAIN, DIRECT = "LiteLLM", "nginx proxy_pass", "uvicorn + aiohttp", "direct"
_BARS = (
    (ON, LITELLM, 30.0),
    (ALONE, LITELLM, 60.0),
    (ON, NGINX, 1 / 15),
    (ALONE, NGINX, 1 / 8),
)


@dataclass(slots=True, kw_only=True)
class Subject:
    """Who is loaded, and the rounds that were.

    Args:
        groups: returns name → processes whose CPU time is of interest.
        rest: waits until the subject is idle again, so that the next one has the machine.
    """

    name: str
    target: Running
    groups: Callable[[], Mapping[str, list[int]]]
    rest: Callable[[], None]
    rounds: list[Round] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Requests a second, the median of the rounds."""
        return statistics.median(each.rate for each in self.rounds)

    @property
    def errors(self) -> int:
        """Requests that failed, of all rounds."""
        return sum(each.errors for each in self.rounds)


def measure(ground: Ground) -> Iterator[Finding]:
    """Load everybody in turns, and yield the rates, the ratios and the CPU's share."""
    rounds, seconds = (2, 3.0) if ground.quick else (4, 8.0)
    with ExitStack() as stack:
        on = stack.enter_context(ground.service("whole_on", ground.instant))
        alone = stack.enter_context(
            ground.service("whole_alone", ground.instant, gateway={"record": False})
        )
        subjects = _subjects(ground, stack, on, alone)
        ground.warm(on)
        for subject in subjects.values():
            wrk.load(subject.target, ground.folder, connections=CONNECTIONS, seconds=2)
            subject.rest()
        before = _counted(on)
        for _ in range(rounds):
            for subject in subjects.values():
                _load(ground, subject, seconds)
        yield from _rates(subjects)
        yield from _ratios(subjects)
        yield _on_record(on, subjects[ON], before)
        yield from _where_time_goes(subjects)


def _subjects(ground: Ground, stack: ExitStack, on: Service, alone: Service) -> dict[str, Subject]:
    upstream = {"nginx (upstream)": proc.family(ground.instant.pid)}
    proxy = stack.enter_context(nginx.proxy(ground.folder, ground.instant))
    peers = {
        DIRECT: ground.instant,
        NGINX: proxy,
        LITELLM: stack.enter_context(litellm.running(ground.folder, ground.instant)),
        PLAIN: stack.enter_context(plain.running(ground.folder, ground.instant)),
    }
    subjects = {
        name: Subject(
            name=name,
            target=target,
            groups=lambda target=target: {**upstream, target.name: proc.family(target.pid)},
            rest=lambda: None,
        )
        for name, target in peers.items()
    }
    for name, service in ((ON, on), (ALONE, alone)):
        subjects[name] = Subject(
            name=name,
            target=caller_of(service),
            groups=lambda service=service: {**upstream, **_parts(ground, service)},
            rest=lambda service=service: ground.drain(service),
        )
    return subjects


def _parts(ground: Ground, service: Service) -> dict[str, list[int]]:
    parts = {name: [pid] for name, pid in service.processes().items()}
    return {**parts, "postgres": proc.family(ground.database.pid)}


def _load(ground: Ground, subject: Subject, seconds: float) -> None:
    before = _children_cpu()
    done = wrk.load(
        subject.target,
        ground.folder,
        connections=CONNECTIONS,
        seconds=seconds,
        watched=subject.groups(),
    )
    cpu = {**done.cpu, "wrk": _children_cpu() - before}
    subject.rounds.append(
        Round(
            requests=done.requests,
            seconds=done.seconds,
            median_ms=done.median_ms,
            p99_ms=done.p99_ms,
            errors=done.errors,
            cpu=cpu,
        )
    )
    subject.rest()


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _rates(subjects: Mapping[str, Subject]) -> Iterator[Finding]:
    for name, subject in subjects.items():
        p50 = statistics.median(each.median_ms for each in subject.rounds)
        p99 = statistics.median(each.p99_ms for each in subject.rounds)
        spread = (
            f"{min(r.rate for r in subject.rounds):,.0f}-{max(r.rate for r in subject.rounds):,.0f}"
        )
        yield Finding(
            what=f"{name}, {CONNECTIONS} connections",
            value=f"{subject.rate:,.0f} req/s ({spread}), p50 {p50:.2f} ms, p99 {p99:.2f} ms, "
            f"{subject.errors} failed",
        )


def _ratios(subjects: Mapping[str, Subject]) -> Iterator[Finding]:
    for ours, peer, bar in _BARS:
        ratio = subjects[ours].rate / subjects[peer].rate
        written = f"at least {bar:.0f} x" if bar >= 1 else f"at least 1/{1 / bar:.0f}"
        value = f"{ratio:.1f} x" if ratio >= 1 else f"1/{1 / ratio:.1f}"
        good = ratio >= bar and not subjects[ours].errors
        yield Finding(what=f"{ours} : {peer}", value=value, bar=written, met=good)


def _counted(service: Service) -> tuple[int, int]:
    return postgres.answers(service.database), unrecorded(service)


def _on_record(service: Service, subject: Subject, before: tuple[int, int]) -> Finding:
    recorded, dropped = (now - was for now, was in zip(_counted(service), before, strict=True))
    asked = sum(each.requests for each in subject.rounds)
    missing = asked - recorded - dropped
    # wrk ends in mid-flight: up to one answer a connection is recorded and was not counted by it.
    good = -CONNECTIONS * len(subject.rounds) <= missing <= 0
    return Finding(
        what="answers asked for, recorded, counted as dropped",
        value=f"{asked:,}, {recorded:,}, {dropped:,}",
        bar="recorded + dropped = asked",
        met=good,
    )


def _where_time_goes(subjects: Mapping[str, Subject]) -> Iterator[Finding]:
    for name in (NGINX, LITELLM, ALONE, ON):
        rounds = subjects[name].rounds
        requests = sum(each.requests for each in rounds)
        shares = {
            part: 1e6 * sum(each.cpu.get(part, 0.0) for each in rounds) / requests
            for part in rounds[0].cpu
        }
        told = ", ".join(f"{part} {us:,.0f}" for part, us in shares.items() if us >= 0.5)
        yield Finding(what=f"CPU of a request, {name}", value=f"{told} (us)")
