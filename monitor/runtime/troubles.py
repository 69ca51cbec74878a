"""Unexpected errors of the last minute, so that people see them where they look: at readiness."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

_SHOWN_S = 60.0  # long enough for a probe, short enough that one slip does not stop the traffic


class Troubles:
    """Remembers what failed, by part.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[str, tuple[float, str]] = {}

    def report(self, part: str, error: Exception) -> None:
        """Log an error with its traceback, and show it for a minute."""
        log.error("failed unexpectedly", part=part, error=str(error), exc_info=error)
        self._last[part] = (self._clock(), f"failed: {error!r}; it was started again")

    def states(self) -> dict[str, str]:
        """Return the parts that failed within the last minute, with what happened."""
        now = self._clock()
        return {part: said for part, (at, said) in list(self._last.items()) if now - at < _SHOWN_S}
