"""The routes of the data plane in front of the local engine."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from monitor.gateway.completions import Completions
from monitor.gateway.dialects import Chat, Text
from monitor.gateway.endpoint import Endpoint, Handler
from monitor.gateway.exchanges import ExchangeIntake
from monitor.gateway.feedback import FeedbackIntake
from monitor.gateway.gateway import Gateway
from monitor.gateway.intake import Intake
from monitor.gateway.models import Models
from monitor.gateway.traces import TraceIntake


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Return the routes of `/v1`, each a plain ASGI application: no middleware in between."""

    def route(path: str, method: str, handler: Handler) -> BaseRoute:
        return Route(path, Endpoint(handler, gateway.counters.refused), methods=[method])

    models = Models(gateway)
    intake = Intake(router=gateway.router, handover=gateway.handover, reporters=gateway.operators)
    feedback = FeedbackIntake(
        gateway.callers, gateway.feedback, max_body_bytes=gateway.max_body_bytes
    )
    return [
        route("/v1/chat/completions", "POST", Completions(gateway, Chat())),
        route("/v1/completions", "POST", Completions(gateway, Text())),
        route("/v1/models", "GET", models),
        route("/v1/models/{model:path}", "GET", models),
        route("/v1/feedback", "POST", feedback),
        route("/v1/exchanges", "POST", ExchangeIntake(intake)),
        route("/v1/traces", "POST", TraceIntake(intake)),
    ]
