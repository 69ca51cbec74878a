"""The relay as an ASGI application: which path is answered by whom."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from monitor.errors import BackstopError
from monitor.gateway.refusal import NOT_RELAYED, ONLY_GET, ONLY_POST, Refusal, failure
from monitor.gateway.relay import completions, listing
from monitor.gateway.relay.asgi import Receive, Scope, Send
from monitor.gateway.relay.completions import Completions
from monitor.gateway.relay.inbound import Inbound
from monitor.gateway.relay.listing import Listing
from monitor.gateway.relay.outbound import EngineRequests
from monitor.gateway.relay.parts import RelayParts
from monitor.gateway.relay.passing import Operators, PassThrough
from monitor.gateway.relay.probes import Liveness, Readiness
from monitor.gateway.relay.shadows import Shadows
from monitor.gateway.upstream.errors import CallerGone

log = structlog.get_logger(__name__)


class Handler(Protocol):
    """Answers one request, or raises an error that becomes the answer."""

    async def handle(self, inbound: Inbound) -> None:
        """Answer. Raises `BackstopError`."""


class RelayApp:
    """Answers every HTTP request of a gateway process.

    Completions and what the configuration allows are relayed to the engine, the rest of `/v1` is
    answered here or refused, and everything else belongs to the operators' surfaces.

    Attributes:
        empty: set whenever the last request of `/v1` ends.
    """

    def __init__(self, parts: RelayParts) -> None:
        self.parts = parts
        self.shadows = Shadows(parts)
        self.empty = asyncio.Event()
        requests = EngineRequests(parts.engine.address, parts.api_key)
        self._operators = Operators(parts)
        self._listing = Listing(parts)
        self._posted = {
            path: Completions(parts, requests, self.shadows, path) for path in completions.PATHS
        }
        self._handlers: dict[str, Handler] = {
            path: PassThrough(parts, requests, path) for path in parts.pass_through
        }
        self._handlers["/v1/feedback"] = self._operators  # it needs Postgres
        self._handlers["/healthz"] = Liveness()
        self._handlers["/readyz"] = Readiness(parts, self._operators)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and see to it that a defect is answered too."""
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        path: str = scope["path"]
        try:
            if path.startswith("/v1/"):
                await self._counted(path, scope, receive, send)
            else:
                await self._answer(path, Inbound(scope, receive, send))
        except (CallerGone, OSError):  # some servers raise the latter when the caller has left
            return

    async def _counted(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that a drain waits for: not a dashboard's, which stays open for long."""
        counters = self.parts.counters
        plugged = self.parts.handlers.get(path)
        counters.in_flight += 1
        try:
            if plugged is not None and scope["method"] == "POST":
                await plugged(scope, receive, send)
            else:
                await self._answer(path, Inbound(scope, receive, send))
        finally:
            counters.in_flight -= 1
            if not counters.in_flight:
                self.empty.set()

    async def _answer(self, path: str, inbound: Inbound) -> None:
        try:
            await self._handler(path, inbound).handle(inbound)
        except (CallerGone, OSError):
            raise
        except BackstopError as error:
            await self._refuse(inbound, error)
        except Exception as error:
            log.exception("a request has met a defect", request_id=inbound.request_id)
            await self._refuse(inbound, error)

    def _handler(self, path: str, inbound: Inbound) -> Handler:
        posted = self._posted.get(path)
        if posted is not None:
            if inbound.scope["method"] != "POST":
                raise Refusal(f"{path} takes POST only", ONLY_POST)
            return posted
        if path in self.parts.handlers:
            raise Refusal(f"{path} takes POST only", ONLY_POST)
        found = self._handlers.get(path)
        if found is not None:
            return found
        if path == listing.PATH or path.startswith(listing.PATH + "/"):
            if inbound.scope["method"] not in ("GET", "HEAD"):
                raise Refusal(f"{path} takes GET only", ONLY_GET)
            return self._listing
        if path == "/v1" or path.startswith("/v1/"):
            raise Refusal(
                f"{path} is not relayed; to allow it, name it in gateway.pass_through", NOT_RELAYED
            )
        return self._operators

    async def _refuse(self, inbound: Inbound, error: Exception) -> None:
        """Answer with the error; an answer that has begun is left without its end."""
        self.parts.counters.refusals[failure(error).status.code] += 1
        if not inbound.status:
            await inbound.refuse(error)
