"""An intake behind a real server, and a basket for what it hands over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.routing import Route as HttpRoute

from guards.exchange import Exchange
from monitor.gateway.callers import Tokens, token_hash
from monitor.gateway.endpoint import Endpoint
from monitor.gateway.exchanges import ExchangeIntake
from monitor.gateway.intake import Intake
from monitor.gateway.traces import TraceIntake
from monitor.ports.handover import Handed, Handover, Reported
from monitor.runtime.routing import Route, Router
from tests.serving import CALLER, VERSION, listening

NOON = 1748779200.0


@dataclass
class Basket(Handover):
    """A hand-over that keeps what it gets, as long as there is room."""

    room: int = 10_000
    items: list[Handed] = field(default_factory=list)

    def offer(self, item: Handed) -> bool:
        """Take an item if there is room."""
        if len(self.items) >= self.room:
            return False
        self.items.append(item)
        return True

    async def settled(self) -> None:
        """Return at once: what is in the basket stays there."""

    @property
    def exchanges(self) -> list[Exchange]:
        """What was reported, in order."""
        return [item.exchange for item in self.items if isinstance(item, Reported)]


@dataclass
class Reporting:
    """A running intake."""

    basket: Basket
    traces: TraceIntake
    refused: list[int] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def reporting(
    *, locked: bool = False, max_body_bytes: int = 1 << 20, now: Callable[[], float] = lambda: NOON
) -> AsyncIterator[Reporting]:
    """Serve an intake with the deployments `support` (epoch 3) and `plain` (the base model)."""
    router, basket = Router(), Basket()
    router.swap(Route(deployment="support", active=VERSION, epoch=3))
    router.swap(Route(deployment="plain", active=None, epoch=1))
    intake = Intake(
        router=router,
        handover=basket,
        reporters=Tokens([token_hash(CALLER)] if locked else []),
        max_body_bytes=max_body_bytes,
        now=now,
    )
    served = Reporting(basket, TraceIntake(intake))
    handlers = {"/v1/exchanges": ExchangeIntake(intake), "/v1/traces": served.traces}
    app = Starlette(
        routes=[
            HttpRoute(path, Endpoint(handler, served.refused.append), methods=["POST"])
            for path, handler in handlers.items()
        ]
    )
    async with listening(app) as served.port:
        yield served
