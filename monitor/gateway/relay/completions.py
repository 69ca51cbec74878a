"""Completions: route a request, relay the answer, hand the exchange over."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from monitor.gateway.relay.asked import Asked, first_question, parse
from monitor.gateway.relay.exchange import RelayedExchange
from monitor.gateway.relay.inbound import Inbound
from monitor.gateway.relay.outbound import EngineRequests
from monitor.gateway.relay.parts import RelayParts
from monitor.gateway.relay.shadows import Shadows
from monitor.gateway.relay.splice import set_fields
from monitor.ports.handover import Dialect
from monitor.runtime.routing import Route, unknown

PATHS: Mapping[str, Dialect] = {
    "/v1/chat/completions": Dialect.CHAT,
    "/v1/completions": Dialect.TEXT,
}
# With 1, not 0, also engines answer that take 0 for "none".
_LOGPROBS = {Dialect.CHAT: b"true", Dialect.TEXT: b"1"}
_AS_ASKED: Mapping[str, bytes] = {}
_AGAIN: Mapping[str, bytes] = {"temperature": b"0.7"}  # greedy answers are always the same
_encode = msgspec.json.Encoder().encode


class Completions:
    """Answers requests of one dialect.

    A request keeps the route it began with, so that no answer mixes two versions.
    """

    def __init__(
        self, parts: RelayParts, requests: EngineRequests, shadows: Shadows, path: str
    ) -> None:
        self._parts = parts
        self._requests = requests
        self._shadows = shadows
        self._path = path.encode()
        self._dialect = PATHS[path]

    async def handle(self, inbound: Inbound) -> None:
        """Answer one request. Raises `BackstopError`."""
        parts = self._parts
        started, started_at = parts.clock(), parts.now()
        caller = parts.callers.admit_header(inbound.own.get(b"authorization"))
        parts.check_open()
        body = await inbound.body(parts.max_body_bytes)
        asked = parse(body)
        route = self._route(asked.model, inbound)
        version, dealt = route.active, None
        if route.canary is not None:
            dealt = route.deal(self._lot(asked, body, inbound))
            version = route.candidate if dealt and dealt.to_candidate else route.active
        elif route.candidate is not None:
            version = route.version_for(_key_of(asked, caller, inbound))
        guarding = parts.guards.get(route.deployment)
        exchange = RelayedExchange(
            parts,
            inbound,
            id=inbound.id,
            dialect=self._dialect,
            route=route,
            version=version,
            started=started,
            started_at=started_at,
            body=body,
            caller=caller,
            asked_to_stream=asked.stream is True,
            guarded=None if guarding is None else guarding.of(self._dialect, body),
            dealt="" if dealt is None else str(dealt),
        )
        await self._serve(exchange, inbound, extra=self._wants_logprobs(asked))

    async def _serve(self, exchange: RelayedExchange, inbound: Inbound, *, extra: bool) -> None:
        """Relay the answer; `extra` is whether log-probabilities are asked for by ourselves.

        Shadows are drawn by our own id: the caller chooses `request_id`.
        """
        route = exchange.route
        outgoing = self._outgoing(exchange.body, exchange.version, extra=extra)
        request = self._requests.request(b"POST", self._path, inbound, outgoing, inbound.request_id)
        with self._parts.flights.on(route):
            await exchange.serve(request, strip_logprobs=extra)
        if not exchange.succeeded or route.explicit:
            return
        if self._is_shadowed(route, exchange.version, inbound.id):
            self._shadow(exchange, inbound, route.baseline, extra=extra)
        if self._parts.resamples(route.deployment, inbound.id):
            self._shadow(exchange, inbound, exchange.version, _AGAIN, extra=extra)

    def _is_shadowed(self, route: Route, version: str | None, drawn_by: str) -> bool:
        """Whether the baseline answers too: beside the active version, within what is allowed."""
        if version != route.active or version == route.baseline or not route.shadows(drawn_by):
            return False
        allowance = self._parts.shadow_allowances.get(route.deployment)
        if allowance is None or allowance.take(self._parts.now()):
            return True
        self._parts.counters.shadows_skipped += 1
        return False

    def _lot(self, asked: Asked, body: bytes, inbound: Inbound) -> str:
        """Return what a canary deals by: the caller's `user`, else the conversation, else chance.

        A token is no caller here: behind one stand all of an application's.
        """
        if isinstance(asked.user, str) and asked.user:
            return f"user {asked.user}"
        opening = first_question(body) if self._dialect is Dialect.CHAT else None
        return f"request {inbound.id}" if opening is None else f"conversation {opening}"

    def _route(self, model: str, inbound: Inbound) -> Route:
        """Find the route. Only operators may name a version; to others it does not exist."""
        table = self._parts.router.table
        route = table.find(model)
        if route.explicit:
            token = inbound.own.get(b"authorization", b"").decode("latin-1")
            if self._parts.operator_tokens.recognise(token) is None:
                raise unknown(model, table.routes)
        return route

    def _wants_logprobs(self, asked: Asked) -> bool:
        """Whether log-probabilities are asked for on our own account."""
        if not self._parts.logprobs:
            return False
        return asked.logprobs is None or asked.logprobs is False

    def _outgoing(
        self,
        body: bytes,
        version: str | None,
        others: Mapping[str, bytes] = _AS_ASKED,
        *,
        extra: bool,
    ) -> bytes:
        fields = {
            name: _encode(value) for name, value in self._parts.naming.fields(version).items()
        }
        fields.update(others)
        if extra:
            fields["logprobs"] = _LOGPROBS[self._dialect]
        return set_fields(body, fields, present="model")

    def _shadow(
        self,
        exchange: RelayedExchange,
        inbound: Inbound,
        version: str | None,
        others: Mapping[str, bytes] = _AS_ASKED,
        *,
        extra: bool,
    ) -> None:
        """Let a version answer the same prompt, unseen.

        Args:
            others: fields of the request that are changed.
        """
        shadow = exchange.shadowed_by(version)
        body = self._outgoing(exchange.body, version, others, extra=extra)
        request = self._requests.request(b"POST", self._path, inbound, body, shadow.id)
        self._shadows.send(shadow, request)


def _key_of(asked: Asked, caller: str | None, inbound: Inbound) -> str:
    """Return what keeps a caller with one version: its `user`, else its token, else its address."""
    return asked.user if isinstance(asked.user, str) else caller or inbound.client
