"""A model server that costs next to nothing: vLLM's surface, made-up answers, exact times.

One event loop on httptools. What an answer is like stands in the request, under `bench`:

    {"events": 200, "interval_ms": 100}   a stream of so many events
    {"megabytes": 64}                     a whole answer of that size

Each event carries the model it was asked for and when it was written, in nanoseconds of
CLOCK_MONOTONIC, which all processes of a machine share.

    python -m bench.peers.upstream --port 8000
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import httptools
import uvloop

from bench.peers import made_up, programs
from bench.peers.made_up import BASE
from bench.peers.programs import Running

_JSON, _SSE = b"application/json", b"text/event-stream"
_REASONS = {200: b"OK", 400: b"Bad Request", 404: b"Not Found"}
_MB = 1 << 20


@contextmanager
def running(folder: Path, port: int | None = None) -> Iterator[Running]:
    """Yield the server, in a process of its own."""
    taken = port or programs.free_port()
    with programs.running("upstream", command(taken), port=taken, folder=folder) as started:
        yield started


def command(port: int) -> list[str]:
    """Return the command that runs the server."""
    return [sys.executable, "-m", "bench.peers.upstream", f"--port={port}"]


class Loaded:
    """The adapters that the server holds, by name."""

    def __init__(self) -> None:
        self.paths: dict[str, str] = {}

    def listing(self) -> dict[str, Any]:
        """Return the answer to `GET /v1/models`."""
        base = made_up.model(BASE, root=BASE, parent=None)
        adapters = [
            made_up.model(name, root=path, parent=BASE) for name, path in self.paths.items()
        ]
        return {"object": "list", "data": [base, *adapters]}


class Connection(asyncio.Protocol):
    """One kept connection of a caller."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._parser = httptools.HttpRequestParser(self)
        self._loop = asyncio.get_running_loop()
        self._path = b""
        self._body: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._sending: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop what is under way."""
        if self._timer is not None:
            self._timer.cancel()
        if self._sending is not None:
            self._sending.cancel()

    def pause_writing(self) -> None:
        """Hold back large answers while the reader is slow."""
        self._flowing.clear()

    def resume_writing(self) -> None:
        """Go on."""
        self._flowing.set()

    def data_received(self, data: bytes) -> None:
        """Take in what the caller sends."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._path = b""
        self._body = []

    def on_url(self, url: bytes) -> None:
        """Take in the path."""
        self._path += url

    def on_body(self, body: bytes) -> None:
        """Take in a part of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Answer the request."""
        path = self._path.partition(b"?")[0].decode()
        if self._parser.get_method() == b"GET":
            self._look_up(path)
            return
        try:
            asked = json.loads(b"".join(self._body) or b"{}")
        except ValueError:
            self._answer(400, made_up.error("the body is no JSON", 400))
            return
        self._do(path, asked)

    def _look_up(self, path: str) -> None:
        known: Mapping[str, Any] = {
            "/v1/models": self._loaded.listing(),
            "/version": {"version": "0.0.0"},
            "/health": {},
        }
        if path in known:
            self._answer(200, known[path])
        else:
            self._answer(404, made_up.error(f"no such page: {path}", 404))

    def _do(self, path: str, asked: dict[str, Any]) -> None:
        if path == "/v1/load_lora_adapter":
            self._loaded.paths[asked["lora_name"]] = asked["lora_path"]
            self._answer(200, f"Success: LoRA adapter '{asked['lora_name']}' added successfully.")
        elif path == "/v1/unload_lora_adapter":
            self._loaded.paths.pop(asked["lora_name"], None)
            self._answer(200, f"Success: LoRA adapter '{asked['lora_name']}' removed successfully.")
        elif asked.get("model") != BASE and asked.get("model") not in self._loaded.paths:
            told = made_up.error(f"The model `{asked.get('model')}` does not exist.", 404)
            self._answer(404, told)
        else:
            self._complete(path, asked)

    def _complete(self, path: str, asked: dict[str, Any]) -> None:
        wishes = asked.get("bench", {})
        if "megabytes" in wishes:
            self._sending = self._loop.create_task(self._send_large(asked, wishes["megabytes"]))
        elif path == "/v1/completions":
            self._answer_text(asked)
        elif asked.get("stream"):
            self._start_stream(asked, wishes)
        else:
            self._answer(200, made_up.chat(asked["model"], "Your order has shipped."))

    def _answer_text(self, asked: dict[str, Any]) -> None:
        if not asked.get("stream"):
            self._answer(200, made_up.text(asked))
            return
        self._head(_SSE, chunked=True)
        for event in made_up.text_events(asked):
            self._chunk(b"data: " + json.dumps(event).encode() + b"\n\n")
        self._end()

    def _answer(self, status: int, body: object) -> None:
        content = json.dumps(body, separators=(",", ":")).encode()
        head = b"HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n"
        self._transport.write(head % (status, _REASONS[status], _JSON, len(content)) + content)

    def _head(self, kind: bytes, *, chunked: bool = False, length: int = 0) -> None:
        size = b"transfer-encoding: chunked" if chunked else b"content-length: %d" % length
        self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\n%s\r\n\r\n" % (kind, size))

    def _chunk(self, data: bytes) -> None:
        self._transport.write(b"%x\r\n%s\r\n" % (len(data), data))

    def _end(self) -> None:
        self._chunk(b"data: [DONE]\n\n")
        self._transport.write(b"0\r\n\r\n")

    def _start_stream(self, asked: dict[str, Any], wishes: Mapping[str, Any]) -> None:
        self._head(_SSE, chunked=True)
        before, after = made_up.event_around(asked["model"])
        events, interval_s = wishes.get("events", 10), wishes.get("interval_ms", 10) / 1000
        self._tick(before, after, events, interval_s, self._loop.time())

    def _tick(self, before: bytes, after: bytes, left: int, interval_s: float, due: float) -> None:
        """Write the next event; times are absolute, so that a late one does not delay the rest."""
        if not left:
            self._timer = None
            self._chunk(made_up.LAST_EVENT)
            self._end()
            return
        self._chunk(before + b"%d" % time.monotonic_ns() + after)
        due += interval_s
        self._timer = self._loop.call_at(due, self._tick, before, after, left - 1, interval_s, due)

    async def _send_large(self, asked: dict[str, Any], megabytes: int) -> None:
        """Write a whole answer in parts, as fast as its reader takes them."""
        before, after = made_up.chat_around(asked["model"])
        self._head(_JSON, length=len(before) + megabytes * _MB + len(after))
        self._transport.write(before)
        part = b"word " * (_MB // 80) + b"." * (_MB // 16 - 5 * (_MB // 80))
        for _ in range(megabytes * 16):
            await self._flowing.wait()
            self._transport.write(part)
        self._transport.write(after)


async def serve(port: int) -> None:
    """Serve until cancelled."""
    loaded = Loaded()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(loaded), "127.0.0.1", port, backlog=4096)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    with suppress(KeyboardInterrupt):
        uvloop.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
