"""Delivering an answer: its head, then its body as it comes, and what happens if it breaks off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from monitor.gateway.refusal import failure
from monitor.gateway.relay.headers import Header, value_of
from monitor.gateway.relay.inbound import Inbound
from monitor.gateway.relay.tee import Tee
from monitor.gateway.upstream.answer import Answer
from monitor.gateway.upstream.errors import UpstreamError

_DONE = b"data: [DONE]\n\n"
_encode = msgspec.json.Encoder().encode


class Alteration(Protocol):
    """Changes what the caller sees of an answer's body."""

    def feed(self, chunk: bytes) -> bytes:
        """Take a part, and return what can go on by now."""

    def end(self) -> bytes:
        """Return the rest."""


class Guards(Protocol):
    """Looks into an answer's body, and ends it where it must.

    Every part that it gives ends between two events. `over` is whether nothing more goes out.
    """

    over: bool

    async def feed(self, chunk: bytes) -> bytes:
        """Take a part, and return what can go on by now."""

    async def end(self) -> bytes:
        """Return the rest."""

    def fail(self) -> bytes:
        """Return how the answer ends that cannot be checked in time."""


def is_stream(headers: list[Header]) -> bool:
    """Whether an answer is a stream of server-sent events that can be written into."""
    kind = value_of(headers, b"content-type").lower()
    return kind.startswith(b"text/event-stream") and not (
        value_of(headers, b"content-length") or value_of(headers, b"content-encoding")
    )


class Delivery:
    """Brings one answer's body to its caller, and into the tee.

    Args:
        clock: monotonic, in seconds.

    Attributes:
        begun_at: when the first byte of the body came, `None` before; size: bytes until now.
    """

    __slots__ = ("_answer", "_clock", "_inbound", "_tail", "_tee", "begun_at", "size")

    def __init__(
        self, inbound: Inbound, answer: Answer, tee: Tee, clock: Callable[[], float]
    ) -> None:
        self._inbound = inbound
        self._answer = answer
        self._tee = tee
        self._clock = clock
        self._tail = b""
        self.begun_at: float | None = None
        self.size = 0

    async def relay(self) -> None:
        """Send the body on as it comes, to its end. Raises `UpstreamError`."""
        answer, send = self._answer, self._inbound.send
        more = True
        while more:
            chunk = await answer.more()
            self._note(chunk)
            more = not answer.exhausted
            await send({"type": "http.response.body", "body": chunk, "more_body": more})
            self._tail = chunk if len(chunk) >= 4 else (self._tail + chunk)[-4:]

    async def relay_altered(self, alteration: Alteration) -> None:
        """Do as `relay` does, through an alteration."""
        while not self._answer.exhausted:
            altered = alteration.feed(await self._next())
            if altered:
                await self._inbound.write(altered, more=True)
                self._tail = (self._tail + altered)[-4:]
        await self._inbound.write(alteration.end(), more=False)

    async def relay_guarded(self, guarded: Guards, limit_s: float | None) -> None:
        """Do as `relay` does, through guards, until they or the engine end the answer.

        Args:
            limit_s: for all but the last write; `None` where nothing is held to the end.
        """
        try:
            async with asyncio.timeout(limit_s) as limit:
                while not (self._answer.exhausted or guarded.over):
                    cleared = await guarded.feed(await self._next())
                    if cleared:
                        await self._inbound.write(cleared, more=True)
                rest = b"" if guarded.over else await guarded.end()
        except TimeoutError:
            if not limit.expired():
                raise
            rest = guarded.fail()
        await self._inbound.write(rest, more=False)

    async def first(self, most_bytes: int) -> list[bytes]:
        """Return the body's parts once it is complete, or longer than `most_bytes`.

        Raises `UpstreamError`.
        """
        parts: list[bytes] = []
        while not self._answer.exhausted and self.size <= most_bytes:
            parts.append(await self._next())
        return parts

    async def drain(self) -> None:
        """Take the body in for the tee alone. Raises `UpstreamError`."""
        while not self._answer.exhausted:
            await self._next()

    async def break_off(self, error: UpstreamError) -> None:
        """End a stream whose engine has died: an error frame, and what clients wait for.

        The line that has begun is ended, and so is its event: the caller cannot be spared it.
        """
        frame = b"data: " + _encode(failure(error).body) + b"\n\n"
        await self._inbound.write(_missing(self._tail) + frame + _DONE, more=False)

    async def _next(self) -> bytes:
        chunk = await self._answer.more()
        self._note(chunk)
        return chunk

    def _note(self, chunk: bytes) -> None:
        if chunk:
            if self.begun_at is None:
                self.begun_at = self._clock()
            self.size += len(chunk)
            self._tee.add(chunk)


def _missing(tail: bytes) -> bytes:
    """Return what ends the event that a stream is in: nothing between two events."""
    plain = tail[-4:].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not plain or plain.endswith(b"\n\n"):
        return b""
    return b"\n" if plain.endswith(b"\n") else b"\n\n"
