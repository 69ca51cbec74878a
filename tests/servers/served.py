"""A server on loopback that can be stopped and started anew, at the same address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

import msgspec
from aiohttp import web

_GRACE_S = 0.1


class Served:
    """What the servers of all kinds share. A subclass names its routes.

    Attributes:
        adapters: name → path, in the order they were loaded.
        left: set once a caller has gone before the end of an answer.
        hold: while it is cleared, answers stop after their first word.
        silent: whether answers do not even begin.
        away: a status and a body with which everything is answered, or `None`.
    """

    def __init__(self) -> None:
        self.adapters: dict[str, str] = {}
        self.key: str | None = None
        self.away: tuple[int, Mapping[str, Any]] | None = None
        self.bodies: list[Mapping[str, Any]] = []
        self.left = asyncio.Event()
        self.hold = asyncio.Event()
        self.hold.set()
        self.silent = False
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def routes(self) -> list[web.RouteDef]:
        """Return what it answers."""
        raise NotImplementedError

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Listen until the end of the block."""
        await self.start()
        try:
            yield self
        finally:
            await self.stop()

    async def start(self) -> None:
        """Begin to listen."""

        @web.middleware
        async def guard(request: web.Request, handler: Any) -> web.StreamResponse:
            return self._refusal(request) or await handler(request)

        app = web.Application(middlewares=[guard])
        app.add_routes(self.routes())
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=_GRACE_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening; nobody answers there then."""
        self.hold.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def restart(self) -> None:
        """Come back empty, as a process that was killed and started anew."""
        await self.stop()
        self.adapters.clear()
        await self.start()

    async def body(self, request: web.Request) -> Mapping[str, Any]:
        """Return a request's JSON, and keep it."""
        content: Mapping[str, Any] = await request.json()
        self.bodies.append(content)
        return content

    async def stream(self, request: web.Request, events: list[object]) -> web.StreamResponse:
        """Send server-sent events; see who leaves."""
        if self.silent:
            self.hold.clear()
            await self.hold.wait()
        response = web.StreamResponse(headers={"content-type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        try:
            for event in events:
                data = event if isinstance(event, bytes) else msgspec.json.encode(event)
                await response.write(b"data: " + data + b"\n\n")
                await self.hold.wait()
        except (asyncio.CancelledError, ConnectionError):
            self.left.set()
            raise
        return response

    def _refusal(self, request: web.Request) -> web.Response | None:
        if self.away is not None:
            return web.json_response(self.away[1], status=self.away[0])
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            return web.json_response({"error": "Unauthorized"}, status=401)
        return None
