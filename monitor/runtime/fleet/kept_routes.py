"""Publishes routes to the processes of this host, and keeps them on disk for those that start later."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from monitor.runtime.fleet import last_routes
from monitor.runtime.fleet.hub import Hub
from monitor.runtime.routing import RoutingTable


class KeptRoutes:
    """Implements `convergence.Followers` over a hub. Routes are in force first and on disk then."""

    def __init__(self, hub: Hub, path: Path) -> None:
        self._hub = hub
        self._path = path
        self._table = RoutingTable()
        self._changed = asyncio.Event()

    def publish(self, table: RoutingTable) -> None:
        """Send a table out, unless it is the one that was sent last."""
        if table == self._table:
            return
        self._table = table
        self._hub.publish(table)
        self._changed.set()

    async def followed(self, limit_s: float) -> bool:
        """Wait until every process routes by the table; False if the limit passes."""
        return await self._hub.followed(limit_s)

    def epochs(self) -> Mapping[str, int]:
        """Return the oldest epochs that may still be routed by."""
        return self._hub.epochs()

    async def run(self) -> None:
        """Keep what was published last on disk, until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            await asyncio.to_thread(last_routes.save, self._path, self._table)
