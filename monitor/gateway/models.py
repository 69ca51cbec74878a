"""`/v1/models`: the deployments, and what serves them."""

from __future__ import annotations

from typing import Any

from monitor.gateway.description import described
from monitor.gateway.gateway import Gateway
from monitor.gateway.http import Call
from monitor.runtime.routing import Route, unknown


class Models:
    """Answers with all deployments, or with the one that the path names."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._created = int(gateway.now().timestamp())

    async def handle(self, call: Call) -> None:
        """Answer one request. Raises `Unauthorized`, `NotFound`."""
        self._gateway.callers.admit(call.authorization)
        routes = self._gateway.router.table.routes
        name = call.path_params.get("model")
        if name is None:
            listed = [self._described(route) for _, route in sorted(routes.items())]
            await call.answer(200, {"object": "list", "data": listed})
        elif name in routes:
            await call.answer(200, self._described(routes[name]))
        else:
            raise unknown(name, routes)

    def _described(self, route: Route) -> dict[str, Any]:
        return described(route, self._gateway.base_model, self._created)
