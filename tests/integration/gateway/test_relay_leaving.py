"""Callers of the relay who leave, and callers who are slow."""

from __future__ import annotations

import asyncio

import pytest

from monitor.gateway.upstream.answer import HIGH_WATER
from monitor.gateway.upstream.pool import Upstream
from monitor.ports.handover import Ending
from tests.relaying import (
    CHAT,
    END,
    EVENT,
    STREAM_HEAD,
    Peer,
    Relaying,
    always,
    chat_body,
    chunk,
    post,
    relaying,
    whole,
)

pytestmark = pytest.mark.integration

AT_ONCE_S = 1.0  # within this the engine must see that nobody waits any more
READ = 256 << 10  # uvloop's largest read


class Watched:
    """A script that sends a part of an answer, waits, and notes that the relay has closed."""

    def __init__(self, *parts: bytes) -> None:
        self.asked = asyncio.Semaphore(0)
        self.closed = asyncio.Semaphore(0)
        self._parts = parts

    async def __call__(self, peer: Peer) -> None:
        """Play."""
        await peer.request()
        await peer.send(*self._parts)
        self.asked.release()
        await peer.gone()
        self.closed.release()


async def leave(relay: Relaying, script: Watched, until: bytes, *, stream: bool) -> None:
    """Ask, read until something has come, and leave."""
    reader, writer = await relay.connect()
    writer.write(post(CHAT, chat_body(stream=stream)))
    await asyncio.wait_for(script.asked.acquire(), 5)
    if until:
        await asyncio.wait_for(reader.readuntil(until), 5)
    writer.transport.abort()


@pytest.mark.parametrize(
    ("parts", "until", "stream"),
    [
        ((), b"", True),
        ((STREAM_HEAD,), b"\r\n\r\n", True),
        ((STREAM_HEAD, chunk(EVENT)), EVENT, True),
        ((), b"", False),
        ((whole()[:-10],), b'"id"', False),
    ],
    ids=["before the head", "before the first token", "in mid-stream", "whole", "in mid-body"],
)
async def test_the_engine_is_stopped_when_the_caller_leaves(
    parts: tuple[bytes, ...], until: bytes, stream: bool
) -> None:
    """Within a second its connection is closed, and the record says that the caller left."""
    script = Watched(*parts)
    async with relaying(script) as relay:
        await leave(relay, script, until, stream=stream)
        await asyncio.wait_for(script.closed.acquire(), AT_ONCE_S)
        relayed = await relay.book.next()
        assert relay.parts.engine.in_use == 0
        assert relay.parts.engine.idle == 0
    assert relayed.ending is Ending.ABANDONED
    assert relayed.streamed == stream
    assert relay.parts.tee_room.held == 0


async def test_a_half_sent_body_is_no_request() -> None:
    """Nothing is asked, and nothing is handed over."""
    async with relaying(always(whole())) as relay:
        _, writer = await relay.connect()
        writer.write(b"POST %b HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{" % CHAT.encode())
        await writer.drain()
        writer.transport.abort()
        await relay.chat()
        await relay.book.next()
        assert len(relay.engine.received) == 1
        assert relay.book.items.empty()


async def abandon(script_parts: tuple[bytes, ...], times: int, at_once: int) -> Upstream:
    """Let callers leave, so many at once, and return the pool behind them."""
    script = Watched(*script_parts)
    until = EVENT if script_parts else b""
    async with relaying(script, places=at_once) as relay:
        for _ in range(times // at_once):
            await asyncio.gather(
                *(leave(relay, script, until, stream=True) for _ in range(at_once))
            )
            for _ in range(at_once):
                await asyncio.wait_for(script.closed.acquire(), 5)
                assert (await relay.book.next()).ending is Ending.ABANDONED
        line, _, _ = await _answered(relay, script)
        assert line.startswith(b"HTTP/1.1 2")
        return relay.parts.engine


async def _answered(relay: Relaying, script: Watched) -> tuple[bytes, dict[bytes, bytes], bytes]:
    relay.engine.script = always(whole())
    return await relay.chat()


@pytest.mark.slow
@pytest.mark.parametrize("parts", [(), (STREAM_HEAD, chunk(EVENT))], ids=["early", "late"])
async def test_no_slot_leaks_by_a_thousand_abandoned_requests(parts: tuple[bytes, ...]) -> None:
    """As many as there are places leave at once, again and again."""
    engine = await abandon(parts, times=1_000, at_once=50)
    assert engine.in_use == 0


@pytest.mark.soak
async def test_no_slot_leaks_by_ten_thousand_abandoned_requests() -> None:
    """The same, for longer."""
    engine = await abandon((STREAM_HEAD, chunk(EVENT)), times=10_000, at_once=100)
    assert engine.in_use == 0


class Pouring:
    """A script that writes a long body, and says so when nobody takes any more of it."""

    def __init__(self, size: int) -> None:
        self.part = bytes(range(256)) * 256
        self.parts = size // len(self.part)
        self.written = 0
        self.stalled = asyncio.Event()

    async def __call__(self, peer: Peer) -> None:
        """Play."""
        await peer.request()
        peer.writer.transport.set_write_buffer_limits(high=0)
        size = self.parts * len(self.part)
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        for _ in range(self.parts):
            sending = asyncio.ensure_future(peer.send(self.part))
            done, _ = await asyncio.wait((sending,), timeout=0.2)
            if not done:
                self.stalled.set()
            await sending
            self.written += len(self.part)


@pytest.mark.slow
async def test_a_slow_reader_of_64_megabytes_holds_little() -> None:
    """While he reads nothing the engine stops writing; then every byte arrives."""
    script = Pouring(64 << 20)
    async with relaying(script) as relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port, limit=1 << 16)
        writer.write(post(CHAT, chat_body()))
        await asyncio.wait_for(script.stalled.wait(), 20)
        (answer,) = relay.parts.engine.under_way
        assert HIGH_WATER < answer.buffered <= HIGH_WATER + READ
        assert script.written < 32 << 20
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(script.parts):
            assert await reader.readexactly(len(script.part)) == script.part
            assert answer.buffered <= HIGH_WATER + READ
        writer.close()
        relayed = await relay.book.next()
        assert (relay.parts.tee_room.held, relay.parts.tee_room.cut) == (0, 1)
    assert relayed.ending is Ending.COMPLETE
    assert relayed.cut


@pytest.mark.slow
async def test_a_caller_who_reads_nothing_and_leaves_stops_the_engine() -> None:
    """Also while the relay waits for him to read."""
    script = Pouring(64 << 20)
    async with relaying(script) as relay:
        _, writer = await asyncio.open_connection("127.0.0.1", relay.port, limit=1 << 16)
        writer.write(post(CHAT, chat_body()))
        await asyncio.wait_for(script.stalled.wait(), 20)
        writer.transport.abort()
        async with asyncio.timeout(AT_ONCE_S):
            relayed = await relay.book.next()
        assert relay.parts.engine.in_use == 0
    assert relayed.ending is Ending.ABANDONED


async def test_a_stream_goes_on_after_a_pause_of_its_reader() -> None:
    """Nothing is lost or doubled by pausing and resuming."""
    events = [b"data: %d\n\n" % number for number in range(60_000)]
    stream = b"".join(events)
    parts = [chunk(b"".join(events[at : at + 100])) for at in range(0, len(events), 100)]
    async with relaying(always(STREAM_HEAD, *parts, END)) as relay:
        _, _, body = await relay.chat(stream=True)
    assert body == stream
