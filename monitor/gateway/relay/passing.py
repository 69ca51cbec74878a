"""Passing requests through: to the engine without a record, and to the operators' surfaces."""

from __future__ import annotations

import msgspec

from monitor.errors import Unavailable
from monitor.gateway.relay.asked import model_named
from monitor.gateway.relay.delivery import Delivery, is_stream
from monitor.gateway.relay.headers import downward, value_of
from monitor.gateway.relay.inbound import Inbound
from monitor.gateway.relay.outbound import EngineRequests, to_operators
from monitor.gateway.relay.parts import RelayParts
from monitor.gateway.relay.splice import set_fields
from monitor.gateway.relay.tee import Tee, TeeRoom
from monitor.gateway.upstream.errors import CallerGone, Unreachable, UpstreamError
from monitor.gateway.upstream.pool import Upstream
from monitor.gateway.upstream.request import Request
from monitor.runtime.routing import Route, unknown

_REPEATABLE = frozenset((b"/v1/embeddings",))  # a computation, as completions are
_encode = msgspec.json.Encoder().encode


class PassThrough:
    """Relays a path that the configuration allows; a deployment's name becomes its version's."""

    def __init__(self, parts: RelayParts, requests: EngineRequests, path: str) -> None:
        self._parts = parts
        self._requests = requests
        self._path = path.encode()

    async def handle(self, inbound: Inbound) -> None:
        """Answer one request. Raises `BackstopError`."""
        parts = self._parts
        parts.callers.admit_header(inbound.own.get(b"authorization"))
        parts.check_open()
        body = await inbound.body(parts.max_body_bytes)
        route = self._route(body, inbound)
        if route is not None:
            fields = parts.naming.fields(route.active)
            values = {name: _encode(value) for name, value in fields.items()}
            body = set_fields(body, values, present="model")
        request = self._request(inbound, body)
        if route is None:
            await relayed(parts.engine, request, inbound, parts)
            return
        with parts.flights.on(route):
            await relayed(parts.engine, request, inbound, parts)

    def _route(self, body: bytes, inbound: Inbound) -> Route | None:
        """Return the route of the deployment that a body names, if it is JSON and names one.

        Raises `Refusal` (400) for JSON that cannot be read here but perhaps by the engine, and
        `NotFound` for a version: only operators may name one, and none of them needs to here.
        """
        if not body or not _may_be_json(inbound):
            return None
        model = model_named(body)
        if model is None:
            return None
        table = self._parts.router.table
        if "@" in model and model not in table.routes:
            raise unknown(model, table.routes)
        return table.routes.get(model)

    def _request(self, inbound: Inbound, body: bytes) -> Request:
        method: str = inbound.scope["method"]
        return self._requests.request(
            method.encode(),
            self._path,
            inbound,
            body,
            inbound.request_id,
            repeatable=self._path in _REPEATABLE or method in ("GET", "HEAD"),
        )


def _may_be_json(inbound: Inbound) -> bool:
    """Whether the engine may read a body as JSON; without a type many servers do."""
    kind = value_of(inbound.scope["headers"], b"content-type").strip().lower()
    return not kind or b"json" in kind


class Operators:
    """Relays everything that operators ask for: dashboard, API, metrics, probes."""

    def __init__(self, parts: RelayParts) -> None:
        self._parts = parts

    async def handle(self, inbound: Inbound) -> None:
        """Answer one request. Raises `Unavailable`, `UpstreamError`, `Refusal`."""
        body = await inbound.body(self._parts.max_body_bytes)
        try:
            await relayed(self._parts.operators, to_operators(inbound, body), inbound, self._parts)
        except Unreachable as error:
            raise Unavailable(
                "what serves the dashboard and the API is away for a moment; callers are answered"
            ) from error


async def relayed(
    upstream: Upstream, request: Request, inbound: Inbound, parts: RelayParts
) -> None:
    """Relay an answer without a record.

    Raises `UpstreamError` where the caller has seen nothing of it yet.
    """
    answer = upstream.ask(request)
    leaving = parts.leavings.watch(
        inbound.receive, lambda: answer.abort(CallerGone("the caller has left"))
    )
    delivery = Delivery(inbound, answer, Tee(TeeRoom(answer_bytes=0)), parts.clock)
    streamed = False
    try:
        await answer.head()
        headers = downward(answer.headers)
        streamed = is_stream(headers)
        await inbound.start(
            answer.status, [*headers, (b"x-request-id", inbound.request_id.encode())]
        )
        await delivery.relay()
    except CallerGone:
        raise
    except UpstreamError as error:
        if not inbound.status:
            raise
        if streamed:
            await delivery.break_off(error)
    finally:
        leaving.cancel()
        answer.abort(CallerGone("the relay has ended"))
