"""Answers of 64 MB and readers who are slow: the gateway's memory over minutes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from bench.dataplane.ground import Finding, Ground
from bench.peers import proc
from bench.peers.backstop import DEPLOYMENT, Service

_MEGABYTES = 64
_READERS = 8
_READ, _PAUSE_S = 1 << 16, 0.02  # 3 MB/s each
_MOST_GROWTH_MB = 64.0
_MOST_SLOPE = 0.5  # MB a minute, over the second half


@dataclass(slots=True)
class Seen:
    """What was seen: (seconds, MB) of the gateway's resident memory, bytes read, broken answers."""

    memory: list[tuple[float, float]] = field(default_factory=list)
    bytes: int = 0
    answers: int = 0
    broken: int = 0


def measure(ground: Ground) -> Iterator[Finding]:
    """Read slowly for minutes, and yield how the gateway's memory went."""
    seconds = 20.0 if ground.quick else 60.0 * ground.minutes
    with ground.service("large", ground.control) as service:
        before = proc.rss_mb(service.processes()["gateway-0"])
        seen = asyncio.run(_read_all(service, seconds))
    most = max(mb for _, mb in seen.memory)
    slope = _slope(seen.memory[len(seen.memory) // 2 :])
    what = f"gateway's memory, {_MEGABYTES} MB answers, {_READERS} slow readers, {seconds:.0f} s"
    yield Finding(
        what=what,
        value=f"before {before:.0f} MB, at most {most:.0f} MB, slope {slope:+.2f} MB/min at the end",
        bar=f"at most {_MOST_GROWTH_MB:.0f} MB more, and flat",
        met=most - before <= _MOST_GROWTH_MB and (slope <= _MOST_SLOPE or ground.quick),
    )
    yield Finding(
        what="read meanwhile",
        value=f"{seen.bytes / 1e9:.1f} GB, {seen.answers} whole answers, {seen.broken} broken",
        bar="none broken",
        met=seen.broken == 0,
    )


async def _read_all(service: Service, seconds: float) -> Seen:
    seen = Seen()
    until = time.monotonic() + seconds
    gateway = service.processes()["gateway-0"]
    readers = [asyncio.create_task(_read_again(service, seen, until)) for _ in range(_READERS)]
    began = time.monotonic()
    while time.monotonic() < until:
        seen.memory.append((time.monotonic() - began, proc.rss_mb(gateway)))
        await asyncio.sleep(0.5)
    await asyncio.gather(*readers)
    return seen


async def _read_again(service: Service, seen: Seen, until: float) -> None:
    """Read one answer after the other; the one that is under way at the end is left."""
    while time.monotonic() < until:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", service.running.port, limit=_READ
        )
        writer.write(_request(service))
        head = await reader.readuntil(b"\r\n\r\n")
        left = _length(head)
        while left and time.monotonic() < until:
            part = await reader.read(min(_READ, left))
            if not part:
                break
            left -= len(part)
            seen.bytes += len(part)
            await asyncio.sleep(_PAUSE_S)
        seen.answers += not left
        seen.broken += bool(left) and time.monotonic() < until
        writer.close()


def _request(service: Service) -> bytes:
    body = {"model": DEPLOYMENT, "messages": [], "bench": {"megabytes": _MEGABYTES}}
    content = json.dumps(body).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
        f"content-type: application/json\r\nauthorization: Bearer {service.caller}\r\n"
        f"content-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    raise ValueError(f"an answer without a length: {head!r}")


def _slope(memory: list[tuple[float, float]]) -> float:
    """Return the growth in MB a minute, by least squares."""
    seconds, megabytes = np.array(memory).T
    return float(60 * np.polyfit(seconds, megabytes, 1)[0])
