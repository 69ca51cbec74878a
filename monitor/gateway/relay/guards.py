"""Blocking guards as the relay sees them: it looks into no answer itself."""

from __future__ import annotations

from typing import Protocol

from guards.guarded import Guarded
from monitor.gateway.relay.delivery import Delivery
from monitor.gateway.relay.headers import Header
from monitor.gateway.relay.inbound import Inbound
from monitor.gateway.upstream.answer import Answer
from monitor.ports.handover import Dialect


class AnswerGuards(Protocol):
    """The blocking guards of one request's answer."""

    @property
    def blocked(self) -> bool:
        """Whether a choice was blocked."""

    @property
    def guarded(self) -> dict[int, Guarded]:
        """What was concluded, by the index of a choice."""

    async def deliver(
        self,
        inbound: Inbound,
        delivery: Delivery,
        answer: Answer,
        headers: list[Header],
        *,
        logprobs: bool,
    ) -> None:
        """Send head and body, as far as they are cleared. Raises `UpstreamError`.

        Args:
            logprobs: whether the caller may see log-probabilities.
        """


class BlockingGuards(Protocol):
    """The blocking guards of a deployment."""

    def of(self, dialect: Dialect, body: bytes) -> AnswerGuards:
        """Return what guards the answer to a request."""
