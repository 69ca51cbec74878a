"""`/v1/models`: the deployments, and what serves them, from the routing table."""

from __future__ import annotations

from monitor.gateway.description import described
from monitor.gateway.relay.inbound import Inbound
from monitor.gateway.relay.parts import RelayParts
from monitor.runtime.routing import unknown

PATH = "/v1/models"


class Listing:
    """Answers with all deployments, or with the one that the path names."""

    def __init__(self, parts: RelayParts) -> None:
        self._parts = parts
        self._created = int(parts.now())

    async def handle(self, inbound: Inbound) -> None:
        """Answer one request. Raises `Unauthorized`, `NotFound`."""
        parts = self._parts
        parts.callers.admit_header(inbound.own.get(b"authorization"))
        routes = parts.router.table.routes
        path: str = inbound.scope["path"]
        name = path[len(PATH) + 1 :]
        if not name:
            every = [described(route, parts.base_model, self._created) for route in routes.values()]
            every.sort(key=lambda model: str(model["id"]))
            await inbound.answer(200, {"object": "list", "data": every})
        elif name in routes:
            await inbound.answer(200, described(routes[name], parts.base_model, self._created))
        else:
            raise unknown(name, routes)
