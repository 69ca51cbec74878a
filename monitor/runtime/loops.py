"""Loops that do not end: one that fails is reported and begins anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from monitor.runtime.troubles import Troubles

_PAUSE_S = 1.0

Loop = Callable[[], Coroutine[Any, Any, None]]


async def keep_running(
    name: str, loop: Loop, troubles: Troubles, *, pause_s: float = _PAUSE_S
) -> None:
    """Run a loop until cancelled, whatever it raises.

    A leader whose control loop had ended would go on to renew its lease, and nobody would decide.
    """
    while True:
        try:
            await loop()
        except Exception as error:
            troubles.report(name, error)
        await asyncio.sleep(pause_s)
