"""Routing: which version answers for a deployment now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from monitor.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where requests for a name go.

    Args:
        active: version that serves, `family@digest`; `None` is the base model.
        epoch: of the deployment; the higher one is the newer one.
        explicit: whether the caller named the version itself. Only operators and probes may;
            such answers are no live traffic and are not judged.
    """

    deployment: str
    active: str | None
    epoch: int
    explicit: bool = False


@dataclass(frozen=True, slots=True)
class RoutingTable:
    """All routes at one moment; never changed, only replaced."""

    routes: Mapping[str, Route] = field(default_factory=lambda: MappingProxyType({}))

    def find(self, name: str) -> Route:
        """Return the route for a deployment, or for a version `family@digest` as such.

        Raises:
            NotFound: the name is neither; the message lists the known deployments.
        """
        route = self.routes.get(name)
        if route is not None:
            return route
        if "@" in name:
            return Route(deployment=name, active=name, epoch=0, explicit=True)
        raise unknown(name, self.routes)

    def replaced(self, route: Route) -> RoutingTable:
        """Return a table in which this route replaces the deployment's old one."""
        return RoutingTable(MappingProxyType({**self.routes, route.deployment: route}))

    def without(self, deployment: str) -> RoutingTable:
        """Return a table that no longer knows a deployment."""
        rest = {name: route for name, route in self.routes.items() if name != deployment}
        return RoutingTable(MappingProxyType(rest))


class Router:
    """The current table of this replica.

    A swap replaces one reference, so that on the event loop every request sees the table before
    it or the table after it and nothing in between.
    """

    def __init__(self, table: RoutingTable | None = None) -> None:
        self._table = table or RoutingTable()

    @property
    def table(self) -> RoutingTable:
        """The table as it is now; hold on to it for a consistent view."""
        return self._table

    def swap(self, route: Route) -> bool:
        """Route a deployment anew; return whether this route is in force now.

        A route whose epoch is older than the current one is refused, and so is another route of
        the same epoch: whoever sent it is late.
        """
        current = self._table.routes.get(route.deployment)
        if current is not None and route.epoch <= current.epoch:
            return route == current
        self._table = self._table.replaced(route)
        return True

    def remove(self, deployment: str) -> None:
        """Stop routing a deployment; do nothing if it is unknown."""
        self._table = self._table.without(deployment)

    def epochs(self) -> dict[str, int]:
        """Return the epoch by which each deployment is routed."""
        return {name: route.epoch for name, route in self._table.routes.items()}


def unknown(name: str, known: Mapping[str, Route]) -> NotFound:
    """Return the error for a name that no route has."""
    names = ", ".join(sorted(known)) or "none yet"
    return NotFound(f"there is no model {name!r}; known models: {names}")
