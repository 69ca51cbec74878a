"""One exchange on its way: relayed, measured, and handed over exactly once."""

from __future__ import annotations

import asyncio
import random

from monitor.gateway.refusal import failure
from monitor.gateway.relay.delivery import Delivery, is_stream
from monitor.gateway.relay.guards import AnswerGuards
from monitor.gateway.relay.headers import Header, downward
from monitor.gateway.relay.inbound import Inbound
from monitor.gateway.relay.parts import RelayParts
from monitor.gateway.relay.stripping import StreamStripping, strip_whole
from monitor.gateway.relay.tee import Tee
from monitor.gateway.upstream.answer import Answer
from monitor.gateway.upstream.errors import CallerGone, UpstreamError
from monitor.gateway.upstream.request import Request
from monitor.ports.handover import Dialect, Ending, Relayed
from monitor.runtime.routing import Route


class RelayedExchange:
    """Sends a request to the engine, the answer to the caller, and the record to the scorer.

    Args:
        id: unlike any other's.
        version: what is asked, `None` is the base model.
        started, started_at: when the request came, on the monotonic and on the wall clock.
        body: as the caller sent it.
        guarded: blocking guards, where the deployment has any.
        shadow_of: id of the exchange that this one shadows: then nobody sees the answer.
        dealt: the caller's lot in a canary, as text; empty where none runs.
    """

    __slots__ = (
        "_asked_to_stream",
        "_caller",
        "_dealt",
        "_delivery",
        "_dialect",
        "_ending",
        "_guarded",
        "_inbound",
        "_parts",
        "_shadow_of",
        "_started",
        "_started_at",
        "_status",
        "_streamed",
        "_tee",
        "body",
        "id",
        "route",
        "version",
    )

    def __init__(
        self,
        parts: RelayParts,
        inbound: Inbound,
        *,
        id: str,
        dialect: Dialect,
        route: Route,
        version: str | None,
        started: float,
        started_at: float,
        body: bytes,
        caller: str | None,
        asked_to_stream: bool,
        guarded: AnswerGuards | None = None,
        shadow_of: str | None = None,
        dealt: str = "",
    ) -> None:
        self.id = id
        self.route = route
        self.version = version
        self.body = body
        self._parts = parts
        self._inbound = inbound
        self._dialect = dialect
        self._started = started
        self._started_at = started_at
        self._caller = caller
        self._asked_to_stream = asked_to_stream
        self._guarded = guarded
        self._shadow_of = shadow_of
        self._dealt = dealt
        self._tee = Tee(parts.tee_room)
        self._delivery: Delivery | None = None
        self._status: int | None = None
        self._streamed = asked_to_stream
        self._ending = Ending.FAILED

    @property
    def succeeded(self) -> bool:
        """Whether the engine has answered, without an error and to the end."""
        return self._ending is Ending.COMPLETE

    def shadowed_by(self, version: str | None) -> RelayedExchange:
        """Return the exchange in which another version answers the same request, unseen."""
        return RelayedExchange(
            self._parts,
            self._inbound,
            id=f"{random.getrandbits(128):032x}",
            dialect=self._dialect,
            route=self.route,
            version=version,
            started=self._parts.clock(),
            started_at=self._parts.now(),
            body=self.body,
            caller=self._caller,
            asked_to_stream=self._asked_to_stream,
            shadow_of=self.id,
        )

    async def serve(self, request: Request, *, strip_logprobs: bool) -> None:
        """Relay the answer. Raises `UpstreamError` where the caller has seen nothing of it yet."""
        answer = self._parts.engine.ask(request)
        leaving = self._parts.leavings.watch(
            self._inbound.receive, lambda: answer.abort(CallerGone("the caller has left"))
        )
        try:
            await self._deliver(answer, strip_logprobs=strip_logprobs)
            self._ending = self._ended(answer)
        except (CallerGone, OSError, asyncio.CancelledError):
            self._ending = Ending.ABANDONED
            raise
        except UpstreamError as error:
            self._ending = Ending.FAILED if not 0 < answer.status < 400 else Ending.BROKEN
            await self._break_off(error)
        finally:
            leaving.cancel()
            answer.abort(CallerGone("the relay has ended"))
            self._record()

    async def serve_nobody(self, request: Request) -> None:
        """Take an answer in for the record alone. Raises `UpstreamError`."""
        answer = self._parts.engine.ask(request)
        delivery = self._delivery = self._delivery_of(answer)
        try:
            await answer.head()
            self._take_head(answer)
            await delivery.drain()
            self._ending = Ending.FAILED if answer.status >= 400 else Ending.COMPLETE
        except UpstreamError:
            self._ending = Ending.BROKEN if 0 < answer.status < 400 else Ending.FAILED
            raise
        except asyncio.CancelledError:
            self._ending = Ending.ABANDONED
            raise
        finally:
            answer.abort(CallerGone("the relay has ended"))
            self._record()

    def _delivery_of(self, answer: Answer) -> Delivery:
        return Delivery(self._inbound, answer, self._tee, self._parts.clock)

    def _ended(self, answer: Answer) -> Ending:
        if answer.status >= 400:
            return Ending.FAILED
        is_blocked = self._guarded is not None and self._guarded.blocked
        return Ending.BLOCKED if is_blocked else Ending.COMPLETE

    def _take_head(self, answer: Answer) -> list[Header]:
        headers = downward(answer.headers)
        self._status = answer.status
        self._streamed = is_stream(headers)
        return headers

    async def _deliver(self, answer: Answer, *, strip_logprobs: bool) -> None:
        inbound = self._inbound
        delivery = self._delivery = self._delivery_of(answer)
        if not answer.status:
            await answer.head()
        headers = self._take_head(answer)
        headers += self._own_headers()
        if self._guarded is not None and 200 <= answer.status < 300:
            await self._guarded.deliver(
                inbound, delivery, answer, headers, logprobs=not strip_logprobs
            )
        elif not strip_logprobs or answer.status != 200:
            await inbound.start(answer.status, headers)
            await delivery.relay()
        elif self._streamed:
            await inbound.start(answer.status, headers)
            await delivery.relay_altered(StreamStripping())
        else:
            await self._deliver_stripped(answer, delivery, headers)

    async def _deliver_stripped(
        self, answer: Answer, delivery: Delivery, headers: list[Header]
    ) -> None:
        """Send a whole answer without log-probabilities; one that is too long goes on as it is."""
        inbound = self._inbound
        parts = await delivery.first(self._parts.tee_room.answer_bytes)
        if answer.exhausted:
            body = strip_whole(b"".join(parts))
            kept = [each for each in headers if each[0] != b"content-length"]
            await inbound.start(answer.status, [*kept, (b"content-length", b"%d" % len(body))])
            await inbound.write(body, more=False)
            return
        await inbound.start(answer.status, headers)
        while parts:
            await inbound.write(parts.pop(0), more=True)
        await delivery.relay()

    def _own_headers(self) -> list[Header]:
        version = self.version
        digest = "base" if version is None else version.partition("@")[2] or version
        return [
            (b"x-request-id", self._inbound.request_id.encode()),
            (b"x-adapter-digest", digest.encode()),
        ]

    async def _break_off(self, error: UpstreamError) -> None:
        """Tell the caller what has happened, as far as he can still be told.

        A whole answer that has begun is left without its end, which closes the connection: nobody
        shall take it for a complete one.
        """
        if not self._inbound.status:
            raise error
        self._parts.counters.refusals[failure(error).status.code] += 1
        if self._streamed and self._delivery is not None:
            await self._delivery.break_off(error)

    def _record(self) -> None:
        """Hand the exchange over, if it says something about a version in live traffic."""
        parts, delivery, route = self._parts, self._delivery, self.route
        latency = parts.clock() - self._started
        begun = (
            None
            if delivery is None or delivery.begun_at is None
            else delivery.begun_at - self._started
        )
        cut = self._tee.cut
        response = self._tee.close()
        if route.explicit:
            return
        if self._shadow_of is None:
            self._count(latency, begun)
        relayed = Relayed(
            id=self.id,
            dialect=self._dialect,
            deployment=route.deployment,
            adapter=self.version,
            epoch=route.epoch,
            started_at=self._started_at,
            first_byte_s=begun,
            latency_s=latency,
            status=self._status,
            ending=self._ending,
            streamed=self._streamed,
            request=self.body,
            response=response,
            cut=cut,
            caller=self._caller,
            request_id=self._inbound.request_id,
            shadow_of=self._shadow_of,
            guarded={} if self._guarded is None else self._guarded.guarded,
            dealt=self._dealt,
        )
        if not parts.handover.offer(relayed):
            parts.counters.dropped += 1

    def _count(self, latency: float, begun: float | None) -> None:
        series = self._parts.counters.series(self.route.deployment, self.version)
        series.endings[self._ending.value] += 1
        series.response_bytes += self._delivery.size if self._delivery else 0
        series.latency.observe(latency)
        if begun is not None:
            series.first_byte.observe(begun)
