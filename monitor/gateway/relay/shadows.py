"""Shadows: the baseline's answers to live prompts, which no caller sees."""

from __future__ import annotations

import asyncio

from monitor.gateway.relay.exchange import RelayedExchange
from monitor.gateway.relay.parts import RelayParts
from monitor.gateway.upstream.errors import UpstreamError
from monitor.gateway.upstream.request import Request


class Shadows:
    """Sends shadows beside the traffic: a bounded number at once, and never in a caller's place."""

    def __init__(self, parts: RelayParts) -> None:
        self._parts = parts
        self._under_way: set[asyncio.Task[None]] = set()

    def send(self, shadow: RelayedExchange, request: Request) -> None:
        """Ask in the background, or count a shadow that is skipped."""
        engine = self._parts.engine
        if (
            self._parts.draining
            or len(self._under_way) >= self._parts.most_shadows
            or 2 * engine.in_use >= engine.places
        ):
            self._parts.counters.shadows_skipped += 1
            return
        task = asyncio.get_running_loop().create_task(_asked(shadow, request))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def stop(self) -> None:
        """End the shadows that are under way."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _asked(shadow: RelayedExchange, request: Request) -> None:
    try:
        await shadow.serve_nobody(request)
    except UpstreamError:
        return  # the record says so
