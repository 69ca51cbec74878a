"""Errands: work of seconds that the control loop starts and does not wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from monitor.errors import BackstopError, Unavailable
from monitor.runtime.troubles import Troubles

log = structlog.get_logger(__name__)

Work = Callable[[], Coroutine[Any, Any, None]]


class Errands:
    """Runs work beside the control loop, at most one piece of work under a key.

    Whatever is left undone is seen by the next tick, which starts it again; what hinders it is
    logged when it changes, not at every tick.
    """

    def __init__(self, troubles: Troubles) -> None:
        self._troubles = troubles
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._told: dict[str, str] = {}

    def runs(self, key: str) -> bool:
        """Whether the work under this key is under way."""
        return key in self._tasks

    def start(self, key: str, work: Work) -> None:
        """Start the work, unless it is under way; its errors are logged."""
        if key in self._tasks:
            return
        task = asyncio.create_task(self._do(key, work), name=key)
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key))

    async def done(self) -> None:
        """Return when nothing is under way."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def close(self) -> None:
        """End what is under way."""
        for task in self._tasks.values():
            task.cancel()
        await self.done()

    async def _do(self, key: str, work: Work) -> None:
        try:
            await work()
            self._told.pop(key, None)
        except BackstopError as error:
            self._tell(key, error)
        except Exception as error:
            self._troubles.report(key.partition(":")[0], error)

    def _tell(self, key: str, error: BackstopError) -> None:
        if self._told.get(key) == str(error):
            return
        self._told[key] = str(error)
        if isinstance(error, Unavailable):
            log.warning("errand waits", errand=key, error=str(error))
        else:
            log.error("errand failed", errand=key, error=str(error))
