"""Routing: which version answers for a deployment now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from monitor.errors import NotFound
from rollback import dealing
from rollback.dealing import Dealt
from rollback.deployment import Deployment


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where requests for a name go.

    Args:
        active: version that serves, `family@digest`; `None` is the base model.
        epoch, revision: of the deployment; the higher pair is the newer one.
        candidate: version that answers `candidate_share` (in [0, 1]) of the callers.
        canary: id of the canary that deals callers to the candidate, if one runs.
        baseline: version that answers `shadow_rate` (in [0, 1]) of the prompts too, unseen.
        explicit: whether the caller named the version itself. Only operators and probes may;
            such answers are no live traffic and are not judged.
    """

    deployment: str
    active: str | None
    epoch: int
    revision: int = 0
    candidate: str | None = None
    candidate_share: float = 0.0
    canary: str | None = None
    baseline: str | None = None
    shadow_rate: float = 0.0
    explicit: bool = False

    @property
    def age(self) -> tuple[int, int]:
        """What tells a newer route from an older one."""
        return self.epoch, self.revision

    def version_for(self, caller_key: str) -> str | None:
        """Return the version that answers a caller: always the same one under one revision's share.

        A caller who is with the candidate stays there while the share grows.
        """
        if self.candidate is None or not is_within(
            self.candidate_share, f"{self.candidate} {caller_key}"
        ):
            return self.active
        return self.candidate

    def deal(self, key: str) -> Dealt | None:
        """Return the lot of who asks, where a canary runs; the same key always goes to one version."""
        if self.canary is None:
            return None
        return dealing.deal(self.canary, key, self.candidate_share)

    def shadows(self, drawn_by: str) -> bool:
        """Whether the baseline shall answer a prompt too; an id that no caller chooses decides."""
        return self.shadow_rate > 0.0 and is_within(self.shadow_rate, drawn_by)


def route_of(deployment: Deployment) -> Route:
    """Return where a deployment's requests go."""
    return Route(
        deployment=deployment.name,
        active=deployment.active,
        epoch=deployment.epoch,
        revision=deployment.revision,
        candidate=deployment.candidate,
        candidate_share=deployment.candidate_share,
        canary=deployment.canary,
        baseline=deployment.baseline,
        shadow_rate=deployment.shadow_rate,
    )


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

        A route that is older than the current one is refused, and so is another route of the same
        age: whoever sent it is late.
        """
        current = self._table.routes.get(route.deployment)
        if current is not None and route.age <= current.age:
            return route == current
        self._table = self._table.replaced(route)
        return True

    def replace(self, routes: Iterable[Route]) -> None:
        """Route by these alone, whatever was known: whoever sends them knows what is right.

        After a database was put back, that may be an older epoch.
        """
        self._table = RoutingTable(MappingProxyType({each.deployment: each for each in routes}))

    def epochs(self) -> dict[str, int]:
        """Return the epoch by which each deployment is routed."""
        return {name: route.epoch for name, route in self._table.routes.items()}


def is_within(share: float, key: str) -> bool:
    """Whether a key falls into a share, which its hash decides: BLAKE2b spreads keys evenly."""
    drawn = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest())
    return drawn < share * 2.0**64


def unknown(name: str, known: Mapping[str, Route]) -> NotFound:
    """Return the error for a name that no route has."""
    names = ", ".join(sorted(known)) or "none yet"
    return NotFound(f"there is no model {name!r}; known models: {names}")
