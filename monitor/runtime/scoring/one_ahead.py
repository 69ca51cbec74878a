"""Work in the background, one piece after the other, while the next piece is made ready."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

Work = Callable[[], Coroutine[Any, Any, None]]


class OneAhead:
    """Runs one piece of work at a time; whoever brings the next waits until that one is through."""

    def __init__(self) -> None:
        self._running: asyncio.Task[None] | None = None

    async def begin(self, work: Work) -> None:
        """Begin a piece once the one before is through.

        Raises what the one before raised; the new one has begun all the same.
        """
        failure: Exception | None = None
        try:
            await self.through()
        except Exception as error:
            failure = error
        self._running = asyncio.create_task(work())
        if failure is not None:
            raise failure

    async def through(self) -> None:
        """Return when nothing runs. Raises what the last piece raised."""
        running, self._running = self._running, None
        if running is not None:
            await running

    def cancel(self) -> None:
        """Cancel what runs."""
        if self._running is not None:
            self._running.cancel()
