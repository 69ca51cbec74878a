"""Delivering an answer under blocking guards: in the form in which the engine gives it, if it can be read."""

from __future__ import annotations

from guards.guarded import Guarded
from monitor.gateway.guarding.request import HEADER, GuardedRequest, Guarding
from monitor.gateway.guarding.stream import GuardedStream
from monitor.gateway.guarding.whole import blocked_body, guarded_body
from monitor.gateway.relay.delivery import Delivery
from monitor.gateway.relay.headers import Header, value_of
from monitor.gateway.relay.inbound import Inbound
from monitor.gateway.upstream.answer import Answer
from monitor.ports.handover import Dialect

# They speak of the engine's bytes, which are not those that go out.
_OF_THE_BODY = frozenset((b"content-length", b"content-encoding", b"etag", b"digest"))


class RelayGuards:
    """The blocking guards of a deployment. Implements `relay.guards.BlockingGuards`."""

    def __init__(self, guarding: Guarding) -> None:
        self._guarding = guarding

    def of(self, dialect: Dialect, body: bytes) -> GuardedAnswer:
        """Return what guards the answer to a request."""
        return GuardedAnswer(self._guarding.of(dialect, body))


class GuardedAnswer:
    """Brings what guards have cleared of one answer to its caller. Implements `AnswerGuards`.

    What cannot be looked into, because it is compressed, too long or broken, is blocked.
    """

    def __init__(self, request: GuardedRequest) -> None:
        self._request = request

    @property
    def blocked(self) -> bool:
        """Whether a choice was blocked."""
        return self._request.blocked

    @property
    def guarded(self) -> dict[int, Guarded]:
        """What was concluded, by the index of a choice."""
        return self._request.guarded

    async def deliver(
        self,
        inbound: Inbound,
        delivery: Delivery,
        answer: Answer,
        headers: list[Header],
        *,
        logprobs: bool,
    ) -> None:
        """Send head and body, as far as they are cleared. Raises `UpstreamError`."""
        encoding = value_of(headers, b"content-encoding").strip().lower()
        is_plain = encoding in (b"", b"identity")
        headers = [each for each in headers if each[0] not in _OF_THE_BODY]
        if _is_event_stream(headers):
            await inbound.start(answer.status, headers)
            await self._stream(inbound, delivery, is_plain=is_plain, logprobs=logprobs)
            return
        headers = [each for each in headers if each[0] != b"content-type"]
        body = await self._body(delivery, answer, is_plain=is_plain, logprobs=logprobs)
        await inbound.start(answer.status, [*headers, *self._head_of(body)])
        await inbound.write(body, more=False)

    async def _stream(
        self, inbound: Inbound, delivery: Delivery, *, is_plain: bool, logprobs: bool
    ) -> None:
        stream = GuardedStream(self._request, logprobs=logprobs)
        if not is_plain:
            await inbound.write(stream.fail(), more=False)
            return
        guards = self._request.guarding.guards
        await delivery.relay_guarded(stream, guards.limit_s if guards.needs_whole else None)

    async def _body(
        self, delivery: Delivery, answer: Answer, *, is_plain: bool, logprobs: bool
    ) -> bytes:
        request = self._request
        if not is_plain:
            return blocked_body(request)
        most = request.guarding.most_bytes
        parts = await delivery.first(most)
        if delivery.size > most or not answer.exhausted:
            return blocked_body(request)
        return await guarded_body(b"".join(parts), request, logprobs=logprobs)

    def _head_of(self, body: bytes) -> list[Header]:
        own = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        return [*own, HEADER] if self._request.blocked else own


def _is_event_stream(headers: list[Header]) -> bool:
    """Whether an answer is a stream of server-sent events, in whatever encoding."""
    return value_of(headers, b"content-type").lower().startswith(b"text/event-stream")
