"""Deliveries: how the pieces of an answer reach the caller."""

from __future__ import annotations

from typing import Protocol

from monitor.gateway.dialects import Dialect, usage_frame
from monitor.gateway.draft import Draft
from monitor.gateway.http import Call
from monitor.gateway.request import Asked
from monitor.ports.engine import Piece


class Delivery(Protocol):
    """Takes pieces that the draft holds already, and the end."""

    async def piece(self, piece: Piece) -> None:
        """Pass a piece on, or keep it for the end."""

    async def end(self) -> None:
        """Send what completes the answer."""


class WholeDelivery:
    """Sends the answer in one part when it is complete."""

    def __init__(self, call: Call, dialect: Dialect, asked: Asked, draft: Draft) -> None:
        self._call, self._dialect, self._asked, self._draft = call, dialect, asked, draft

    async def piece(self, piece: Piece) -> None:
        """Keep the piece: the draft holds it."""

    async def end(self) -> None:
        await self._call.answer(200, self._dialect.whole(self._draft, self._asked))


class StreamDelivery:
    """Sends each piece as a server-sent event as it comes."""

    def __init__(self, call: Call, dialect: Dialect, asked: Asked, draft: Draft) -> None:
        self._call, self._dialect, self._asked, self._draft = call, dialect, asked, draft

    async def piece(self, piece: Piece) -> None:
        await self._open()
        if piece.text or piece.finish_reason or self._asked.logprobs:
            await self._call.event(
                self._dialect.chunk(self._draft, self._asked, piece.text, piece.tokens)
            )

    async def end(self) -> None:
        if self._asked.include_usage:
            frame = self._dialect.chunk(self._draft, self._asked, "", ())
            await self._call.event(usage_frame(frame, self._draft))
        await self._call.end_events()

    async def _open(self) -> None:
        """Open the stream with the first piece: an earlier failure still gets its own status."""
        if self._call.started:
            return
        opening = self._dialect.opening(self._draft, self._asked)
        if opening is not None:
            await self._call.event(opening)


def delivery_for(call: Call, dialect: Dialect, asked: Asked, draft: Draft) -> Delivery:
    """Return the delivery the caller asked for."""
    kind = StreamDelivery if asked.stream else WholeDelivery
    return kind(call, dialect, asked, draft)
