"""The routes of the data plane."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from monitor.gateway.completions import Completions
from monitor.gateway.dialects import Chat, Text
from monitor.gateway.endpoint import Endpoint, Handler
from monitor.gateway.feedback import FeedbackIntake
from monitor.gateway.gateway import Gateway
from monitor.gateway.models import Models


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Return the routes of `/v1`, each a plain ASGI application: no middleware in between."""

    def route(path: str, method: str, handler: Handler) -> BaseRoute:
        return Route(path, Endpoint(handler, gateway.counters.refused), methods=[method])

    models = Models(gateway)
    return [
        route("/v1/chat/completions", "POST", Completions(gateway, Chat())),
        route("/v1/completions", "POST", Completions(gateway, Text())),
        route("/v1/models", "GET", models),
        route("/v1/models/{model:path}", "GET", models),
        route("/v1/feedback", "POST", FeedbackIntake(gateway)),
    ]
