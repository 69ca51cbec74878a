"""Asks the base model its probes when something is wrong: it may have become another one."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from monitor.errors import BackstopError
from monitor.ports.engine import Engine
from monitor.ports.versions import Registry
from monitor.runtime import fingerprints
from monitor.runtime.errands import Errands

log = structlog.get_logger(__name__)

_FRESH = timedelta(minutes=2)
_LIMIT_S = 30.0
_ERRAND = "base probe"


class BaseProbe:
    """Remembers for a while whether the base model still answers as it did."""

    def __init__(
        self, engine: Engine, registry: Registry, engine_name: str, errands: Errands
    ) -> None:
        self._engine = engine
        self._registry = registry
        self._engine_name = engine_name
        self._errands = errands
        self._found: tuple[datetime, bool | None] | None = None

    def changed(self, now: datetime) -> bool | None:
        """Tell whether it answers otherwise, `None` while it is not known; asks if that is old."""
        if self._found is None or now - self._found[0] >= _FRESH:
            self._found = (now, None if self._found is None else self._found[1])
            self._errands.start(_ERRAND, lambda: self._ask(now))
        return self._found[1]

    async def _ask(self, now: datetime) -> None:
        expected = await asyncio.to_thread(self._registry.fingerprint, None, self._engine_name)
        if expected is None:
            return
        try:
            async with asyncio.timeout(_LIMIT_S):
                found = await fingerprints.take(self._engine, None)
        except (BackstopError, TimeoutError) as error:
            log.warning("the base model was not probed", error=str(error))
            self._found = (now, None)
            return
        self._found = (now, not fingerprints.same(expected, found))
