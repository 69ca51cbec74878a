"""Callers who leave, seen through raw sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import pytest

from guards.exchange import Exchange, FinishReason
from monitor.engines.memory import MemoryEngine
from monitor.ports.engine import Generation
from tests.serving import Served, make_gateway, running

pytestmark = pytest.mark.integration


def endless(_generation: Generation, _version: str | None) -> Iterable[str]:
    """Return an answer that would never end."""
    return iter(lambda: "again ", None)


async def connect(
    served: Served, **fields: Any
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send a chat request over a socket of its own."""
    asked = {"model": "plain", "messages": [{"role": "user", "content": "hi"}], **fields}
    body = json.dumps({**asked, "max_tokens": 10_000}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    return reader, writer


async def recorded(served: Served) -> Exchange:
    """Return the only exchange that was handed over."""
    (exchange,) = await served.exchanges()
    return exchange


async def test_leaving_before_the_first_token_stops_the_engine() -> None:
    """The engine is closed although it has not answered anything yet."""
    engine = MemoryEngine(endless, pace=asyncio.Semaphore(0))
    async with running(make_gateway(engine)) as served:
        _, writer = await connect(served, stream=True)
        await engine.busy.wait()
        writer.transport.abort()
        await asyncio.wait_for(engine.idle.wait(), 5)
        exchange = await recorded(served)
    assert exchange.finish_reason is FinishReason.ABANDONED
    assert exchange.output == ""
    assert exchange.first_token_s is None


async def test_leaving_in_mid_stream_keeps_what_was_written() -> None:
    """The record holds the part that was written, and says that the caller left."""
    pace = asyncio.Semaphore(0)
    engine = MemoryEngine(endless, pace=pace)
    async with running(make_gateway(engine)) as served:
        reader, writer = await connect(served, stream=True)
        pace.release()
        await reader.readuntil(b"again ")
        writer.transport.abort()
        await asyncio.wait_for(engine.idle.wait(), 5)
        exchange = await recorded(served)
    assert exchange.finish_reason is FinishReason.ABANDONED
    assert exchange.output == "again "
    assert not exchange.is_complete


async def test_leaving_a_whole_answer_stops_the_engine() -> None:
    """Nobody waits for an answer in one part any more, so it is not written to its end."""
    pace = asyncio.Semaphore(0)
    engine = MemoryEngine(endless, pace=pace)
    async with running(make_gateway(engine)) as served:
        _, writer = await connect(served)
        await engine.busy.wait()
        pace.release()
        writer.transport.abort()
        await asyncio.wait_for(engine.idle.wait(), 5)
        exchange = await recorded(served)
    assert exchange.finish_reason is FinishReason.ABANDONED


async def test_a_half_sent_body_leaves_no_trace() -> None:
    """A caller who leaves while sending was never a request."""
    engine = MemoryEngine(endless)
    async with running(make_gateway(engine)) as served:
        _, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{"
        )
        await writer.drain()
        writer.transport.abort()
    assert served.handed.depth == 0
    assert served.gateway.in_flight == 0
