"""The intake of exchanges, without a server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from monitor.gateway.exchanges import ExchangeIntake
from monitor.gateway.http import Call
from monitor.gateway.intake import Intake
from monitor.ports.handover import Handed, Handover
from monitor.runtime.routing import Route, Router


class _Sink(Handover):
    """Takes everything and keeps nothing."""

    def offer(self, item: Handed) -> bool:
        return True

    async def settled(self) -> None:
        """Return at once."""


def _call(body: bytes) -> Call:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        assert message["type"].startswith("http.response.")

    return Call({"type": "http", "headers": []}, receive, send)


async def test_a_large_report_leaves_room_for_others() -> None:
    """The event loop answers others after every fifty exchanges."""
    router = Router()
    router.swap(Route(deployment="support", active=None, epoch=1))
    intake = ExchangeIntake(Intake(router=router, handover=_Sink()))
    one = {"deployment": "support", "prompt": "a", "output": "b"}
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    await intake.handle(_call(json.dumps({"exchanges": [one] * 500}).encode()))
    beside.cancel()
    assert turns == 10
