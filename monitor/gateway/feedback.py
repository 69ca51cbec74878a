"""`/v1/feedback`: what a user thinks of an answer."""

from __future__ import annotations

from monitor.gateway import fields
from monitor.gateway.gateway import Gateway
from monitor.gateway.http import Call
from monitor.gateway.refusal import invalid
from monitor.gateway.request import parse_object


class FeedbackIntake:
    """Takes a score in [0, 1], and a comment if there is one, for the answer with an id."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def handle(self, call: Call) -> None:
        """Answer one request. Raises `Unauthorized`, `Refusal`, `NotFound`."""
        self._gateway.callers.admit(call.authorization)
        body = parse_object(await call.body(self._gateway.max_body_bytes))
        if body.get("score") is None:
            raise invalid("score is missing: a number between 0 (useless) and 1 (perfect)", "score")
        exchange_id = fields.text(body, "id")
        score = fields.number(body, "score", low=0.0, high=1.0, default=0.0)
        comment = None if body.get("comment") is None else fields.text(body, "comment")
        await self._gateway.feedback(exchange_id, score, comment)
        await call.answer(200, {"id": exchange_id, "object": "feedback", "score": score})
