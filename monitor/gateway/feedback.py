"""`/v1/feedback`: what a user thinks of an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from monitor.gateway import fields
from monitor.gateway.callers import Tokens
from monitor.gateway.http import Call
from monitor.gateway.refusal import invalid
from monitor.gateway.request import parse_object

Feedback = Callable[[str, float, str | None], Awaitable[None]]


class FeedbackIntake:
    """Takes a score in [0, 1], and a comment if there is one, for the answer with an id.

    Args:
        feedback: takes exchange id, score and comment; raises `NotFound`.
        max_body_bytes: a longer body is refused.
    """

    def __init__(self, callers: Tokens, feedback: Feedback, *, max_body_bytes: int) -> None:
        self._callers = callers
        self._feedback = feedback
        self._max_body_bytes = max_body_bytes

    async def handle(self, call: Call) -> None:
        """Answer one request. Raises `Unauthorized`, `Refusal`, `NotFound`."""
        self._callers.admit(call.authorization)
        body = parse_object(await call.body(self._max_body_bytes))
        if body.get("score") is None:
            raise invalid("score is missing: a number between 0 (useless) and 1 (perfect)", "score")
        exchange_id = fields.text(body, "id")
        score = fields.number(body, "score", low=0.0, high=1.0, default=0.0)
        comment = None if body.get("comment") is None else fields.text(body, "comment")
        await self._feedback(exchange_id, score, comment)
        await call.answer(200, {"id": exchange_id, "object": "feedback", "score": score})
