"""Loops that do not end."""

from __future__ import annotations

import asyncio

from monitor.runtime.loops import keep_running
from monitor.runtime.troubles import Troubles


async def test_a_loop_that_fails_begins_anew_and_is_shown() -> None:
    """Whatever it raises, it runs again, and people see what happened."""
    troubles, again, runs = Troubles(), asyncio.Event(), []

    async def loop() -> None:
        runs.append(1)
        if len(runs) == 1:
            raise ZeroDivisionError("a defect")
        again.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(keep_running("control", loop, troubles, pause_s=0.0))
    await again.wait()
    assert "a defect" in troubles.states()["control"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()


def test_a_trouble_is_shown_for_a_minute() -> None:
    """One slip does not take a service out of the traffic for ever."""
    now = [0.0]
    troubles = Troubles(lambda: now[0])
    troubles.report("control", ZeroDivisionError("a defect"))
    now[0] = 59.0
    assert list(troubles.states()) == ["control"]
    now[0] = 61.0
    assert troubles.states() == {}
