"""What blocking guards add to a streamed answer of 200 tokens on its way through the relay.

Engine, relay and caller share one process and one event loop, over real sockets; the engine writes an
event a token as fast as it can. With and without guards take turns.
"""

from __future__ import annotations

import asyncio
import json
import socket
import statistics
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import uvloop

from bench.guardcorpus import delay
from guards.checks import catalogue
from monitor.gateway.guarding.request import Guarding
from monitor.gateway.relay.app import RelayApp
from monitor.gateway.relay.guarded import RelayGuards
from monitor.gateway.relay.parts import RelayParts
from monitor.gateway.serving import Serving, serve
from monitor.gateway.upstream.address import Address
from monitor.gateway.upstream.pool import Upstream
from monitor.ports.handover import Handed
from monitor.runtime.flights import Flights
from monitor.runtime.guard_counts import GuardCounts
from monitor.runtime.guarding import GuardSet
from monitor.runtime.loop_lag import LoopLag
from monitor.runtime.routing import Route, Router

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_END = b"0\r\n\r\n"
_ROUNDS = 300
HOSTILE = 1_000_000  # characters
_WARM = 20
_BOTH = ("personal_data", "secrets")
_ALL = tuple(name for name in catalogue.CATALOGUE if name != "schema")
_SETS: Mapping[str, tuple[str, ...]] = {"none": (), "both": _BOTH, "all": _ALL}


def rows() -> list[dict[str, Any]]:
    """Return the time of a stream without guards, and what they add."""
    return uvloop.run(_rows())


def hostile() -> list[dict[str, Any]]:
    """Return how long the event loop was held by a whole answer of a megabyte that guards are slow on."""
    return uvloop.run(_hostile())


class _Nowhere:
    """A handover that keeps nothing."""

    def offer(self, _item: Handed) -> bool:
        return True

    async def settled(self) -> None:
        return None


class _Naming:
    """Leaves the base model's name."""

    def fields(self, _version: str | None) -> Mapping[str, Any]:
        return {"model": "m"}


async def _rows() -> list[dict[str, Any]]:
    found = []
    for text, sample in delay.TEXTS.items():
        took = await _streamed(delay.tokens(sample))
        base = took["none"]
        for name in ("both", "all"):
            added = [a - b for a, b in zip(took[name], base, strict=True)]
            found.append(
                {
                    "text": text,
                    "guards": " and ".join(_BOTH) if name == "both" else "all",
                    "ms a stream, without": statistics.median(base),
                    "ms added, median": statistics.median(took[name]) - statistics.median(base),
                    "ms added, p99 of pairs": statistics.quantiles(added, n=100)[98],
                }
            )
    return found


async def _streamed(tokens: Sequence[str]) -> dict[str, list[float]]:
    """Return the time of each stream in ms, by the guards of its deployment."""
    took: dict[str, list[float]] = {name: [] for name in _SETS}
    async with _engine(_stream_of(tokens)) as engine, _relay(engine) as port:
        for turn in range(_WARM + _ROUNDS):
            for name, times in took.items():
                elapsed = await _ask(port, name)
                if turn >= _WARM:
                    times.append(elapsed)
    return took


async def _hostile() -> list[dict[str, Any]]:
    found = []
    for trap in ("12 ", "4111 ", "AB12 "):
        content = trap * (HOSTILE // len(trap))
        choice = {"index": 0, "message": {"role": "assistant", "content": content}}
        body = json.dumps({"choices": [choice]}).encode()
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        lag, held = LoopLag(), [0.0]
        async with _engine([head % len(body) + body]) as engine, _relay(engine) as port:
            watching = [asyncio.create_task(each) for each in (lag.run(), _watch(held))]
            elapsed = await _ask(port, "all")
            for each in watching:
                each.cancel()
        found.append(
            {
                "text, again and again": repr(trap),
                "s for it": elapsed / 1e3,
                "ms loop held, most": 1e3 * lag.most_s,
                "of it CPU": 1e3 * held[0],
            }
        )
    return found


async def _watch(held: list[float]) -> None:
    """Note the most CPU time between two turns of the event loop: what a quiet machine would feel."""
    last = time.thread_time()
    while True:
        await asyncio.sleep(0)
        now = time.thread_time()
        held[0] = max(held[0], now - last)
        last = now


def _stream_of(tokens: Sequence[str]) -> list[bytes]:
    events = [{"content": token} for token in tokens]
    parts = [_event({"index": 0, "delta": delta, "finish_reason": None}) for delta in events]
    last = _event({"index": 0, "delta": {}, "finish_reason": "stop"}) + _chunk(b"data: [DONE]\n\n")
    return [_HEAD, *parts, last + _END]


def _event(choice: Mapping[str, Any]) -> bytes:
    frame = {"id": "a", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return _chunk(b"data: " + json.dumps({**frame, "choices": [choice]}).encode() + b"\n\n")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@asynccontextmanager
async def _engine(parts: Sequence[bytes]) -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    x for x in head.lower().split(b"\r\n") if x.startswith(b"content-length")
                )
                await reader.readexactly(int(length.split(b":")[1]))
                for part in parts:
                    writer.write(part)
                    await asyncio.sleep(0)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def _relay(engine: int) -> AsyncIterator[int]:
    router, counts = Router(), GuardCounts()
    for name in _SETS:
        router.swap(Route(deployment=name, active=None, epoch=0))
    parts = RelayParts(
        engine=Upstream(Address.of(f"http://127.0.0.1:{engine}")),
        operators=Upstream(Address.of(f"http://127.0.0.1:{engine}")),
        router=router,
        handover=_Nowhere(),
        flights=Flights(),
        naming=_Naming(),
        base_model="m",
        guards={name: RelayGuards(_guarding(name, counts)) for name in _SETS if name != "none"},
    )
    server = Serving(RelayApp(parts))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        task = asyncio.ensure_future(serve(server, listener))
        await server.ready.wait()
        try:
            yield listener.getsockname()[1]
        finally:
            await server.drain(0.0)
            await task


def _guarding(name: str, counts: GuardCounts) -> Guarding:
    applied = catalogue.build({each: {"mode": "block"} for each in _SETS[name]})
    guards = GuardSet(applied=applied, canaries=delay.CONTEXT.canaries)
    return Guarding(deployment=name, guards=guards, counts=counts)


async def _ask(port: int, deployment: str) -> float:
    """Return how long an answer took to its end, in ms."""
    turns = [{"role": each.role, "content": each.content} for each in delay.CONTEXT.messages]
    body = json.dumps({"model": deployment, "stream": True, "messages": turns}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    started = time.perf_counter()
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
        b"content-length: %d\r\n\r\n" % len(body) + body
    )
    while await reader.read(1 << 16):
        pass
    elapsed = time.perf_counter() - started
    writer.close()
    return 1e3 * elapsed
