"""The limit within which the process ends, once it was asked to."""

from __future__ import annotations

import os
import threading

import structlog

log = structlog.get_logger(__name__)


class Deadline:
    """Ends the process by force if an orderly end takes longer than `limit_s` seconds.

    A thread that hangs in the database or the engine cannot be cancelled, and asyncio waits
    minutes for it. What was recorded is safe; an embedded database that is left behind is adopted
    by the next start.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._timer = threading.Timer(limit_s, self._force)
        self._timer.daemon = True

    def begin(self) -> None:
        """Count from now on; a second call changes nothing."""
        if self._timer.ident is None:
            self._timer.start()

    def cancel(self) -> None:
        """Take the limit back: the end was orderly."""
        self._timer.cancel()

    def _force(self) -> None:
        log.error("the end takes too long and is forced", limit_s=self._limit_s)
        os._exit(1)
