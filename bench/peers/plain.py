"""The least a Python proxy does: ASGI on uvicorn (uvloop, httptools), aiohttp to the upstream, model renamed.

It has no routes, no tokens, no record and no care for callers who leave: what is beyond its rate is
not the language's fault.

    python -m bench.peers.plain --port 8000 --target http://127.0.0.1:9000
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn

from bench.peers import programs
from bench.peers.programs import Running

_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@contextmanager
def running(folder: Path, target: Running) -> Iterator[Running]:
    """Yield the proxy, in a process of its own."""
    port = programs.free_port()
    command = [sys.executable, "-m", "bench.peers.plain"]
    arguments = [f"--port={port}", f"--target={target.url}"]
    with programs.running("plain", [*command, *arguments], port=port, folder=folder) as started:
        yield started


class Proxy:
    """An ASGI application that sends every request on."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._session: aiohttp.ClientSession | None = None

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: _Receive, send: _Send
    ) -> None:
        """Relay one request."""
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        body = json.loads(await _read(receive))
        body["model"] = "support"
        headers = {"content-type": "application/json"}
        async with self._session.post(
            self._target + scope["path"], data=json.dumps(body), headers=headers
        ) as answer:
            kind = answer.headers.get("content-type", "application/json").encode()
            await send(
                {
                    "type": "http.response.start",
                    "status": answer.status,
                    "headers": [(b"content-type", kind)],
                }
            )
            async for chunk in answer.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _read(receive: _Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--target", required=True)
    asked = parser.parse_args()
    uvicorn.run(
        Proxy(asked.target),
        host="127.0.0.1",
        port=asked.port,
        lifespan="off",
        access_log=False,
        log_level="warning",
        backlog=4096,
    )


if __name__ == "__main__":
    main()
