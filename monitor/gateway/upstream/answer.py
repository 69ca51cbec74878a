"""The answer to one request, as far as it has come."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Protocol

from monitor.gateway.upstream.errors import Broken, Late
from monitor.gateway.upstream.request import Request

# Beyond this the server is not read any further until the caller has taken what waits. One read
# may bring 256 KiB more: that and this is all that one answer holds.
HIGH_WATER = 64 << 10


class Source(Protocol):
    """Where an answer comes from."""

    def pause(self) -> None:
        """Stop reading."""

    def resume(self) -> None:
        """Read on."""

    def drop(self) -> None:
        """Stop at once, and for good."""


class Answer:
    """Status, headers and body of one answer; filled by its source, emptied by one reader.

    Args:
        idle_s: how long the server may be silent in mid-answer.
        deadline: of the first byte, on the monotonic clock.

    Attributes:
        status: 0 until the head is complete.
        headers: as they came: names in any case, values as bytes.
        ended: whether the body has come to its own end.
        failure: why it never will.
    """

    __slots__ = (
        "_chunks",
        "_idle_s",
        "_paused",
        "_waiter",
        "buffered",
        "deadline",
        "ended",
        "failure",
        "headers",
        "request",
        "source",
        "status",
    )

    def __init__(self, request: Request, *, idle_s: float, deadline: float) -> None:
        self.request = request
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.ended = False
        self.failure: Exception | None = None
        self.deadline = deadline
        self.source: Source | None = None
        self.buffered = 0
        self._idle_s = idle_s
        self._chunks: list[bytes] = []
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None

    async def head(self) -> None:
        """Return when status and headers are there. Raises `UpstreamError`."""
        while not self.status:
            if self.failure is not None:
                raise self.failure
            await self._news()

    async def more(self) -> bytes:
        """Return what has come since the last call, as soon as there is anything.

        Returns nothing at the end. Raises `UpstreamError` behind the last byte that came.
        """
        while not self._chunks:
            if self.failure is not None:
                raise self.failure
            if self.ended:
                return b""
            await self._news()
        return self._take()

    @property
    def exhausted(self) -> bool:
        """Whether the body has come to its end and is taken."""
        return self.ended and not self._chunks

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.ended or self.failure is not None

    def begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Take the head."""
        self.status, self.headers = status, headers

    def add(self, chunk: bytes) -> None:
        """Take a part of the body."""
        self._chunks.append(chunk)
        self.buffered += len(chunk)
        if self.buffered > HIGH_WATER and not self._paused and self.source is not None:
            self._paused = True
            self.source.pause()

    def end(self) -> None:
        """Take the body's end."""
        self.ended = True
        self.source = None

    def fail(self, error: Exception) -> None:
        """Give up: nothing more will come. What has come can still be taken."""
        if not self.over:
            self.failure = error
            self.source = None
            self.wake()

    def abort(self, error: Exception) -> None:
        """Stop the server's work at once, whatever has come."""
        if self.over:
            return
        source = self.source
        self._chunks.clear()
        self.fail(error)
        if source is not None:
            source.drop()

    def expire(self) -> None:
        """Stop because the server is silent for too long."""
        if self.status:
            self._stop(Broken(f"the engine sent nothing for {self._idle_s:g} s in mid-answer"))
        else:
            self._stop(Late("the engine has not begun to answer in time"))

    def touch(self) -> None:
        """Note that the server is alive, and tell the reader."""
        if self.status:
            self.deadline = math.inf if self._paused else time.monotonic() + self._idle_s
        self.wake()

    def wake(self) -> None:
        """Tell the reader that there is something new."""
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _stop(self, error: Exception) -> None:
        source = self.source
        self.fail(error)
        if source is not None:
            source.drop()

    def _take(self) -> bytes:
        chunks = self._chunks
        taken = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self.buffered = 0
        if self._paused:
            self._paused = False
            self.deadline = time.monotonic() + self._idle_s
            if self.source is not None:
                self.source.resume()
        return taken

    async def _news(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
