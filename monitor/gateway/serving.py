"""Serving an ASGI application on a socket: uvicorn without what the relay has no use for."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn

from monitor.gateway.corked import CorkedProtocol
from monitor.gateway.relay.app import RelayApp

# Longer than clients and load balancers keep a connection that nobody uses (mostly 5 to 60 s): who
# closes first closes on a request that is on its way, and most clients do not send a POST again.
KEEP_ALIVE_S = 75

_AFTERWARDS_S = 1  # for answers that were cut by the limit of a drain


class Serving(uvicorn.Server):
    """A server that is told when to end, and leaves signals to its process.

    uvicorn's own log is off: it holds what callers do wrong, and answers that break off on purpose.
    Defects are logged by the application.
    """

    def __init__(self, app: RelayApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=CorkedProtocol,
                loop="uvloop",
                ws="none",
                proxy_headers=False,
                lifespan="off",
                access_log=False,
                server_header=False,
                date_header=False,
                log_config=None,
                log_level="critical",
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=_AFTERWARDS_S,
            )
        )
        self.app = app
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: the process that serves decides what they mean."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        self.ready.set()

    async def drain(self, limit_s: float) -> bool:
        """Refuse what is new, wait for what is under way, and end.

        Returns whether everything has finished within `limit_s` seconds; the rest is cut.
        """
        parts = self.app.parts
        parts.draining = True
        try:
            async with asyncio.timeout(limit_s):
                while parts.counters.in_flight:
                    self.app.empty.clear()
                    await self.app.empty.wait()
        except TimeoutError:
            return False
        finally:
            await self.app.shadows.stop()
            self.should_exit = True
        return True


async def serve(server: Serving, listener: socket.socket) -> None:
    """Serve until the server is told to end; then close the connections to both upstreams."""
    try:
        await server.serve(sockets=[listener])
    finally:
        server.app.parts.engine.close()
        server.app.parts.operators.close()
