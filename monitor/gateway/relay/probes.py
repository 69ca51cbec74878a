"""Liveness and readiness: the first of this process, the second of the whole service."""

from __future__ import annotations

from monitor.errors import Unavailable
from monitor.gateway.relay.inbound import Inbound
from monitor.gateway.relay.parts import RelayParts
from monitor.gateway.relay.passing import Operators
from monitor.gateway.upstream.errors import CallerGone, UpstreamError


class Liveness:
    """Answers without looking at anything else."""

    async def handle(self, inbound: Inbound) -> None:
        """Answer one request."""
        await inbound.answer(200, {"status": "ok"})


class Readiness:
    """Answers for the whole service, and by itself while it is about to end."""

    def __init__(self, parts: RelayParts, operators: Operators) -> None:
        self._parts = parts
        self._operators = operators

    async def handle(self, inbound: Inbound) -> None:
        """Answer one request."""
        if self._parts.draining:
            await inbound.answer(503, {"status": "draining"})
            return
        try:
            await self._operators.handle(inbound)
        except CallerGone:
            raise
        except (UpstreamError, Unavailable) as error:
            away = {"status": "unavailable", "components": {"control": str(error)}}
            await inbound.answer(503, away)
