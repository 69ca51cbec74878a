"""Answers in flight: which routes are still being answered by."""

from __future__ import annotations

import asyncio
from types import TracebackType

from monitor.runtime.routing import Route

_Key = tuple[str, int]


class Flights:
    """Counts answers by deployment and epoch, on one event loop.

    Every request passes here twice, so that counting costs no more than adding.
    """

    def __init__(self) -> None:
        self._flying: dict[_Key, int] = {}
        self._landing: set[asyncio.Future[None]] = set()

    def on(self, route: Route) -> Flight:
        """Count an answer from here to the end of the block."""
        return Flight(self, (route.deployment, route.epoch))

    async def landed(self, deployment: str, epoch: int, limit_s: float) -> bool:
        """Wait until no answer of this epoch or an older one is under way.

        Returns False if there still is one after `limit_s` seconds.
        """
        try:
            async with asyncio.timeout(limit_s):
                while any(name == deployment and e <= epoch for name, e in self._flying):
                    await self._next_landing()
        except TimeoutError:
            return False
        return True

    def start(self, key: _Key) -> None:
        """Count one more."""
        self._flying[key] = self._flying.get(key, 0) + 1

    def end(self, key: _Key) -> None:
        """Count one less, and tell who waits when it was the last."""
        left = self._flying[key] - 1
        if left:
            self._flying[key] = left
            return
        del self._flying[key]
        for waiter in self._landing:
            if not waiter.done():
                waiter.set_result(None)

    async def _next_landing(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._landing.add(waiter)
        try:
            await waiter
        finally:
            self._landing.discard(waiter)


class Flight:
    """One answer under way: a context manager."""

    __slots__ = ("_flights", "_key")

    def __init__(self, flights: Flights, key: _Key) -> None:
        self._flights = flights
        self._key = key

    def __enter__(self) -> None:
        """Begin."""
        self._flights.start(self._key)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End, however it went."""
        self._flights.end(self._key)
