"""Brings this replica's routes to what Postgres says, and tells Postgres so."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from monitor.ports.deployments import Acknowledgements, Deployments
from monitor.runtime.routing import Router, RoutingTable, route_of
from rollback.deployment import Deployment

_FOLLOW_LIMIT_S = 0.5  # whoever needs longer is seen at the next tick


class Followers(Protocol):
    """Those on this host who route by the table."""

    def publish(self, table: RoutingTable) -> None:
        """Have them route by a table; the same one again changes nothing."""

    async def followed(self, limit_s: float) -> bool:
        """Wait until they all do; False if the limit passes."""

    def epochs(self) -> Mapping[str, int]:
        """Return the oldest epoch that any of them may still route by, per deployment."""


class OwnProcess:
    """The only follower is this process, which shares the router. Implements `Followers`."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def publish(self, table: RoutingTable) -> None:
        """Do nothing: the table is in force by being the router's."""

    async def followed(self, limit_s: float) -> bool:
        """Return at once."""
        return True

    def epochs(self) -> Mapping[str, int]:
        """Return the router's."""
        return self._router.epochs()


class Convergence:
    """Every replica's half of a flip: swap the table, acknowledge the epoch."""

    def __init__(
        self,
        deployments: Deployments,
        acknowledgements: Acknowledgements,
        router: Router,
        followers: Followers,
        replica: str,
    ) -> None:
        self._deployments = deployments
        self._acknowledgements = acknowledgements
        self._router = router
        self._followers = followers
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
        self._followers.publish(self._router.table)

    def overrule(self, deployment: Deployment) -> None:
        """Route a deployment as Postgres says, also where that is no newer than what was thought."""
        others = (
            route for name, route in self._router.table.routes.items() if name != deployment.name
        )
        self._router.replace([*others, route_of(deployment)])
        self._followers.publish(self._router.table)

    async def acknowledge(self) -> None:
        """Record which epochs this replica routes by, as soon as everybody on this host follows.

        One at a time, so that an older acknowledgement never comes after a newer one.
        """
        await self._followers.followed(_FOLLOW_LIMIT_S)
        async with self._turn:
            await asyncio.to_thread(
                self._acknowledgements.acknowledge,
                self._replica,
                self._followers.epochs(),
                datetime.now(UTC),
            )
