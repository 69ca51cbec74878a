"""Waiting for something to be so, where nothing signals it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(
    condition: Callable[[], bool], *, look_s: float = 0.0, limit_s: float = 20.0
) -> None:
    """Let the loop, and other threads and processes, run until something is so.

    Raises `TimeoutError` if it takes longer than the limit.
    """
    async with asyncio.timeout(limit_s):
        while True:
            if condition():
                return
            await asyncio.sleep(look_s)
