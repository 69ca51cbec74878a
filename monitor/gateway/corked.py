"""uvicorn's HTTP protocol with two habits less: a second write, and a timer for each answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEAD = b"HTTP/1.1 "
_MOST_HEAD = 256 << 10  # and what one read brings beside it


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


class LazyTimer:
    """An event loop for one connection, whose only timer is not moved as long as it can wait.

    uvicorn makes a timer after each answer, and cancels it at the next request. Here both are
    notes; what was made once looks at them when it goes off.
    """

    __slots__ = ("_callback", "_due", "_handle", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: float | None = None
        self._handle: asyncio.TimerHandle | None = None
        self._callback: Callable[[], None] = _nothing

    def call_later(self, delay: float, callback: Callable[[], None]) -> LazyTimer:
        """Call back after `delay` seconds, unless it is cancelled or asked for anew before."""
        self._due = self._loop.time() + delay
        self._callback = callback
        if self._handle is None:
            self._handle = self._loop.call_later(delay, self._go_off)
        return self

    def cancel(self) -> None:
        """Do not call back."""
        self._due = None

    def stop(self) -> None:
        """Never call back again: the connection has ended."""
        self.cancel()
        if self._handle is not None:
            self._handle.cancel()

    def __getattr__(self, name: str) -> Any:
        """Be the loop in everything else."""
        return getattr(self._loop, name)

    def _go_off(self) -> None:
        self._handle = None
        if self._due is None:
            return
        left = self._due - self._loop.time()
        if left > 0:
            self._handle = self._loop.call_later(left, self._go_off)
        else:
            self._due = None
            self._callback()


class CorkedProtocol(HttpToolsProtocol):
    """Speaks HTTP/1.1 over a corked transport, to callers whose headers come to an end."""

    _head_bytes = 0  # of the request whose headers have not come to their end
    _in_head = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, corked."""
        self._timer = LazyTimer(self.loop)
        self.loop = cast(asyncio.AbstractEventLoop, self._timer)
        corked = Corked(cast(asyncio.Transport, transport))
        super().connection_made(cast(asyncio.Transport, corked))

    def data_received(self, data: bytes) -> None:
        """Take what a caller sends; whoever sends headers without end is cut off."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > _MOST_HEAD and not self.transport.is_closing():
            self.send_400_response("The headers are too large.")

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Take the headers of a request."""
        self._in_head, self._head_bytes = False, 0
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """End with the connection."""
        self._timer.stop()
        super().connection_lost(exc)


def _nothing() -> None:
    return None
