"""A real uvicorn around the gateway's routes, on loopback, for tests."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from guards.exchange import Exchange
from monitor.errors import NotFound
from monitor.gateway.app import routes
from monitor.gateway.callers import Tokens, token_hash
from monitor.gateway.counters import Counters
from monitor.gateway.gateway import Gateway
from monitor.ports.engine import Engine
from monitor.ports.handover import Reported
from monitor.runtime.flights import Flights
from monitor.runtime.handover_queue import HandoverQueue
from monitor.runtime.routing import Route, Router

CALLER, OPERATOR = "caller-token", "operator-token"
VERSION = "support@3f9a2c1d7b04"


@dataclass
class FeedbackBook:
    """Remembers scores of known answers."""

    known: set[str] = field(default_factory=set)
    scores: list[tuple[str, float, str | None]] = field(default_factory=list)

    async def add(self, exchange_id: str, score: float, comment: str | None) -> None:
        """Take a score. Raises `NotFound` for an unknown answer."""
        if exchange_id not in self.known:
            raise NotFound(f"there is no answer {exchange_id}")
        self.scores.append((exchange_id, score, comment))


@dataclass
class Served:
    """A gateway behind a real server."""

    gateway: Gateway
    feedback: FeedbackBook
    handed: HandoverQueue
    port: int = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def exchanges(self) -> Sequence[Exchange]:
        """Return what was handed over, as soon as there is anything."""
        items = await self.handed.take(10, 5.0)
        return [item.exchange for item in items if isinstance(item, Reported)]


def make_gateway(engine: Engine, *, locked: bool = False, places: int = 16) -> Served:
    """Return a gateway with the deployments `support` and `plain` (the base model)."""
    router, handed, book = Router(), HandoverQueue(100), FeedbackBook()
    router.swap(Route(deployment="support", active=VERSION, epoch=3))
    router.swap(Route(deployment="plain", active=None, epoch=0))
    tokens = Tokens([token_hash(CALLER), token_hash(OPERATOR)] if locked else [])
    gateway = Gateway(
        engine=engine,
        router=router,
        handover=handed,
        counters=Counters(CollectorRegistry(), handed),
        flights=Flights(),
        feedback=book.add,
        base_model="tiny",
        callers=tokens,
        operators=Tokens([token_hash(OPERATOR)]),
        places=places,
    )
    return Served(gateway, book, handed)


class _Server(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self.ready.set()


@asynccontextmanager
async def running(served: Served) -> AsyncIterator[Served]:
    """Serve a gateway in this event loop."""
    app = FastAPI()
    app.router.routes.extend(routes(served.gateway))
    async with listening(app) as served.port:
        yield served


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncIterator[int]:
    """Serve an application in this event loop, on a free port of 127.0.0.1."""
    config = uvicorn.Config(app, lifespan="off", log_level="warning", ws="none")
    server = _Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        task = asyncio.ensure_future(server.serve(sockets=[listener]))
        await server.ready.wait()
        try:
            yield port
        finally:
            server.should_exit = True
            await task
