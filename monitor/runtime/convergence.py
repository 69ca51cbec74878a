"""Brings this replica's routes to what Postgres says, and tells Postgres so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from monitor.ports.deployments import Acknowledgements, Deployments
from monitor.runtime.routing import Router, route_of
from rollback.deployment import Deployment


class Convergence:
    """Every replica's half of a flip: swap the table, acknowledge the epoch."""

    def __init__(
        self,
        deployments: Deployments,
        acknowledgements: Acknowledgements,
        router: Router,
        replica: str,
    ) -> None:
        self._deployments = deployments
        self._acknowledgements = acknowledgements
        self._router = router
        self._replica = replica
        self._turn = asyncio.Lock()

    async def converge(self) -> Sequence[Deployment]:
        """Route by what is stored now; return the deployments. Raises `Unavailable`."""
        deployments = await asyncio.to_thread(self._deployments.all)
        self.route(*deployments)
        await self.acknowledge()
        return deployments

    def route(self, *deployments: Deployment) -> None:
        """Swap the routes at once; an older epoch than the present one changes nothing."""
        for deployment in deployments:
            self._router.swap(route_of(deployment))

    async def acknowledge(self) -> None:
        """Record which epochs this replica routes by.

        One at a time, so that an older acknowledgement never comes after a newer one.
        """
        async with self._turn:
            await asyncio.to_thread(
                self._acknowledgements.acknowledge,
                self._replica,
                self._router.epochs(),
                datetime.now(UTC),
            )
