"""Deliveries: how the pieces of an answer reach the caller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from guards.exchange import FinishReason
from monitor.gateway.dialects import Dialect, usage_frame
from monitor.gateway.draft import Draft
from monitor.gateway.guarding.held_logprobs import HeldLogprobs
from monitor.gateway.guarding.request import HEADER, GuardedRequest
from monitor.gateway.http import Call
from monitor.gateway.request import Asked
from monitor.ports.engine import Piece, Token

_BLOCKED = (HEADER[0].decode(), HEADER[1].decode())


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
        headers = (_BLOCKED,) if self._draft.is_blocked else ()
        await self._call.answer(200, self._dialect.whole(self._draft, self._asked), headers)


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


class GuardedDelivery:
    """Passes on what guards have cleared, with the log-probabilities that belong to it.

    Args:
        clock: monotonic, in seconds.
    """

    def __init__(
        self,
        delivery: Delivery,
        request: GuardedRequest,
        draft: Draft,
        clock: Callable[[], float],
    ) -> None:
        self._delivery = delivery
        self._request = request
        self._draft = draft
        self._clock = clock
        self._text = request.text(0)
        self._tokens: HeldLogprobs[Token] = HeldLogprobs()

    async def piece(self, piece: Piece) -> None:
        text, ends = self._text, piece.finish_reason is not None
        cleared = await text.feed(piece.text) if piece.text else ""
        self._keep(piece.tokens)
        if ends and not text.blocked:
            cleared += await text.finish()
        self._draft.held = text.fed - text.released
        if self._is_late:
            self._draft.guarded = self._request.fail(0)
        elif ends or text.blocked:
            self._draft.guarded = self._request.conclude(0, text.reports)
        await self._delivery.piece(self._passed(cleared, piece.finish_reason))

    async def end(self) -> None:
        await self._delivery.end()

    @property
    def _is_late(self) -> bool:
        guards = self._request.guarding.guards
        return guards.needs_whole and self._clock() - self._draft.started > guards.limit_s

    def _keep(self, tokens: Sequence[Token]) -> None:
        text, fed = self._text, self._text.fed
        length = sum(len(token.text) for token in tokens)
        self._tokens.add(tokens, length, lambda: text.released >= fed)

    def _passed(self, cleared: str, reason: FinishReason | None) -> Piece:
        """Return the piece as the caller gets it; one that is blocked has its end."""
        if self._draft.is_blocked:
            return Piece(text=cleared, finish_reason=reason or FinishReason.INCOMPLETE)
        rest = self._tokens.rest() if reason else self._tokens.take(self._text.released)
        return Piece(text=cleared, tokens=tuple(rest), finish_reason=reason)


def delivery_for(call: Call, dialect: Dialect, asked: Asked, draft: Draft) -> Delivery:
    """Return the delivery the caller asked for."""
    kind = StreamDelivery if asked.stream else WholeDelivery
    return kind(call, dialect, asked, draft)
