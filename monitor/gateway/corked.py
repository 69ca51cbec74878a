"""uvicorn's HTTP protocol, with the head of an answer and what follows it in one write."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEAD = b"HTTP/1.1 "


class Corked:
    """A transport that holds a head back until the first part of its body, or the next turn.

    uvicorn writes both one after the other, and uvloop makes a system call of each: for a short
    answer that is a sixth of the whole relay.
    """

    __slots__ = ("_held", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._held = b""

    def write(self, data: bytes) -> None:
        """Write, or hold a head back."""
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held + data)
        elif data.startswith(_HEAD):
            self._held = data
            self._loop.call_soon(self.flush)
        else:
            self._transport.write(data)

    def flush(self) -> None:
        """Write what is held back."""
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)

    def close(self) -> None:
        """Write what is held back, and close."""
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        """Be the transport in everything else."""
        return getattr(self._transport, name)


class CorkedProtocol(HttpToolsProtocol):
    """Speaks HTTP/1.1 over a corked transport."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, corked."""
        corked = Corked(cast(asyncio.Transport, transport))
        super().connection_made(cast(asyncio.Transport, corked))
