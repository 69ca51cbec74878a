"""The relay behind a real uvicorn, in front of a server that plays exact bytes, for tests."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from monitor.gateway.callers import Tokens, token_hash
from monitor.gateway.relay.app import RelayApp
from monitor.gateway.relay.parts import RelayParts
from monitor.gateway.serving import Serving, serve
from monitor.gateway.upstream.address import Address, Limits
from monitor.gateway.upstream.pool import Upstream
from monitor.ports.handover import Handed, Relayed
from monitor.runtime.flights import Flights
from monitor.runtime.routing import Route, Router
from tests.serving import CALLER, OPERATOR, VERSION

WHOLE = b'{"id":"a-1","choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}'
EVENT = b'data: {"id":"a-1","choices":[{"delta":{"content":"hi"}}]}\n\n'
DONE = b"data: [DONE]\n\n"
CHAT = "/v1/chat/completions"


def whole(body: bytes = WHOLE, status: str = "200 OK", more: bytes = b"") -> bytes:
    """Return an answer with its length."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n".encode()
    return head + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunk(data: bytes) -> bytes:
    """Return a chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)
END = b"0\r\n\r\n"


@dataclass(frozen=True)
class Received:
    """A request as the server got it."""

    line: bytes
    headers: dict[bytes, bytes]
    raw: bytes
    body: bytes


@dataclass
class Peer:
    """One connection, as the server sees it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    received: list[Received]

    async def request(self) -> Received:
        """Read one request. Raises `IncompleteReadError` when the other side has closed."""
        raw = await self.reader.readuntil(b"\r\n\r\n")
        line, *rest = raw[:-4].split(b"\r\n")
        pairs = [each.partition(b": ") for each in rest]
        headers = {name.lower(): value for name, _, value in pairs}
        body = await self.reader.readexactly(int(headers.get(b"content-length", b"0")))
        self.received.append(Received(line, headers, raw, body))
        return self.received[-1]

    async def send(self, *parts: bytes) -> None:
        """Send parts, each in a write of its own."""
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()

    async def gone(self) -> None:
        """Return when the other side has closed."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            return

    def reset(self) -> None:
        """Close with a reset."""
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


@dataclass
class Scripted:
    """A server that does with each connection what a script says."""

    script: Script
    port: int = 0
    connections: int = 0
    received: list[Received] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Play the script on one connection, then close it."""
        self.connections += 1
        peer = Peer(reader, writer, self.connections, self.received)
        try:
            await self.script(peer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def always(*parts: bytes) -> Script:
    """Return a script that answers each request with the same bytes."""

    async def play(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(*parts)

    return play


def once(*parts: bytes) -> Script:
    """Return a script that answers one request of a connection and closes."""

    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(*parts)

    return play


class Book:
    """A handover that keeps everything, or has no room at all."""

    def __init__(self) -> None:
        self.has_room = True
        self.items: asyncio.Queue[Handed] = asyncio.Queue()

    def offer(self, item: Handed) -> bool:
        """Keep an exchange."""
        if self.has_room:
            self.items.put_nowait(item)
        return self.has_room

    async def settled(self) -> None:
        """Return at once."""

    async def next(self) -> Relayed:
        """Return the next exchange."""
        item = await asyncio.wait_for(self.items.get(), 5)
        assert isinstance(item, Relayed)
        return item


class PlainNaming:
    """Names a version by the field `model` alone, as vLLM does."""

    def __init__(self, **more: Any) -> None:
        self.more = more

    def fields(self, version: str | None) -> Mapping[str, Any]:
        """Return the fields."""
        return {"model": version or "tiny", **self.more}


@dataclass
class Relaying:
    """A relay that runs, and what stands around it."""

    parts: RelayParts
    server: Serving
    engine: Scripted
    control: Scripted
    book: Book
    port: int

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection of a caller."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(
        self, raw: bytes, *, until_close: bool = False
    ) -> tuple[bytes, dict[bytes, bytes], bytes]:
        """Send a request as it is; return status line, headers and body as they came, de-chunked."""
        reader, writer = await self.connect()
        writer.write(raw)
        try:
            return await asyncio.wait_for(answer_of(reader), 10)
        finally:
            writer.close()

    async def chat(self, **fields: Any) -> tuple[bytes, dict[bytes, bytes], bytes]:
        """Ask `support`."""
        return await self.ask(post(CHAT, chat_body(**fields)))


def chat_body(**fields: Any) -> bytes:
    """Return a chat request."""
    asked = {"model": "support", "messages": [{"role": "user", "content": "hi"}], **fields}
    return json.dumps(asked).encode()


def post(path: str, body: bytes, *headers: bytes) -> bytes:
    """Return a request, written out."""
    lines = [b"POST %b HTTP/1.1" % path.encode(), b"host: x", b"content-length: %d" % len(body)]
    return b"\r\n".join((*lines, *headers, b"", body))


async def answer_of(
    reader: asyncio.StreamReader,
) -> tuple[bytes, dict[bytes, bytes], bytes]:
    """Read one answer. Raises `IncompleteReadError` if it breaks off."""
    raw = await reader.readuntil(b"\r\n\r\n")
    line, *rest = raw[:-4].split(b"\r\n")
    headers = {name: value for name, _, value in (each.partition(b": ") for each in rest)}
    if headers.get(b"transfer-encoding") == b"chunked":
        return line, headers, await _chunks(reader)
    return line, headers, await reader.readexactly(int(headers.get(b"content-length", b"0")))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        size = int(await reader.readuntil(b"\r\n"), 16)
        body += await reader.readexactly(size)
        await reader.readexactly(2)
        if not size:
            return body


def make_parts(engine: Upstream, operators: Upstream, book: Book, **changes: Any) -> RelayParts:
    """Return parts with the deployments `support` and `plain` (the base model)."""
    router = Router()
    router.swap(Route(deployment="support", active=VERSION, epoch=3))
    router.swap(Route(deployment="plain", active=None, epoch=0))
    given = {
        "engine": engine,
        "operators": operators,
        "router": router,
        "handover": book,
        "flights": Flights(),
        "naming": PlainNaming(),
        "base_model": "tiny",
        "pass_through": frozenset(("/v1/embeddings",)),
        **changes,
    }
    return RelayParts(**given)


LOCKED = {
    "callers": Tokens([token_hash(CALLER), token_hash(OPERATOR)]),
    "operator_tokens": Tokens([token_hash(OPERATOR)]),
}


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[Scripted]:
    """Run a scripted server on a free port."""
    played = Scripted(script)
    server = await asyncio.start_server(played.serve, "127.0.0.1", 0, limit=1 << 24)
    played.port = server.sockets[0].getsockname()[1]
    try:
        yield played
    finally:
        server.close()


@asynccontextmanager
async def relaying(
    script: Script,
    *,
    control: Script | None = None,
    limits: Limits | None = None,
    places: int = 2048,
    **changes: Any,
) -> AsyncIterator[Relaying]:
    """Run a relay in front of a scripted engine; `changes` are those of the parts."""
    book = Book()
    async with scripted(script) as engine, scripted(control or always(whole(b"{}"))) as surfaces:
        limits = limits or Limits()
        upstream = Upstream(_address(engine), limits, places=places)
        parts = make_parts(upstream, Upstream(_address(surfaces), limits), book, **changes)
        server = Serving(RelayApp(parts))
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            task = asyncio.ensure_future(serve(server, listener))
            await server.ready.wait()
            try:
                yield Relaying(parts, server, engine, surfaces, book, port)
            finally:
                await server.drain(0.0)
                await task


def _address(server: Scripted) -> Address:
    return Address.of(f"http://127.0.0.1:{server.port}")
